"""The METRICS table, and how to call what is in it.

A metric is a module of this package named by its slug, with a function
``score(embedding, labels, *, ...)`` on an ``Embedding`` of checked features and class
codes. The annotations of its keywords (``peftdiff.parameters``) say what a
configuration may give. A metric that is normalized over the pool returns a dict of
components, named by its ``PARTS``, which its ``combine(components, backbone, *, ...)``
turns into scores.
"""

import importlib
import inspect
import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "METRICS",
    "Metric",
    "combine",
    "compute",
    "compute_many",
    "parameter_names",
    "parts",
]

Components = dict[str, float]


@dataclass(frozen=True)
class Metric:
    """One line of the METRICS table.

    Attributes
    ----------
    slug : str
        Its name in code, config and tables, and its module's name.
    label : str
        Its name in figures.
    reference : str
        The paper that defines it.
    cost : str
        Leading terms for n samples, d dimensions, C classes, k neighbors, c components
        of the diffusion map, r principal components.
    needs_pool : bool
        Whether its scores are defined only within a pool of methods.
    """

    slug: str
    label: str
    reference: str
    cost: str
    needs_pool: bool = False


METRICS: dict[str, Metric] = {
    metric.slug: metric
    for metric in (
        Metric(
            "peftdiff", "PEFTDiff", "Khoba et al., ICCV 2025", "n^2 d + n k c", True
        ),
        Metric("logme", "LogME", "You et al., ICML 2021", "n d min(n, d)"),
        Metric("nleep", "N/LEEP", "Li et al., CVPR 2021", "n C r^2 an iteration"),
        Metric("sfda", "SFDA", "Shao et al., ECCV 2022", "n d^2 + d^3"),
        Metric("ncti", "NCTI", "Wang et al., ICCV 2023", "n d r + n r C", True),
        Metric("gbc", "GBC", "Pándy et al., CVPR 2022", "n d r + C^2 r"),
        Metric(
            "nearest_class_mean",
            "Nearest class mean",
            "LDA of ETran (Gholami et al., ICCV 2023)",
            "n d C",
        ),
        Metric("h_score", "H-score", "Bao et al., ICIP 2019", "n d^2 + d^3"),
        Metric("transrate", "TransRate", "Huang et al., ICML 2022", "n d min(n, d)"),
        Metric("parc", "PARC", "Bolya et al., NeurIPS 2021", "n^2 (r + log n)"),
        Metric("knn", "k-NN", "Cover and Hart, 1967", "n^2 d"),
        Metric("linear_probe", "Linear probe", "Allen, 1974", "n d min(n, d)"),
        Metric(
            "pactran_gaussian",
            "PACTran-Gaussian",
            "Ding et al., ECCV 2022",
            "n d C an iteration",
        ),
    )
}


def compute(
    name: str, features: ArrayLike, labels: ArrayLike, **parameters: object
) -> float | Components:
    """Score one embedding with one metric.

    Parameters
    ----------
    name : str
        A slug of METRICS.
    features : array_like, shape (n, d)
        Real, finite numbers; never modified.
    labels : array_like, shape (n,)
        Class names or whole numbers.
    **parameters
        Parameters of the metric, see ``parameter_names``.

    Returns
    -------
    float or dict of str to float
        The score, higher is better; for a metric that needs the pool, its components,
        to be given to ``combine``.

    Raises
    ------
    ValueError
        For an unknown metric or parameter, or bad features or labels.
    UndefinedScore
        Where the metric does not exist for these data.

    Warns
    -----
    SaturatedScore
        Where any labels would get the same value, or nearly so.
    """
    return compute_many({name: parameters}, features, labels)[name]


def compute_many(
    metrics: Iterable[str] | Mapping[str, Mapping[str, Any]],
    features: ArrayLike,
    labels: ArrayLike,
) -> dict[str, float | Components]:
    """Score one embedding with several metrics.

    What they have in common, such as the principal components, is computed once: this
    is faster than ``compute`` for each, and gives the same to ten digits.

    Parameters
    ----------
    metrics : iterable of str, or mapping of str to mapping
        Slugs of METRICS; in a mapping, with the parameters of each.
    features : array_like, shape (n, d)
        Real, finite numbers; never modified.
    labels : array_like, shape (n,)
        Class names or whole numbers.

    Returns
    -------
    dict of str to float or dict
        What ``compute`` returns for each metric, by slug.

    Raises
    ------
    ValueError
        As ``compute`` raises it; the first error ends the call.

    Warns
    -----
    SaturatedScore
        As ``compute``, once for each metric that it concerns.
    """
    # Imported here, so that reading the table imports neither scipy nor pandas.
    from peftdiff.diffusion.inputs import check_dataset
    from peftdiff.metrics.reductions import Embedding

    parameters_of: dict[str, Mapping[str, Any]] = {name: {} for name in metrics}
    if isinstance(metrics, Mapping):
        parameters_of = dict(metrics)
    for name, parameters in parameters_of.items():
        _check_parameters(name, parameters)
    dataset = check_dataset(features, labels)
    features = dataset.features.astype(np.float64, copy=False)
    embedding = Embedding(features, whole=len(parameters_of) > 1)
    return {
        name: _score(name, embedding, dataset, parameters)
        for name, parameters in parameters_of.items()
    }


def _score(
    name: str, embedding: Any, dataset: Any, parameters: Mapping[str, Any]
) -> float | Components:
    """Return a metric's value, or say why it has none or must not rank.

    What is said here holds for every metric; each says the rest itself.
    """
    from peftdiff.metrics.validity import (
        SaturatedScore,
        UndefinedScore,
        without_information,
    )

    reason = without_information(embedding, dataset.n_classes)
    said_below = warnings.catch_warnings(action="ignore", category=SaturatedScore)
    value: float | Components
    try:
        with said_below if reason else nullcontext():
            value = _module(name).score(embedding, dataset.codes, **parameters)
    except np.linalg.LinAlgError as error:
        raise UndefinedScore(
            f"{name} fails in double precision ({error}); scale the features to a "
            "variance near 1, and drop duplicates"
        ) from error
    numbers = list(value.values()) if isinstance(value, dict) else [value]
    if np.isnan(numbers).any() or (len(numbers) > 1 and np.isinf(numbers).any()):
        raise UndefinedScore(
            f"{name} is {value} in double precision; scale the features to a variance "
            "near 1"
        )
    if reason:
        warnings.warn(
            f"{name} depends on the sizes of the classes alone: {reason}",
            SaturatedScore,
            stacklevel=4,
        )
    return value


def combine(
    name: str,
    components: Mapping[str, Mapping[str, float]],
    backbone: Mapping[str, float],
    **parameters: object,
) -> dict[str, float]:
    """Turn a pool's components into scores.

    Parameters
    ----------
    name : str
        A slug of METRICS, of a metric that needs the pool.
    components : mapping of method to its components
        What ``compute`` returned for each method.
    backbone : mapping
        What ``compute`` returned for the frozen backbone.
    **parameters
        Parameters of the metric's ``combine``.

    Returns
    -------
    dict of method to float
        Higher is better.

    Raises
    ------
    ValueError
        For an unknown metric, one that does not need the pool, or a bad pool.
    """
    module = _module(name)
    if not METRICS[name].needs_pool:
        raise ValueError(f"metric {name} does not need the pool; its scores are final")
    scores: dict[str, float] = module.combine(components, backbone, **parameters)
    return scores


def parameter_names(name: str) -> list[str]:
    """Return the keywords ``compute`` takes for a metric."""
    parameters = inspect.signature(_module(name).score).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


def parts(name: str) -> tuple[str, ...]:
    """Return the names of a metric's components; none if it does not need the pool."""
    module = _module(name)
    names: tuple[str, ...] = module.PARTS if METRICS[name].needs_pool else ()
    return names


def _module(name: str) -> ModuleType:
    if name not in METRICS:
        raise ValueError(f"metric {name!r} is unknown; known: {', '.join(METRICS)}")
    return importlib.import_module(f"peftdiff.metrics.{name}")


def _check_parameters(name: str, parameters: Mapping[str, object]) -> None:
    known = parameter_names(name)
    for parameter in parameters:
        if parameter not in known:
            raise ValueError(
                f"metric {name} has no parameter {parameter!r}; it has: "
                f"{', '.join(known)}"
            )
