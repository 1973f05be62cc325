import numpy as np
import pandas as pd
import pytest

from peftdiff.embeddings import ModelName

METHODS = ["lora", "vpt", "bitfit", "adapter"]
GROUPS = {"digits": "natural", "land": "specialized", "dsloc": "structured"}


class Tables:
    """Small random tables with the columns of the real ones."""

    methods, groups = METHODS, GROUPS

    @staticmethod
    def truth(tasks=tuple(GROUPS), methods=METHODS, seeds=(0, 1), start=0):
        rng = np.random.default_rng(start)
        rows = [
            ("test", task, GROUPS[task], method, True, seed, rng.uniform(30, 90))
            for task in tasks
            for method in methods
            for seed in seeds
        ]
        rows += [("test", task, GROUPS[task], "full", False, 0, 99.0) for task in tasks]
        columns = ["experiment", "task", "group", "method", "in_pool", "seed"]
        return pd.DataFrame(rows, columns=[*columns, "accuracy"])

    @staticmethod
    def components(tasks=tuple(GROUPS), settings=None, seeds=(0, 1), start=1):
        """Return class distances of the backbone and of every method and seed."""
        rng = np.random.default_rng(start)
        models = [("backbone", np.nan)]
        models += [(method, seed) for method in METHODS for seed in seeds]
        rows = pd.DataFrame(
            [(task, *model) for task in tasks for model in models],
            columns=["task", "model", "seed"],
        )
        if settings is not None:
            rows = rows.merge(settings, how="cross")
        return rows.assign(
            experiment="test",
            intra=rng.uniform(0.1, 1, len(rows)),
            inter=rng.uniform(0.1, 1, len(rows)),
        )


@pytest.fixture(scope="session")
def make():
    return Tables


@pytest.fixture(scope="session")
def embeddings():
    """Features of a backbone and of two methods of two seeds, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    centers = rng.normal(size=(3, 8))
    names = ["backbone", "lora/0", "lora/1", "vpt/0", "vpt/1"]
    features = {
        ModelName.parse(name): (
            rng.normal(size=(60, 8)) + 0.4 * place * centers[labels]
        ).astype("f4")
        for place, name in enumerate(names)
    }
    return features, labels
