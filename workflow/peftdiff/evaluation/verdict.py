"""Which metrics can be told from chance, and which only seem to."""

from __future__ import annotations

import pandas as pd

from peftdiff.evaluation.replicates import BASELINES

LEVEL = 0.05

BEYOND = "beyond chance"
WORSE = "worse than chance"
UNCORRECTED_ONLY = "only if it alone was tried"
NOT_SIGNIFICANT = "not told from chance"
UNKNOWN = "undefined"


def verdicts(summary: pd.DataFrame) -> pd.DataFrame:
    """Return, for each metric and baseline, what may be said of its mean tau.

    Of the two p-values of summary.csv the larger counts. Whoever looks at many metrics
    finds a good one by luck: so the p-values are also corrected for their number by
    Holm's method. Baselines are not candidates, and are not corrected.

    Parameters
    ----------
    summary
        Rows of summary.csv.

    Returns
    -------
    DataFrame
        Indexed by metric: mean, p (the larger), corrected, n_tries, verdict (`BEYOND`,
        `WORSE`, `UNCORRECTED_ONLY`, `NOT_SIGNIFICANT` or `UNKNOWN`). The row `random`
        is left out.
    """
    table = summary.set_index("metric").drop("random", errors="ignore")
    mean = table["mean_weighted_tau"].astype(float)
    p = (
        table[["p_value", "p_value_shared_permutation"]]
        .astype(float)
        .max(axis=1, skipna=False)
    )
    tried = p[~p.index.isin(BASELINES)].dropna()
    corrected = p.copy()
    corrected.update(holm(tried))
    found = pd.DataFrame({"mean": mean, "p": p, "corrected": corrected})
    found["n_tries"] = len(tried)
    found["verdict"] = [_verdict(*row) for row in zip(mean, p, corrected, strict=True)]
    return found


def holm(p_values: pd.Series) -> pd.Series:
    """Return p-values corrected for their number by Holm's step-down method."""
    order = p_values.sort_values(kind="stable")
    factors = range(len(order), 0, -1)
    steps = pd.Series(
        [p * factor for p, factor in zip(order, factors, strict=True)], order.index
    )
    return steps.cummax().clip(upper=1.0).astype(float).reindex(p_values.index)


def _verdict(mean: float, p: float, corrected: float) -> str:
    if pd.isna(mean) or pd.isna(p):
        return UNKNOWN
    if p > LEVEL:
        return NOT_SIGNIFICANT
    if mean < 0:
        return WORSE
    return BEYOND if corrected <= LEVEL else UNCORRECTED_ONLY
