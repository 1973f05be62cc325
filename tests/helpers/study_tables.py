"""Small synthetic tables of the studies."""

import itertools

import numpy as np
import pandas as pd

from peftdiff.evaluation.published import SOURCES

SETTING = ("diffusion_time", "neighbors", "components")
AXES = ([1, 2.5, 10, 40], [5, 20], [8, 32, 64])
BEST, DEFAULT = (2.5, 20, 8), (10, 20, 32)
CHOICES = {
    "best_on_the_task": (0.7, 0.5, 0.1),
    "best_on_all_tasks": (0.5, 0.2, 0.1),
    "best_on_the_other_tasks": (-0.1, 0.0, 0.13),
    "default": (0.2, 0.0, 0.12),
}
VALUES = {
    "default": ("default",),
    "symmetrize": ("mean", "mutual"),
    "kernel_width": ("median", "self_tuning"),
    "self_loops": ("false",),
    "inter": ("root",),
    "min_class_size": ("10",),
    "normalize": ("false",),
    "variant": ("symmetric", "as_published"),
    "combine": ("zscore", "relative"),
}
OLD, NEW, PAPERS, STUDY = SOURCES
PUBLISHED_SERIES = [
    *(("metric", name, "poster") for name in ("peftdiff", "logme", "sfda")),
    *(("static", "static", source) for source in (OLD, STUDY)),
    *(("agreement", OLD, other) for other in (NEW, PAPERS, STUDY)),
]


def members(tasks):
    return [(task, group) for group, names in tasks.items() for task in names]


def ablation(tasks):
    rng = np.random.default_rng(0)
    rows = [
        ("mini", task, group, variant, rng.uniform(-0.9, 0.9), 9, 0.3, 0.2, "")
        for task, group in members(tasks)
        for variant in ("intra_only", "inter_only", "combined")
    ]
    columns = ["experiment", "task", "group", "variant", "weighted_tau", "n_methods"]
    return pd.DataFrame(rows, columns=[*columns, "null_sd", "mean_null_sd", "note"])


def grid(tasks):
    rng = np.random.default_rng(1)
    rows = [
        ("mini", task, *setting, rng.uniform(-0.9, 0.9), "")
        for task, _ in members(tasks)
        for setting in itertools.product(*AXES)
    ]
    columns = ["experiment", "task", *SETTING, "weighted_tau", "note"]
    return pd.DataFrame(rows, columns=columns)


def grid_choice(tasks):
    rows = [
        ("mini", choice, task, *setting, mean, mean, len(members(tasks)), *chance, "")
        for choice, (mean, *chance) in CHOICES.items()
        for setting in [DEFAULT if choice == "default" else BEST]
        for task, _ in members(tasks)
    ]
    columns = ["experiment", "choice", "task", *SETTING, "weighted_tau"]
    columns += ["mean_weighted_tau", "n_tasks", "chance_mean", "chance_sd", "note"]
    return pd.DataFrame(rows, columns=columns)


def choices(tasks, seeds=3):
    rng = np.random.default_rng(2)
    rows = []
    for task, group in members(tasks):
        for choice, values in VALUES.items():
            for value in values:
                tau = rng.uniform(-0.5, 0.9)
                for seed in range(seeds if choice == "variant" else 1):
                    moved = tau + (value == "as_published") * rng.normal(0, 0.1)
                    names = ("mini", task, group, choice, value, seed)
                    agree = 1.0 if value == "symmetric" else rng.uniform(0.2, 0.9)
                    runs = agree if choice == "variant" else np.nan
                    rows.append((*names, moved, agree, runs, 9, 0.3, 0.2, ""))
    columns = ["experiment", "task", "group", "choice", "value", "start_seed"]
    columns += ["weighted_tau", "agreement", "run_agreement", "n_methods", "null_sd"]
    return pd.DataFrame(rows, columns=[*columns, "mean_null_sd", "note"])


def timing(tasks, metrics=("peftdiff", "logme"), methods=("lora", "vpt")):
    stages = {f"score:{metric}": 2.0 + place for place, metric in enumerate(metrics)}
    stages |= {"embed": 6.0, "fine_tune": 1200.0}
    rows = [
        ("mini", task, group, stage, seconds, "cpu", model, 0)
        for task, group in members(tasks)
        for stage, seconds in stages.items()
        for model in methods
    ]
    rows += [
        ("mini", None, None, "source_training", 50.0, "cpu", m, 0) for m in methods
    ]
    columns = ["experiment", "task", "group", "stage", "seconds", "device", "model"]
    return pd.DataFrame(rows, columns=[*columns, "seed"])


NEEDED = {"backbone": 4, "lora": 6, "vpt": 2, "cnn": 1}  # of eight


def complexity(tasks, methods=("lora", "vpt")):
    rows = [
        ("mini", task, group, model, 8, count, count / 8, 500, "")
        for task, group in members(tasks)
        for model, count in NEEDED.items()
        if model in (*methods, "backbone", "cnn")
    ]
    columns = ["experiment", "task", "group", "model", "dimension", "components_95"]
    return pd.DataFrame(rows, columns=[*columns, "fraction_95", "n_images", "note"])


def scree(tasks):
    """Return curves that rise evenly up to the component that is needed."""
    return {
        f"{task}/{model}": np.minimum(np.arange(1, 9) / count, 1)
        for task, _ in members(tasks)
        for model, count in NEEDED.items()
    }


def published():
    """Return published taus of six tasks, and their means."""
    rng = np.random.default_rng(0)
    taus = pd.DataFrame(
        [
            (*names, f"task {i}", rng.uniform(-0.4, 0.9))
            for names in PUBLISHED_SERIES
            for i in range(6)
        ],
        columns=[*("kind", "ranking", "truth", "task"), "weighted_tau"],
    )
    means = taus.groupby(["kind", "ranking", "truth"], sort=False, as_index=False)
    means = (
        means["weighted_tau"]
        .mean()
        .assign(group="all", standard_error=0.05, null_sd=0.1, n_methods=9, n_tasks=6)
    )
    return taus, means
