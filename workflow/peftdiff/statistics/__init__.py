"""How well one ranking agrees with another, and how much of that is chance.

Arrays in, numbers out: nothing here knows a table or a file.

- ``tau``: the weighted tau, and its null distribution
- ``nulls``: p-values of one tau and of a mean of taus
- ``multiple_tests``: p-values corrected for the number of tests
- ``bootstrap``, ``student``: intervals over seeds or tasks
- ``proportions``: what a test set of some images can tell
- ``split_half``: reliability of a ranking, and the ceiling it puts on any tau
- ``top_choice``: what it costs to take the first choice of a ranking
- ``rank_tests``: the tests of Friedman and Nemenyi
- ``static_order``: the ranking that looks at no image
"""

from peftdiff.statistics.bootstrap import FEWEST, interval, mean_interval, resamples
from peftdiff.statistics.multiple_tests import holm
from peftdiff.statistics.nulls import (
    Null,
    null_of_mean,
    p_value,
    permutation_null,
    shared_null,
    shared_taus,
    smallest_p_value,
)
from peftdiff.statistics.proportions import (
    mean_shares_p_value,
    share_p_value,
    two_shares_p_value,
)
from peftdiff.statistics.rank_tests import (
    Friedman,
    critical_difference,
    friedman,
    nemenyi,
)
from peftdiff.statistics.split_half import ceiling, reliability, spearman_brown, splits
from peftdiff.statistics.static_order import static_ranks, static_scores
from peftdiff.statistics.student import student_interval, student_p_value
from peftdiff.statistics.tau import null_distribution, weighted_tau, weighted_taus
from peftdiff.statistics.top_choice import regret, top_hit

__all__ = [
    "FEWEST",
    "Friedman",
    "Null",
    "ceiling",
    "critical_difference",
    "friedman",
    "holm",
    "interval",
    "mean_interval",
    "mean_shares_p_value",
    "nemenyi",
    "null_distribution",
    "null_of_mean",
    "p_value",
    "permutation_null",
    "regret",
    "reliability",
    "resamples",
    "share_p_value",
    "shared_null",
    "shared_taus",
    "smallest_p_value",
    "spearman_brown",
    "splits",
    "static_ranks",
    "static_scores",
    "student_interval",
    "student_p_value",
    "top_hit",
    "two_shares_p_value",
    "weighted_tau",
    "weighted_taus",
]
