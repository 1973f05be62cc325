"""Times: what scoring costs beside fine-tuning, as it was measured in the jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.embeddings import BACKBONE
from peftdiff.metrics import METRICS

EMBED, SCORE, FINE_TUNE, SOURCE = "embed", "score:", "fine_tune", "source_training"
TOTAL = "total"
NOT_RECORDED = "not recorded"
SCORING_DEVICE = "cpu"  # where all metrics are computed, wherever models run

KEYS = ["task", "model", "seed"]
NUMBERS = {"seed": "Int64", "n_images": "Int64", "epochs": "Int64"}
COLUMNS = (
    "experiment",
    "task",
    "group",
    "stage",
    "seconds",
    "device",
    "model",
    "seed",
    "n_images",
    "epochs",
    "note",
)
TIMES = (
    "experiment",
    "metric",
    "group",
    "n_tasks",
    "embedding_minutes",
    "metric_minutes",
    "scoring_minutes",
    "fine_tuning_minutes",
    "scored_seeds",
    "fine_tuned_seeds",
    "speed_up",
    "note",
)


def gather_times(
    scores: pd.DataFrame,
    components: pd.DataFrame,
    truth: pd.DataFrame,
    embedding: pd.DataFrame | None = None,
    source: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per task, stage, model and seed with its seconds.

    Source training is paid once for all tasks: its task and group are empty cells. The
    ground truth's references, of which no score was computed, are left out.

    Parameters
    ----------
    scores, components, truth
        Rows of scores.csv, components.csv and ground_truth.csv.
    embedding
        Seconds per task, model and seed, with device and n_images; None where they
        were not recorded.
    source
        Seconds per model and seed with device, of source training.

    Returns
    -------
    DataFrame
        Rows of timing.csv. Seconds that nobody recorded are empty, with a note.
    """
    groups = scores.drop_duplicates("task").set_index("task")["group"]
    parts = [
        _embedding_rows(scores, embedding),
        *_score_rows(scores, components),
        _fine_tuning_rows(truth),
        _source_rows(scores, source),
    ]
    table = pd.concat([part.astype({"seed": "Int64"}) for part in parts])
    known = {**truth.set_index("task")["group"].to_dict(), **groups.to_dict()}
    table = table.assign(
        experiment=scores["experiment"].iloc[0],
        group=table["task"].map(known),
        note=np.where(table["seconds"].isna(), NOT_RECORDED, ""),
    )
    table = table.reindex(columns=COLUMNS).astype(NUMBERS)
    return table.reset_index(drop=True)


def times_by_group(timing: pd.DataFrame) -> pd.DataFrame:
    """Return minutes of scoring and of fine-tuning of each metric and group.

    A metric that is normalized over the pool needs the backbone's embedding, too. Tasks
    that were not both scored and fine-tuned are left out.

    Parameters
    ----------
    timing
        Rows of timing.csv.

    Returns
    -------
    DataFrame
        Rows of times.csv: metric, group (``total`` for all tasks), n_tasks,
        embedding_minutes, metric_minutes, scoring_minutes (their sum),
        fine_tuning_minutes, scored_seeds, fine_tuned_seeds, speed_up (of one seed's
        fine-tuning over one seed's scoring), note. Minutes of which a part was not
        recorded are empty.
    """
    rows = []
    for metric in metrics_of(timing):
        own = timing[timing["stage"] == SCORE + metric]
        tuned = timing[timing["stage"] == FINE_TUNE]
        tasks = set(own["task"]) & set(tuned["task"])
        listed = timing[timing["task"].isin(tasks)]
        for group in (*listed["group"].dropna().unique(), TOTAL):
            chosen = listed if group == TOTAL else listed[listed["group"] == group]
            rows.append({"metric": metric, "group": group, **_minutes(chosen, metric)})
    table = pd.DataFrame(rows).assign(experiment=timing["experiment"].iloc[0])
    return table.reindex(columns=TIMES)


def source_minutes(timing: pd.DataFrame) -> float:
    """Return the minutes of source training; NaN where a part was not recorded."""
    source = timing.loc[timing["stage"] == SOURCE, "seconds"]
    return float(source.sum(skipna=False)) / 60 if len(source) else math.nan


def seconds_by_metric(scores: pd.DataFrame) -> pd.DataFrame:
    """Return what each metric's scores took, without the embedding.

    Parameters
    ----------
    scores
        Rows of scores.csv.

    Returns
    -------
    DataFrame
        Indexed by metric, in the order of the table: seconds (of all its scores) and
        milliseconds (of one score); NaN where none were recorded.
    """
    seconds = scores.groupby("metric", sort=False)["seconds"]
    return pd.DataFrame(
        {"seconds": seconds.sum(min_count=1), "milliseconds": 1000 * seconds.mean()}
    )


def fine_tuning_seconds(truth: pd.DataFrame) -> float:
    """Return what fine-tuning the pool took; NaN where nothing was recorded.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv.
    """
    pool = truth[truth["in_pool"].astype(bool)].reindex(columns=["train_seconds"])
    return float(pool["train_seconds"].astype(float).sum(min_count=1))


def metrics_of(timing: pd.DataFrame) -> list[str]:
    """Return the metrics that were timed, in the order of the table."""
    stages = timing["stage"].drop_duplicates()
    return [s.removeprefix(SCORE) for s in stages if s.startswith(SCORE)]


def _minutes(timing: pd.DataFrame, metric: str) -> dict[str, Any]:
    """Return the minutes of some tasks, and how they compare."""
    own = timing[timing["stage"] == SCORE + metric]
    used = timing["model"].isin(own["model"])
    embedding, tuned = (
        timing[(timing["stage"] == stage) & kept]
        for stage, kept in ((EMBED, used), (FINE_TUNE, True))
    )
    minutes = [
        float(part["seconds"].sum(skipna=False)) / 60 for part in (embedding, own)
    ]
    fine_tuning = float(tuned["seconds"].sum(skipna=False)) / 60
    seeds, tuned_seeds = own["seed"].nunique(), tuned["seed"].nunique()
    scoring = sum(minutes)
    speed_up = math.nan
    if scoring > 0 and seeds and tuned_seeds:
        speed_up = (fine_tuning / tuned_seeds) / (scoring / seeds)
    missing = {"embedding": embedding, "metric": own, "fine-tuning": tuned}
    notes = [name for name, part in missing.items() if part["seconds"].isna().any()]
    return {
        "n_tasks": own["task"].nunique(),
        "embedding_minutes": minutes[0],
        "metric_minutes": minutes[1],
        "scoring_minutes": scoring,
        "fine_tuning_minutes": fine_tuning,
        "scored_seeds": seeds,
        "fine_tuned_seeds": tuned_seeds,
        "speed_up": speed_up,
        "note": f"{NOT_RECORDED}: {', '.join(notes)}" if notes else "",
    }


def _embedding_rows(
    scores: pd.DataFrame, embedding: pd.DataFrame | None
) -> pd.DataFrame:
    """Return a row for each model that was embedded, whether timed or not."""
    models = scores.rename(columns={"method": "model"})[KEYS].drop_duplicates()
    backbones = pd.DataFrame({"task": models["task"].unique(), "model": BACKBONE})
    rows = pd.concat([backbones, models]).astype({"seed": "Int64"})
    rows = rows.assign(order=rows["task"].map(_places(models["task"])))
    rows = rows.sort_values("order", kind="stable").drop(columns="order")
    return _with_times(rows, embedding, KEYS, ["n_images"]).assign(stage=EMBED)


def _score_rows(
    scores: pd.DataFrame, components: pd.DataFrame
) -> Iterable[pd.DataFrame]:
    """Yield each metric's rows: the methods', and the backbone's where it is used."""
    for metric, table in scores.groupby("metric", sort=False):
        rows = table.rename(columns={"method": "model"})[[*KEYS, "seconds"]]
        known = METRICS.get(str(metric))
        if known is not None and known.needs_pool:
            backbones = components[components["model"] == BACKBONE]
            column = f"{metric}_seconds"
            own = backbones.reindex(columns=[*KEYS, column])
            rows = pd.concat([own.rename(columns={column: "seconds"}), rows])
        yield rows.assign(stage=SCORE + str(metric), device=SCORING_DEVICE)


def _fine_tuning_rows(truth: pd.DataFrame) -> pd.DataFrame:
    pool = truth[truth["in_pool"].astype(bool)]
    names = {"method": "model", "train_seconds": "seconds"}
    columns = [*KEYS, "seconds", "device", "epochs"]
    return pool.rename(columns=names).reindex(columns=columns).assign(stage=FINE_TUNE)


def _source_rows(scores: pd.DataFrame, source: pd.DataFrame | None) -> pd.DataFrame:
    keys = ["model", "seed"]
    rows = scores.rename(columns={"method": "model"})[keys].drop_duplicates()
    return _with_times(rows.astype({"seed": "Int64"}), source, keys).assign(
        task=np.nan, stage=SOURCE
    )


def _with_times(
    rows: pd.DataFrame,
    times: pd.DataFrame | None,
    keys: list[str],
    more: list[str] | None = None,
) -> pd.DataFrame:
    """Return rows with their seconds and device, empty where there are none."""
    columns = [*keys, "seconds", "device", *(more or [])]
    if times is None:
        return rows.reindex(columns=columns)
    known = times.reindex(columns=columns).astype({"seed": "Int64"})
    return rows.merge(known, on=keys, how="left")


def _places(names: pd.Series) -> dict[str, int]:
    return {name: place for place, name in enumerate(names.unique())}
