"""The published tables as they lie with the workflow."""

import pandas as pd
import pytest

from peftdiff.evaluation.published import PosterTables
from tests.helpers.project import PUBLISHED

OUR_WORDS = {"dataset": "task", "top1_accuracy_percent": "accuracy"}


def read(name):
    return pd.read_csv(PUBLISHED / f"{name}.csv").rename(columns=OUR_WORDS)


@pytest.fixture(scope="session")
def poster():
    names = ("weighted_tau", "averages", "improvements", "timing_minutes", "ablation")
    return PosterTables(*map(read, names))


@pytest.fixture(scope="session")
def accuracies():
    return read("accuracy_vtab")


@pytest.fixture(scope="session")
def groups(poster):
    return dict(zip(poster.taus["task"], poster.taus["group"], strict=True))
