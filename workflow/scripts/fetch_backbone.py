"""Fetch a backbone that was pre-trained elsewhere, from timm's hub or from a file."""

import json
from typing import Any

from peftdiff.models.device import use_threads
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import fetch_backbone
from peftdiff.stages.store import RunStore, write_models


def main(
    weights_path: str | None,
    path: str,
    *,
    architecture: dict[str, Any],
    store: str,
    retrain: bool,
) -> None:
    """Write the backbone's weights to `path`, with their checksum and their origin."""
    use_threads(1)
    runs = RunStore(store, retrain=retrain)
    run, origin = fetch_backbone(architecture, weights_path, store=runs)
    metadata = {"weights/checksum": origin["checksum"], "source": json.dumps(origin)}
    write_models(path, {0: run}, metadata)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.get("weights"),
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )
