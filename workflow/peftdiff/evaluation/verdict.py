"""Which metrics can be told from chance, and which only seem to.

The verdict is a column of summary.csv: figures, texts and pages read it there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from peftdiff.evaluation.correlation import RANDOM
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.statistics import holm

LEVEL = 0.05

BEYOND = "beyond chance"
WORSE = "worse than chance"
UNCORRECTED_ONLY = "beyond chance only if tried alone"
NOT_SIGNIFICANT = "not distinguishable from chance"
UNDECIDABLE = "too little data to tell from chance"
UNKNOWN = "undefined"

P_VALUES = ["p_value", "p_value_shared_permutation"]


def add_verdicts(summary: pd.DataFrame) -> pd.DataFrame:
    """Return rows of summary.csv with the columns p_value_corrected and verdict.

    Of a row's two p-values the larger counts. Whoever looks at many metrics finds a
    good one by luck: so it is also corrected for the number of metrics by Holm's
    method. Baselines are not candidates, and are not corrected.

    Parameters
    ----------
    summary
        With the columns metric, mean_weighted_tau, p_value, p_value_shared_permutation
        and smallest_p_value.

    Returns
    -------
    DataFrame
        `p_value_corrected` is empty for baselines and where a p-value is undefined.
        `verdict`: `BEYOND`, `WORSE`, `UNCORRECTED_ONLY`, `NOT_SIGNIFICANT`,
        `UNDECIDABLE` where no ranking could have had a p-value of 0.05, or `UNKNOWN`;
        empty for `random`, which holds expected values.
    """
    p = larger_p_values(summary)
    corrected = holm(p.mask(summary["metric"].isin(BASELINES)))
    table = summary.assign(p_value_corrected=corrected)
    table["verdict"] = [
        _verdict(row, larger)
        for row, larger in zip(table.to_dict("records"), p, strict=True)
    ]
    return table


def larger_p_values(summary: pd.DataFrame) -> pd.Series:
    """Return the larger of each row's two p-values; NaN where either is undefined."""
    return summary[P_VALUES].astype(float).max(axis=1, skipna=False)


def count_tried(summary: pd.DataFrame) -> int:
    """Return how many metrics the p-values are corrected for."""
    return int(summary["p_value_corrected"].notna().sum())


def _verdict(row: dict[Any, Any], p: float) -> str:
    if row["metric"] == RANDOM:
        return ""
    if pd.isna(row["mean_weighted_tau"]) or pd.isna(p):
        return UNKNOWN
    if row["smallest_p_value"] > LEVEL:
        return UNDECIDABLE
    if p > LEVEL:
        return NOT_SIGNIFICANT
    if row["mean_weighted_tau"] < 0:
        return WORSE
    baseline = row["metric"] in BASELINES
    beyond = baseline or row["p_value_corrected"] <= LEVEL
    return BEYOND if beyond else UNCORRECTED_ONLY
