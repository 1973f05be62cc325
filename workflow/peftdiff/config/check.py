"""The check of a configuration: each value by its kind, then all by each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from peftdiff.config.consistency import check_consistency, check_grid
from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import sentence
from peftdiff.config.values import Section
from peftdiff.runtime import UserError


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that is right (see `peftdiff.config.check_config`)."""
    try:
        typed = Configuration.model_validate(dict(config))
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        raise UserError(sentence(mistakes, Configuration)) from None
    check_consistency(typed)
    return {key: _plain(getattr(typed, key), value) for key, value in config.items()}


def grid_mistake(config: Mapping[str, Any]) -> str:
    """Return what is wrong with the grid (see `peftdiff.config.grid_mistake`)."""
    try:
        check_grid(Configuration.model_validate(dict(config)))
    except UserError as error:
        return str(error)
    return ""


def _plain(value: Any, given: Any) -> Any:
    """Return a value without its types: the keys that were given, in their order."""
    if isinstance(value, Section):
        value = dict(value)
    if isinstance(value, dict):
        return {key: _plain(value[key], given[key]) for key in given}
    return value
