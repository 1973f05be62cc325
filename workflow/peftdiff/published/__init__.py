"""Figures that others have published, computed again and compared with one another."""

from peftdiff.published.agreement import (
    POOL,
    SOURCES,
    compare_sources,
    metric_taus,
    shuffled_nulls,
    source_label,
)
from peftdiff.published.means import ceilings, means_over_tasks
from peftdiff.published.page import published_page
from peftdiff.published.poster import PosterTables, recompute
from peftdiff.published.resources import read_accuracies, read_resource
from peftdiff.published.truth import absences, published_truth

__all__ = [
    "POOL",
    "SOURCES",
    "PosterTables",
    "absences",
    "ceilings",
    "compare_sources",
    "means_over_tasks",
    "metric_taus",
    "published_page",
    "published_truth",
    "read_accuracies",
    "read_resource",
    "recompute",
    "shuffled_nulls",
    "source_label",
]
