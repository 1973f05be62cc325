"""Count the principal components that each task's embeddings need."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.imagesets import read_images
from peftdiff.records import labelled, read_arrays, replacing, write_table, write_text
from peftdiff.runs import read_models
from peftdiff.runtime import job, logger, named, resolve_setting, use_threads
from peftdiff.stages import embed_by_cnn
from peftdiff.studies.complexity import CNN, measure_complexity
from peftdiff.studies.complexity_page import complexity_page
from peftdiff.tasks import TASKS


def main(
    given: dict[str, Any],
    made: dict[str, str],
    *,
    experiment: str,
    tasks: list[str],
    architecture: Any,
    embedding: dict[str, Any],
    normalization: dict[str, float],
    device: tuple[str, str],
) -> None:
    """Write the components of each model, their curves, and the page about them."""
    use_threads(1)
    (cnn,) = read_models(given["cnn"]).values()
    how = {"setting": resolve_setting(*device), "batch_size": embedding["batch_size"]}
    parts, curves = [], {}
    paths = zip(tasks, given["embeddings"], given["images"], strict=True)
    for task, features_path, images_path in paths:
        logger.info("embedding %s through the CNN", task)
        features = read_arrays(features_path)
        count = len(features.pop("labels"))
        images = read_images(images_path, embedding["split"], normalization)
        same = replace(images, pixels=images.pixels[:count])
        features[CNN] = embed_by_cnn(architecture, cnn.weights, same, **how)
        table, shares = measure_complexity(features)
        names = {"experiment": experiment, "task": task, "group": TASKS[task].group}
        parts.append(labelled(table, **names))
        curves |= {f"{task}/{m}": each.astype("f4") for m, each in shares.items()}
    complexity = pd.concat(parts, ignore_index=True)
    write_table(made["table"], complexity)
    with replacing(made["curves"]) as temporary:
        np.savez_compressed(temporary, **curves)
    words = architecture if isinstance(architecture, str) else "a small ResNet"
    write_text(made["page"], complexity_page(complexity, words))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            dict(snakemake.output.items()),
            **named(snakemake.params),
        )
