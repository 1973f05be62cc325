"""PEFTDiff (Khoba et al., ICCV 2025): class distances in a diffusion map.

The score itself is computed by ``peftdiff.diffusion``; this module makes it a metric.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.metrics.reductions import Embedding

PARTS = ("intra", "inter")


# Names and defaults of the parameters are stated once, by diffusion_score.
@functools.wraps(diffusion_score, assigned=(), updated=())
def score(
    embedding: Embedding, labels: NDArray[np.int64], **parameters: Any
) -> dict[str, float]:
    """Return the embedding's class distances, {"intra": ..., "inter": ...}."""
    distances = diffusion_score(embedding.features, labels, **parameters)
    return {"intra": distances.intra, "inter": distances.inter}


def combine(
    components: Mapping[str, Mapping[str, float]],
    backbone: Mapping[str, float],
    *,
    combine: str = "minmax",
) -> dict[str, float]:
    """Return each method's score, see ``rank_pool``."""
    pool = {name: (each["intra"], each["inter"]) for name, each in components.items()}
    return rank_pool(pool, (backbone["intra"], backbone["inter"]), combine)
