"""Ablation: what either class distance says alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.evaluation.correlation import mean_accuracies
from peftdiff.evaluation.studies.pools import (
    Pools,
    correlate_scores,
    gather_pools,
    mean_null_deviation,
    mean_scores,
    null_deviation,
    require_distances,
)

# What (intra, inter) are multiplied by. Where the whole pool has the same distance, as
# in zero, it adds the same to every score.
VARIANTS = {"intra_only": (1, 0), "inter_only": (0, 1), "combined": (1, 1)}

Floats = NDArray[np.float64]


def ablate(components: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return weighted tau per task of tightness alone, separation alone, and both.

    Smaller intra and larger inter are better, alone as together.

    Parameters
    ----------
    components, truth
        Rows of components.csv and of ground_truth.csv.

    Returns
    -------
    DataFrame
        Rows of ablation.csv; an undefined tau is empty, with the reason in `note`.
        `null_sd` is tau's standard deviation under random rankings, `mean_null_sd` that
        of the variant's mean over tasks where one random order serves all tasks.
    """
    require_distances(components)
    means = mean_accuracies(truth)
    groups = truth.drop_duplicates("task").set_index("task")["group"]
    rows = []
    scores: dict[str, list[Floats]] = {variant: [] for variant in VARIANTS}
    for task in means.index:
        chosen = components[components["task"] == task]
        distances, backbone = gather_pools(chosen, list(means.columns))
        for variant, kept in VARIANTS.items():
            pools = Pools(distances * kept, backbone * kept)
            scored = mean_scores(pools)
            scores[variant].append(scored[0])
            taus, notes = correlate_scores(scored, means.loc[task], pools)
            names = {"task": task, "group": groups[task], "variant": variant}
            rows.append({**names, "weighted_tau": taus[0], "note": notes[0]})
    accuracies = means.to_numpy()
    by_chance = {
        variant: mean_null_deviation(np.stack(own), accuracies)
        for variant, own in scores.items()
    }
    table = pd.DataFrame(rows).assign(
        experiment=truth["experiment"].iloc[0],
        n_methods=len(means.columns),
        null_sd=null_deviation(len(means.columns)),
    )
    table["mean_null_sd"] = table["variant"].map(by_chance)
    return table[
        [
            "experiment",
            "task",
            "group",
            "variant",
            "weighted_tau",
            "n_methods",
            "null_sd",
            "mean_null_sd",
            "note",
        ]
    ]
