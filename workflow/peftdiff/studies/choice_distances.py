"""The class distances of a task's models for each choice of the score."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.diffusion import class_distances
from peftdiff.diffusion.score import Samples, check_options, find_samples, solve_samples
from peftdiff.diffusion.spectrum import Spectrum
from peftdiff.models import Features, Labels, tabulate_models
from peftdiff.runtime import logger
from peftdiff.studies.choices import DEFAULT, RUN, Run, list_runs
from peftdiff.studies.parameters import SETTING

# What each step of the score depends on.
SEARCH = ("neighbors", "variant", "normalize", "min_class_size", "search")
SOLVE = (
    *("neighbors", "components", "variant", "seed"),
    *("kernel_width", "self_loops", "symmetrize"),
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
        (n, d) features by model: "backbone", or "<method>/<seed>".
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
        chain = Chain(array, labels)
        rows = [_row(chain, run, smallest) for run in runs]
        return pd.DataFrame(rows, columns=[*RUN, "intra", "inter", "note"])

    return tabulate_models(features, measure)


class Chain:
    """The score of one embedding under several choices; shared steps are taken once."""

    def __init__(self, features: NDArray[np.float32], labels: Labels) -> None:
        self._data = features, labels
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
        return find_samples(*self._data, **options)

    def _solve(self, **options: Any) -> Spectrum:
        samples = self._found(**_some(options, SEARCH))
        return solve_samples(samples, **_some(options, SOLVE))


def _some(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the options of these names, in their own order: it makes one key."""
    return {name: options[name] for name in options if name in names}


def _without(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: options[name] for name in options if name not in names}


def _row(chain: Chain, run: Run, smallest: int) -> dict[str, Any]:
    """Return a run's row: its class distances, or why it has none."""
    parameters, note = _without_effect(run.parameters, smallest)
    row = {**dict(zip(RUN, run[:3], strict=True)), "note": note}
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
