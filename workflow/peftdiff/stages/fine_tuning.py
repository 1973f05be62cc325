"""Fine-tuning: what a task's accuracies are measured after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from peftdiff.methods import METHODS
from peftdiff.records import read_table
from peftdiff.runs import Checkpoint, Plan, Run, RunStore, Tensors
from peftdiff.stages.fitting import fit_with_new_head
from peftdiff.stages.starting import start_plan

if TYPE_CHECKING:
    from peftdiff.imagesets import Images

Config = Mapping[str, Any]


def fine_tune(
    store: RunStore,
    plan: Plan,
    train_images: Images,
    test_images: Images,
    architecture: Config,
    backbone: Tensors,
    weights: Tensors | None,
) -> Run:
    """Fine-tune a source-trained method on a task; the test images are read once.

    `weights` are the source-trained ones, None for a reference (linear, full) that
    starts from the backbone. The result holds accuracy (percent), epochs, train_seconds
    and trainable_parameters; the fine-tuned weights are not kept.
    """
    from peftdiff.methods import trainable_parameters
    from peftdiff.training import accuracy

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = start_plan(plan, architecture, backbone, weights)
        seconds = fit_with_new_head(model, plan, train_images, checkpoint)
        result = {
            "accuracy": accuracy(model, test_images, setting=plan.setting),
            "epochs": plan.recipe["epochs"],
            "train_seconds": seconds,
            "trainable_parameters": trainable_parameters(model),
        }
        return result, {}

    return store.ensure(plan, train)


def fine_tune_pool(
    store: RunStore,
    plans: Iterable[Plan],
    train_images: Images,
    test_images: Images,
    architecture: Config,
    backbone: Tensors,
    weights: Mapping[str, Tensors],
) -> pd.DataFrame:
    """Fine-tune by every plan; return a row of the ground truth for each.

    `weights` are the source-trained ones by the key of their run; a plan that starts
    from no such run starts from the backbone.
    """
    start = (architecture, backbone)
    rows = []
    for plan in plans:
        trained = weights.get(plan.start)
        run = fine_tune(store, plan, train_images, test_images, *start, trained)
        in_pool = METHODS[plan.method].in_pool
        row = {"method": plan.method, "in_pool": in_pool, "seed": plan.seed}
        chosen = {key: plan.recipe[key] for key in ("learning_rate", "weight_decay")}
        rows.append(row | run.result | chosen | {"device": plan.setting.device})
    return pd.DataFrame(rows)


def read_held_out(path: str) -> dict[str, list[float]]:
    """Return the held-out accuracies of each method's candidates, in their order."""
    rows = read_table(path).groupby("method")["accuracy"]
    return {str(method): list(accuracies) for method, accuracies in rows}
