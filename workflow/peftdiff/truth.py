"""Where the accuracies of a ground truth are from: measured here, or published."""

from __future__ import annotations

import pandas as pd

FINE_TUNE = "fine_tune"
"""The value of config key `ground_truth.source` that names no published table."""

NO_SEEDS = "a published ground truth has no seeds"


def published_source(truth: pd.DataFrame) -> str:
    """Return the published table that accuracies are from, "" if measured here.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv; only those from a published table have a `source`.
    """
    named = truth.reindex(columns=["source"])["source"].dropna()
    return str(named.iloc[0]) if len(named) else ""
