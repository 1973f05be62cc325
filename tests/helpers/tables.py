"""Small tables of an experiment, as the workflow writes them."""

import numpy as np
import pandas as pd

METHODS = ["lora", "vpt", "bitfit", "adapter", "noah"]
TASKS = {"digits": "natural", "land": "specialized", "dsloc": "structured"}
BACKBONE = {"intra": 0.1, "inter": 0.2}
STUDY = "osu_unified_study"


def truth(seeds=(0, 1, 2), tasks=TASKS, methods=METHODS):
    """Return rows of ground_truth.csv; a reference outside the pool is the best.

    Methods are points apart, seeds of a method less than one.
    """
    rng = np.random.default_rng(0)
    rows = [
        *(
            (task, group, method, True, seed, level + rng.uniform())
            for task, group in tasks.items()
            for method in methods
            for level in [rng.integers(30, 70)]
            for seed in seeds
        ),
        *((task, group, "full", False, 0, 99.0) for task, group in tasks.items()),
    ]
    columns = ["task", "group", "method", "in_pool", "seed", "accuracy"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "experiment", "test")
    counts = {method: 100 * place for place, method in enumerate([*methods, "full"])}
    return table.assign(trainable_parameters=table["method"].map(counts))


def counted(accuracies, *, share=25.0, n_images=1000, n_classes=4, name="cat"):
    """Return a ground truth whose test images were counted.

    `accuracies` are by task, then by method: of each seed. The most frequent class,
    `name`, has a `share` of the test images, percent.
    """
    rows = [
        ("test", task, None, method, True, seed, accuracy, 100 * (place + 1))
        for task, methods in accuracies.items()
        for place, (method, seeds) in enumerate(methods.items())
        for seed, accuracy in enumerate(seeds)
    ]
    columns = ["experiment", "task", "group", "method", "in_pool", "seed", "accuracy"]
    return pd.DataFrame(rows, columns=[*columns, "trainable_parameters"]).assign(
        n_test_images=n_images,
        n_classes=n_classes,
        chance=100 / n_classes,
        majority_class=name,
        majority_share=share,
    )


def scores_of(truth, metrics=("peftdiff", "logme"), seed=0):
    """Return scores drawn at random for the methods of a ground truth."""
    rng = np.random.default_rng(seed)
    pool = truth.loc[
        truth["in_pool"], ["experiment", "task", "group", "method", "seed"]
    ]
    parts = [
        pool.assign(metric=metric, score=rng.normal(size=len(pool)))
        for metric in metrics
    ]
    return pd.concat(parts, ignore_index=True)


def published(measured=None):
    """Return a measured ground truth's means as if a table had printed them."""
    measured = truth() if measured is None else measured
    keys = ["experiment", "task", "group", "method", "in_pool"]
    columns = ["accuracy", "trainable_parameters"]
    means = measured.groupby(keys, sort=False)[columns].mean().reset_index()
    return means.assign(seed=np.nan, source=STUDY)


def scores(seeds=(0, 1, 2), tasks=TASKS, methods=METHODS, metric="logme"):
    """Return rows of scores.csv."""
    rng = np.random.default_rng(1)
    rows = [
        ("test", task, group, method, seed, metric, rng.normal())
        for task, group in tasks.items()
        for method in methods
        for seed in seeds
    ]
    names = ("experiment", "task", "group", "method", "seed", "metric", "score")
    return pd.DataFrame(rows, columns=names)


def components(seeds=(0, 1, 2), tasks=TASKS, methods=METHODS):
    """Return rows of components.csv with the parts of peftdiff."""
    rng = np.random.default_rng(2)
    rows = []
    for task, group in tasks.items():
        names = {"experiment": "test", "task": task, "group": group}
        rows.append({**names, "model": "backbone", "seed": None, **BACKBONE})
        for method in methods:
            for seed in seeds:
                intra, inter = rng.uniform(size=2)
                own = {"model": method, "seed": seed, "intra": intra, "inter": inter}
                rows.append({**names, **own})
    return pd.DataFrame(rows)


def shuffled(table):
    """Return the rows in another order."""
    return table.sample(frac=1, random_state=3)
