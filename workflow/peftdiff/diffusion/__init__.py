"""PEFTDiff's diffusion map and score: graph, operator, spectrum, distance, score."""

from peftdiff.diffusion.distance import class_distances
from peftdiff.diffusion.grid import score_grid
from peftdiff.diffusion.pool import pool_scores, rank_pool
from peftdiff.diffusion.score import DiffusionScore, diffusion_score
from peftdiff.diffusion.spectrum import DisconnectedGraphWarning
from peftdiff.diffusion.validity import UndefinedScore

__all__ = [
    "DiffusionScore",
    "DisconnectedGraphWarning",
    "UndefinedScore",
    "class_distances",
    "diffusion_score",
    "pool_scores",
    "rank_pool",
    "score_grid",
]
