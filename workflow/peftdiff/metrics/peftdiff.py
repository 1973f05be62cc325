"""PEFTDiff (Khoba et al., ICCV 2025): class distances in a diffusion map.

The score itself is computed by ``peftdiff.diffusion``; this module makes it a metric.
"""

import functools
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.metrics.reductions import EPSILON, Embedding
from peftdiff.metrics.validity import SaturatedScore

PARTS = ("intra", "inter")


# Names and defaults of the parameters are stated once, by diffusion_score.
@functools.wraps(diffusion_score, assigned=(), updated=())
def score(
    embedding: Embedding, labels: NDArray[np.int64], **parameters: Any
) -> dict[str, float]:
    """Return the embedding's class distances, {"intra": ..., "inter": ...}.

    Warns
    -----
    SaturatedScore
        Where any labels get them: no sample is linked to another, or all lie at one
        place of the diffusion map, as with `components` of 1 on a connected graph.
    """
    distances = diffusion_score(embedding.features, labels, **parameters)
    intra, inter, n = distances.intra, distances.inter, len(distances.rows)
    if distances.connected_components == n:
        _warn("no sample is linked to another; raise kernel_width")
    # A constant eigenvector deviates from its mean by rounding, whose square this is.
    elif max(intra, inter) <= n * EPSILON**2:
        _warn(
            "all samples lie at one place of the diffusion map; raise components or "
            "lower diffusion_time, if the features are not constant"
        )
    return {"intra": intra, "inter": inter}


def _warn(reason: str) -> None:
    warnings.warn(
        f"PEFTDiff is the same for any labels: {reason}", SaturatedScore, stacklevel=3
    )


def combine(
    components: Mapping[str, Mapping[str, float]],
    backbone: Mapping[str, float],
    *,
    combine: str = "minmax",
) -> dict[str, float]:
    """Return each method's score, see ``rank_pool``."""
    pool = {name: (each["intra"], each["inter"]) for name, each in components.items()}
    return rank_pool(pool, (backbone["intra"], backbone["inter"]), combine)
