"""The choices where poster, text and published code disagree, one at a time.

Each choice of the score's definition is changed alone, the rest left as configured, but
for what ALONG says. The published code's chain is run from several start vectors of its
solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from peftdiff.studies.parameters import SETTING, complete_parameters

# What each choice may be, the poster's or the published code's value among them.
VALUES: dict[str, tuple[Any, ...]] = {
    "symmetrize": ("max", "mean", "mutual"),
    "kernel_width": (1.0, "median", "self_tuning"),
    "self_loops": (True, False),
    "inter": ("squared", "root"),
    "min_class_size": (1, 10),
    "normalize": (True, False),
}
# Rows as they come have a scale of their own, and weights underflow at width 1.
ALONG = {("normalize", False): {"kernel_width": "median"}}
COMBINE = ("zscore", "relative")
DEFAULT = "default"
RUN = ["choice", "value", "start_seed"]


class Run(NamedTuple):
    """The score with one choice changed, or a variant from one start seed."""

    choice: str
    value: str
    start_seed: int
    parameters: dict[str, Any]


def list_runs(parameters: Mapping[str, Any], start_seeds: Iterable[int]) -> list[Run]:
    """Return the runs that are compared: the default first, then each change of it.

    Parameters
    ----------
    parameters
        Of the metric, as configured.
    start_seeds
        Of the variants "symmetric" and "as_published"; the latter takes nothing else
        but diffusion time, neighbors and components.
    """
    default = complete_parameters(parameters)
    seed = default["seed"]
    runs = [Run(DEFAULT, DEFAULT, seed, default)]
    for choice, values in VALUES.items():
        for value in values:
            if value != default[choice]:
                along = ALONG.get((choice, value), {})
                changed = default | {choice: value} | along
                name = ", ".join(map(name_value, (value, *along.values())))
                runs.append(Run(choice, name, seed, changed))
    published = {name: default[name] for name in [*SETTING, "search"]}
    variants = {"symmetric": default, "as_published": complete_parameters(published)}
    for variant, options in variants.items():
        for start in start_seeds:
            changed = options | {"variant": variant, "seed": start}
            runs.append(Run("variant", variant, start, changed))
    return runs


def name_value(value: Any) -> str:
    """Return a choice's value as configurations spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
