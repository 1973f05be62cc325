"""Source training: a method is trained on the source, the backbone frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from peftdiff.models.device import Setting
from peftdiff.records import Tensors
from peftdiff.stages.fitting import arrays_of, fit_with_new_head
from peftdiff.stages.plan import Plan
from peftdiff.stages.starting import start_plan
from peftdiff.stages.store import Checkpoint, Run, RunStore
from peftdiff.training.recipe import Recipe

if TYPE_CHECKING:
    from peftdiff.data.images import Images

Config = Mapping[str, Any]


def train_method(
    plan: Plan,
    *,
    store: RunStore,
    images: Images,
    architecture: Config,
    backbone: Tensors,
    workers: int = 0,
) -> Run:
    """Train a method on the source, backbone frozen; keep its weights, not the head.

    The result holds train_seconds. `workers` processes augment the images, if the
    recipe says so.
    """
    from peftdiff.methods import method_state

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = start_plan(plan, architecture, backbone)
        seconds = fit_with_new_head(model, plan, images, checkpoint, workers)
        return {"train_seconds": seconds}, arrays_of(method_state(model))

    return store.ensure(plan, train)


def source_times(
    store: RunStore, trained: Mapping[str, Mapping[int, Run]]
) -> pd.DataFrame:
    """Return the seconds of each method's source training, as the run store has them.

    Returns
    -------
    DataFrame
        Columns model, seed, seconds (empty where the run is gone), device.
    """
    rows = []
    for method, runs in trained.items():
        for seed, run in runs.items():
            row: dict[str, Any] = {"model": method, "seed": seed}
            record = store.record(run.key)
            if record is not None:
                row["seconds"] = record["result"]["train_seconds"]
                row["device"] = record["identity"]["setting"]["device"]
            rows.append(row)
    columns = ["model", "seed", "seconds", "device"]
    return pd.DataFrame(rows).reindex(columns=columns)


def source_plans(
    method: str,
    *,
    backbone: str,
    hyperparameters: Config,
    recipe: Recipe,
    seeds: Iterable[int],
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of a method's source training, one for each seed.

    `backbone` is the key of the run that all start from.
    """
    return [
        Plan(
            stage="train_method",
            start=backbone,
            method=method,
            hyperparameters=hyperparameters,
            recipe=recipe,
            data=data,
            seed=seed,
            setting=setting,
        )
        for seed in seeds
    ]
