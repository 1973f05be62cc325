"""Figures that others have published, computed again and compared with one another."""

from peftdiff.evaluation.published.agreement import (
    POOL,
    SOURCES,
    compare_sources,
    metric_taus,
    shuffled_nulls,
    source_label,
)
from peftdiff.evaluation.published.means import ceilings, means_over_tasks
from peftdiff.evaluation.published.poster import PosterTables, recompute
from peftdiff.evaluation.published.truth import (
    absences,
    published_truth,
    read_accuracies,
    read_resource,
)

__all__ = [
    "POOL",
    "SOURCES",
    "PosterTables",
    "absences",
    "ceilings",
    "compare_sources",
    "means_over_tasks",
    "metric_taus",
    "published_truth",
    "read_accuracies",
    "read_resource",
    "recompute",
    "shuffled_nulls",
    "source_label",
]
