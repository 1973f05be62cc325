"""The sections of what methods and metrics take, as their functions annotate it."""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, cast, get_args, get_origin

from annotated_types import MinLen
from pydantic import Field, Tag, create_model

from peftdiff.config.values import BY_FORM, NUMBER, WHOLE, Section
from peftdiff.methods import METHODS
from peftdiff.methods.presets import PRESET, PRESETS, has_presets
from peftdiff.metrics import METRICS
from peftdiff.parameters import Keyword, OneOf, keywords

NOTES = {int: (WHOLE,), float: NUMBER}
FORMS = {int: "number", float: "number", str: "text", list: "list"}


def configured(kind: Any) -> Any:
    """Return an annotation as a configuration is checked against it.

    Whole numbers may be written as 1.0e+3, sequences are lists, and the members of a
    union are told apart by their form.
    """
    annotated, sequence = cast(Any, Annotated), cast(Any, list)
    if kind in NOTES:
        return annotated[kind, *NOTES[kind]]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        base, *bounds = arguments
        return annotated[base, *bounds, *NOTES.get(base, ())]
    if origin is collections.abc.Sequence:
        return annotated[sequence[configured(arguments[0])], MinLen(1)]
    if origin in (Union, types.UnionType):
        members = [m for m in arguments if m is not type(None)]
        either = configured(members[0])
        if len(members) > 1:
            tagged = [annotated[configured(m), Tag(_form(m))] for m in members]
            either = annotated[Union[tuple(tagged)], BY_FORM]  # noqa: UP007
        return either | None if type(None) in arguments else either
    return kind


def _form(kind: Any) -> str:
    base = get_origin(kind)
    if base is Annotated:
        base = get_args(kind)[0]
    return FORMS[list if base is collections.abc.Sequence else base]


def section(
    name: str, takes: Iterable[tuple[str, dict[str, Keyword]]], *, null: bool
) -> type[Section]:
    """Return a section that has a section for each function, by its name.

    Parameters
    ----------
    name
        Of the section's class.
    takes
        The keywords of each function.
    null
        Whether a null is allowed everywhere, and means the default value.
    """
    functions: dict[str, Any] = {}
    for slug, taken in takes:
        fields: dict[str, Any] = {}
        for key, keyword in taken.items():
            kind = configured(keyword.kind)
            fields[key] = (kind | None if null else kind, keyword.default)
        model = create_model(slug, __base__=Section, **fields)
        functions[slug] = (model, Field(default_factory=model))
    return create_model(name, __base__=Section, **functions)


def method_keywords(method: str) -> dict[str, Keyword]:
    """Return what a method takes; `preset` stands for the values of a task."""
    taken = keywords(f"peftdiff.methods.{method}", "build")
    if has_presets(method):
        taken = taken | {PRESET: Keyword(Annotated[str, OneOf(PRESETS)], None)}
    return taken


def metric_keywords(metric: str) -> dict[str, Keyword]:
    """Return what a metric takes."""
    return keywords(f"peftdiff.metrics.{metric}", "score")


Hyperparameters = section(
    "Hyperparameters", ((m, method_keywords(m)) for m in METHODS), null=True
)
MetricParameters = section(
    "MetricParameters", ((m, metric_keywords(m)) for m in METRICS), null=False
)
