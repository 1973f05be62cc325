"""The parameters of PEFTDiff's score, as configured and by default."""

import inspect
from collections.abc import Mapping
from typing import Any

from peftdiff.diffusion import diffusion_score

SETTING = ["diffusion_time", "neighbors", "components"]


def complete_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of the score: those given, the others' defaults."""
    known = inspect.signature(diffusion_score).parameters.values()
    defaults = {p.name: p.default for p in known if p.kind is p.KEYWORD_ONLY}
    return defaults | dict(parameters)


def default_setting(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the diffusion time, neighbors and components that the score takes."""
    complete = complete_parameters(parameters)
    return {name: complete[name] for name in SETTING}
