"""Parameters that do not fit a small task, brought down to what it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from peftdiff.diffusion.as_published import MAX_SAMPLES, MIN_CLASS_SIZE
from peftdiff.parameters import keywords
from peftdiff.runtime import logger

LEAST_NEIGHBORS = 2  # of PEFTDiff's score, the image itself counted


def largest_sizes(
    metric: str, parameters: Mapping[str, Any], labels: ArrayLike
) -> dict[str, int]:
    """Return the largest values of a metric's parameters that the images allow.

    Parameters
    ----------
    metric
        A slug of `peftdiff.metrics.METRICS`.
    parameters
        Those that are given.
    labels
        The class of each image.
    """
    _, sizes = np.unique(labels, return_counts=True)
    if metric == "knn":  # where an image is no neighbor of its own
        return {"neighbors": int(sizes.sum()) - 1}
    if metric != "peftdiff":
        return {}
    published = parameters.get("variant") == "as_published"
    least = MIN_CLASS_SIZE if published else parameters.get("min_class_size", 1)
    images = int(sizes[sizes >= least].sum())
    if published:
        images = min(images, MAX_SAMPLES)
        return {"neighbors": images, "components": images - 1}
    return {"neighbors": images, "components": images}


def fit_parameters(
    metric: str, parameters: Mapping[str, Any], labels: ArrayLike
) -> dict[str, Any]:
    """Return a metric's parameters, those too large for the images at their largest.

    What is changed is said in the log. A task that is too small for any value keeps
    what is given, and so gets no score.
    """
    fitted = dict(parameters)
    for name, largest in largest_sizes(metric, parameters, labels).items():
        default = keywords(f"peftdiff.metrics.{metric}", "score")[name].default
        value = parameters.get(name, default)
        if LEAST_NEIGHBORS <= largest < value:
            logger.warning(
                "config key 'metric_parameters.%s.%s' is %s, but the images of this"
                " task allow %d at most, which is taken",
                metric,
                name,
                value,
                largest,
            )
            fitted[name] = largest
    return fitted
