"""The choices where poster, text and published code disagree, one at a time.

Each choice of the score's definition is changed alone, the rest left as configured, but
for what ALONG says. The published code's chain is run from several start vectors of its
solver.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.diffusion import class_distances
from peftdiff.diffusion.score import Samples, check_options, find_samples, solve_samples
from peftdiff.diffusion.spectrum import Spectrum
from peftdiff.embeddings import Features, Labels, tabulate_models
from peftdiff.evaluation.studies.parameters import SETTING, complete_parameters
from peftdiff.runtime import logger

# What each choice may be, the poster's or the published code's value among them.
VALUES: dict[str, tuple[Any, ...]] = {
    "symmetrize": ("max", "mean", "mutual"),
    "kernel_width": (1.0, "median", "self_tuning"),
    "self_loops": (True, False),
    "inter": ("squared", "root"),
    "min_class_size": (1, 10),
    "normalize": (True, False),
}
# Rows as they come have a scale of their own, and weights underflow at width 1.
ALONG = {("normalize", False): {"kernel_width": "median"}}
COMBINE = ("zscore", "relative")
DEFAULT = "default"
RUN = ["choice", "value", "start_seed"]


class Run(NamedTuple):
    """The score with one choice changed, or a variant from one start seed."""

    choice: str
    value: str
    start_seed: int
    parameters: dict[str, Any]


def list_runs(parameters: Mapping[str, Any], start_seeds: Iterable[int]) -> list[Run]:
    """Return the runs that are compared: the default first, then each change of it.

    Parameters
    ----------
    parameters
        Of the metric, as configured.
    start_seeds
        Of the variants "symmetric" and "as_published"; the latter takes nothing else
        but diffusion time, neighbors and components.
    """
    default = complete_parameters(parameters)
    seed = default["seed"]
    runs = [Run(DEFAULT, DEFAULT, seed, default)]
    for choice, values in VALUES.items():
        for value in values:
            if value != default[choice]:
                along = ALONG.get((choice, value), {})
                changed = default | {choice: value} | along
                name = ", ".join(map(name_value, (value, *along.values())))
                runs.append(Run(choice, name, seed, changed))
    published = {name: default[name] for name in [*SETTING, "search"]}
    variants = {"symmetric": default, "as_published": complete_parameters(published)}
    for variant, options in variants.items():
        for start in start_seeds:
            changed = options | {"variant": variant, "seed": start}
            runs.append(Run("variant", variant, start, changed))
    return runs


def name_value(value: Any) -> str:
    """Return a choice's value as configurations spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# What each step of the score depends on.
SEARCH = ("neighbors", "variant", "normalize", "min_class_size", "search")
SOLVE = (
    "neighbors",
    "components",
    "variant",
    "seed",
    "kernel_width",
    "self_loops",
    "symmetrize",
)


def choice_components(
    features: Features,
    labels: Labels,
    parameters: Mapping[str, Any],
    start_seeds: Iterable[int],
) -> pd.DataFrame:
    """Return the class distances of every model of a task for each run.

    Parameters
    ----------
    features
        (n, d) features of the backbone and of each method and seed.
    labels
        (n,) class of each image.
    parameters, start_seeds
        See ``list_runs``.

    Returns
    -------
    DataFrame
        Columns model, seed, choice, value, start_seed, intra, inter, note. Where a
        choice cannot be computed the distances are empty, with the reason in `note`;
        the default must be computable.
    """
    runs = list_runs(parameters, start_seeds)
    smallest = int(np.unique(labels, return_counts=True)[1].min())

    def measure(array: NDArray[np.float32]) -> pd.DataFrame:
        chain = CachedDiffusionScore(array, labels)
        rows = [_row(chain, run, smallest) for run in runs]
        return pd.DataFrame(rows, columns=[*RUN, "intra", "inter", "note"])

    return tabulate_models(features, measure)


class CachedDiffusionScore:
    """The score of one embedding under several choices; shared steps are taken once."""

    def __init__(self, features: NDArray[np.float32], labels: Labels) -> None:
        self._features, self._labels = features, labels
        self._found = functools.cache(self._find)
        self._solved = functools.cache(self._solve)

    def distances(self, parameters: Mapping[str, Any]) -> tuple[float, float]:
        """Return intra and inter, the numbers that ``diffusion_score`` gives.

        Parameters
        ----------
        parameters
            Of the score, all of them.
        """
        inter = check_options(**_without(parameters, SETTING))
        values, vectors, _ = self._solved(**_some(parameters, {*SEARCH, *SOLVE}))
        codes = self._found(**_some(parameters, SEARCH)).codes
        time = parameters["diffusion_time"]
        return class_distances(values, vectors, codes, time, inter)

    def _find(self, **options: Any) -> Samples:
        return find_samples(self._features, self._labels, **options)

    def _solve(self, **options: Any) -> Spectrum:
        samples = self._found(**_some(options, SEARCH))
        return solve_samples(samples, **_some(options, SOLVE))


def _some(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the options of these names, in their own order: it makes one key."""
    return {name: options[name] for name in options if name in names}


def _without(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: options[name] for name in options if name not in names}


def _row(chain: CachedDiffusionScore, run: Run, smallest: int) -> dict[str, Any]:
    """Return a run's row: its class distances, or why it has none."""
    parameters, note = _without_effect(run.parameters, smallest)
    row = {
        "choice": run.choice,
        "value": run.value,
        "start_seed": run.start_seed,
        "note": note,
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            intra, inter = chain.distances(parameters)
        except ValueError as reason:
            if run.choice == DEFAULT:
                raise
            nothing = {"intra": math.nan, "inter": math.nan}
            return {**row, **nothing, "note": f"undefined: {reason}"}
    for warning in caught:
        logger.warning("%s: %s", run.choice, warning.message)
    return {**row, "intra": intra, "inter": inter}


def _without_effect(
    parameters: dict[str, Any], smallest: int
) -> tuple[dict[str, Any], str]:
    """Return equal parameters for equal work: a class filter that drops no class."""
    least = parameters["min_class_size"]
    if 1 < least <= smallest:
        note = f"no class has fewer than {least} images"
        return parameters | {"min_class_size": 1}, note
    return parameters, ""
