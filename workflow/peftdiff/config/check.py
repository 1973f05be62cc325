"""The check of a configuration: each value by its kind, then all by each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from peftdiff.config.consistency import check_consistency
from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import sentence
from peftdiff.runtime import UserError


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that is right (see `peftdiff.config.check_config`)."""
    try:
        typed = Configuration.model_validate(dict(config))
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        raise UserError(sentence(mistakes, Configuration)) from None
    check_consistency(typed)
    in_order: dict[str, Any] = _ordered(typed.model_dump(exclude_unset=True), config)
    return in_order


def _ordered(value: Any, like: Any) -> Any:
    """Return nested mappings with the keys in the order of others."""
    if isinstance(value, dict):
        return {key: _ordered(value[key], like[key]) for key in like}
    return value
