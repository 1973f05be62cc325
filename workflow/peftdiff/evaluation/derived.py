"""Tables that follow from others alone, where an experiment lacks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from peftdiff.evaluation.correlation import correlate
from peftdiff.evaluation.first_choice import first_choices
from peftdiff.evaluation.standings import describe_tasks, stand
from peftdiff.evaluation.studies.times import times_by_group

Tables = Mapping[str, pd.DataFrame]

DERIVED: dict[str, tuple[Callable[..., pd.DataFrame], tuple[str, ...]]] = {
    "correlation": (correlate, ("scores", "ground_truth")),
    "standings": (stand, ("ground_truth",)),
    "tasks": (describe_tasks, ("ground_truth", "standings")),
    "first_choices": (
        first_choices,
        ("scores", "ground_truth", "standings", "tasks"),
    ),
    "times": (times_by_group, ("timing",)),
}
"""What makes a table of which others, in the order in which they are made."""


def with_derived(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return tables by name, those added that follow from them.

    Results of an older version lack some; each is made here as its job makes it.
    """
    found = dict(tables)
    for name, (make, sources) in DERIVED.items():
        if name not in found and {*sources} <= {*found}:
            found[name] = make(*(found[source] for source in sources))
    return found
