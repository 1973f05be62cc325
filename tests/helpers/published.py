"""The published tables as they lie with the workflow."""

import pandas as pd

from peftdiff.evaluation.published import PosterTables
from tests.helpers.project import PUBLISHED

OUR_WORDS = {"dataset": "task", "top1_accuracy_percent": "accuracy"}


def read(name):
    return pd.read_csv(PUBLISHED / f"{name}.csv").rename(columns=OUR_WORDS)


def poster_tables():
    names = ("weighted_tau", "averages", "improvements", "timing_minutes", "ablation")
    return PosterTables(*map(read, names))


def published_accuracies():
    return read("accuracy_vtab")


def published_groups():
    """Return the group of every task of VTAB-1k."""
    taus = poster_tables().taus
    return dict(zip(taus["task"], taus["group"], strict=True))
