"""How well one ranking agrees with another, and how much of that is chance.

Arrays in, numbers out: nothing here knows a table or a file.

- ``tau``: the weighted tau, and its null distribution
- ``nulls``: p-values of one tau and of a mean of taus
- ``bootstrap``: intervals by drawing seeds or tasks again
- ``halves``: reliability of a ranking, and the ceiling it puts on any tau
- ``choice``: what it costs to take the first choice of a ranking
- ``blocks``: the tests of Friedman and Nemenyi
- ``static``: the ranking that looks at no image
"""

from peftdiff.statistics.bootstrap import FEWEST, interval, mean_interval, resamples
from peftdiff.statistics.nulls import (
    Null,
    null_of_mean,
    p_value,
    permutation_null,
    shared_null,
    shared_taus,
)
from peftdiff.statistics.rank_tests import (
    Friedman,
    critical_difference,
    friedman,
    nemenyi,
)
from peftdiff.statistics.split_half import ceiling, reliability, spearman_brown, splits
from peftdiff.statistics.static_order import static_ranks, static_scores
from peftdiff.statistics.tau import null_distribution, weighted_tau, weighted_taus
from peftdiff.statistics.top_choice import regret, top_hit

__all__ = [
    "FEWEST",
    "Friedman",
    "Null",
    "ceiling",
    "critical_difference",
    "friedman",
    "interval",
    "mean_interval",
    "nemenyi",
    "null_distribution",
    "null_of_mean",
    "p_value",
    "permutation_null",
    "regret",
    "reliability",
    "resamples",
    "shared_null",
    "shared_taus",
    "spearman_brown",
    "splits",
    "static_ranks",
    "static_scores",
    "top_hit",
    "weighted_tau",
    "weighted_taus",
]
