"""A mistake in the configuration, and what a key allows, in words."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import Tag
from pydantic_core import ErrorDetails

from peftdiff.config.values import NO_REPEATS, Allowed, Section
from peftdiff.parameters import OneOf

LONGEST = 60  # characters of a value that are shown
MOST_HOMES = 3  # sections that are named where a misplaced key belongs
TEXT_HINT = (
    " (which is text: write it without quotes, and 1.0e-3 instead of 1e-3; what"
    " --config nests is text, so put it into a file for --configfile)"
)


class Place(NamedTuple):
    """Where a value stands: its key (of a list, the list's), kind, and form.

    `part` is "value", "entry" (of the list of that key) or "name" (of a key in it).
    """

    key: str
    kind: Any
    part: Literal["value", "entry", "name"] = "value"


def sentence(errors: Sequence[ErrorDetails], whole: type[Section]) -> str:
    """Return what is wrong with a configuration, in one sentence.

    An unknown key goes first: the key that it was meant for may be said to be missing.
    """
    unknown = [e for e in errors if e["type"] in ("extra_forbidden", "invalid_key")]
    error = (unknown or errors)[0]
    kind, loc, value = error["type"], error["loc"], error["input"]
    if unknown:
        return _unknown_key(_section(loc, whole), loc[-1], whole)
    if kind == "missing":
        return (
            f"{where(_section(loc, whole).key)} lacks the key '{loc[-1]}';"
            " config.yaml shows all keys"
        )
    place = find(loc, whole)
    if kind == "repeat":
        item = shown(error["ctx"]["item"])
        return f"{where(place.key)} lists {item} twice; list it once"
    verb = {"value": "is", "entry": "has", "name": "has the name"}[place.part]
    must = "each entry" if place.part == "entry" else "it"
    found = f"{where(place.key)} {verb} {shown(value)}{_hint(value, place.kind)}"
    limit = f", {error['ctx']['limit']}" if kind == "size" else ""
    return f"{found}; {must} must be {allowed(place.kind)}{limit}"


def unknown_name(key: str, name: str, names: Iterable[str], more: str = "") -> str:
    """Return the sentence for a name under a key that knows only others."""
    options = list(names)
    return (
        f"{where(key)} has {name!r}{close_match(name, options)}; allowed:"
        f" {', '.join(options)}{more}"
    )


def close_match(name: Any, options: Iterable[str]) -> str:
    """Return a question whether one of the options was meant, or nothing."""
    close = difflib.get_close_matches(str(name), list(options), 1, cutoff=0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""


def where(key: str) -> str:
    """Return how a sentence calls a key."""
    return f"config key '{key}'" if key else "the configuration"


def shown(value: Any) -> str:
    """Return a value as it is written in YAML, shortened; text in quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    text = repr(dict(value)) if isinstance(value, Mapping) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _unknown_key(place: Place, name: Any, whole: type[Section]) -> str:
    section = bare(place.kind)
    if reason := section.WITHOUT_EFFECT.get(name):
        key = ".".join(filter(None, (place.key, str(name))))
        return f"{where(key)} has no effect, as {reason}; leave it out"
    options = list(section.model_fields)
    match = close_match(name, options) or _elsewhere(name, whole)
    known = ", ".join(options) or "none"
    return (
        f"{where(place.key)} has an unknown key {shown(name)}{match}; allowed: {known}"
    )


def _elsewhere(name: Any, whole: type[Section]) -> str:
    """Return where a key belongs that stands at another level, or nothing."""
    keys = list(_all_keys(whole))
    homes = [home for home, key in keys if key == name]
    if any(f"{home}.{key}" == name for home, key in keys):
        home, _, key = name.rpartition(".")
        return f" (write '{key}' below '{home}', indented)"
    if not homes:
        return ""
    named = [f"below '{home}'" if home else "at the top level" for home in homes]
    more = " and elsewhere" if len(homes) > MOST_HOMES else ""
    return f" (which belongs {' or '.join(named[:MOST_HOMES])}{more})"


def _all_keys(section: type[Section], home: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key after the section that holds it, the outer ones first."""
    inner = {}
    for name, kind in fields(section).items():
        yield home, name
        model = bare(tagged(bare(kind)).get("mapping", kind))
        if isinstance(model, type) and issubclass(model, Section):
            inner[f"{home}.{name}" if home else name] = model
    for path, model in inner.items():
        yield from _all_keys(model, path)


def _hint(value: Any, kind: Any) -> str:
    if names := names_of(kind):
        return close_match(value, names)
    if not isinstance(value, str) or bare(kind) is str:
        return ""
    try:
        float(value)
    except ValueError:
        return TEXT_HINT if value in ("true", "false", "null") else ""
    return TEXT_HINT


def _section(loc: Sequence[int | str], whole: type[Section]) -> Place:
    """Return the place of the section that lacks a key, or has it and should not."""
    place = find(loc[:-1], whole)
    members = tagged(bare(place.kind))
    return place._replace(kind=members["mapping"]) if members else place


def find(loc: Sequence[int | str], whole: type[Section]) -> Place:
    """Return the place that pydantic names by keys, rows and, before more, forms."""
    key: list[str] = []
    place = Place("", whole)
    for depth, step in enumerate(loc):
        kind = bare(place.kind)
        if get_origin(kind) is list:
            place = Place(place.key, get_args(kind)[0], "entry")
        elif get_origin(kind) is dict:
            names, values = get_args(kind)
            if loc[depth + 1 :] == ("[key]",):
                return Place(place.key, names, "name")
            key.append(str(step))
            place = Place(".".join(key), values)
        elif members := tagged(kind):
            if depth + 1 < len(loc):
                place = place._replace(kind=members[str(step)])
        else:
            key.append(str(step))
            place = Place(".".join(key), fields(kind)[str(step)])
    return place


def fields(section: type[Section]) -> dict[str, Any]:
    """Return the annotations of a section's keys."""
    hints = get_type_hints(section, include_extras=True)
    return {name: hints[name] for name in section.model_fields}


def bare(kind: Any) -> Any:
    """Return a kind without its bounds, and without null."""
    if get_origin(kind) is Annotated:
        return bare(get_args(kind)[0])
    members = _members(kind)
    return bare(members[0]) if len(members) == 1 else kind


def tagged(kind: Any) -> dict[str, Any]:
    """Return the members of a union of several forms, by form."""
    return {
        note.tag: member
        for member in _members(kind)
        for note in get_args(member)
        if isinstance(note, Tag)
    }


def _members(kind: Any) -> list[Any]:
    if get_origin(kind) not in (Union, types.UnionType):
        return []
    return [member for member in get_args(kind) if member is not type(None)]


def names_of(kind: Any) -> list[str]:
    """Return the names that a kind allows; none where it is not about names."""
    if get_origin(kind) is Literal:
        return [str(name) for name in get_args(kind)]
    notes = [note for note in get_args(kind) if isinstance(note, OneOf)]
    inner = get_args(kind)[:1] if get_origin(kind) is Annotated else _members(kind)
    own = [name for note in notes for name in note.names]
    return own + [name for each in inner for name in names_of(each)]


def allowed(kind: Any) -> str:
    """Return what a value of a kind may be, in words."""
    notes: tuple[Any, ...] = ()
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        notes = (*more, *notes)
    for note in notes:
        if isinstance(note, Allowed):
            return note.words
        if isinstance(note, OneOf):
            return _one_of(note.names)
    if get_origin(kind) is Literal:
        return _one_of(map(str, get_args(kind)))
    if members := _members(kind):
        null = ["null"] if type(None) in get_args(kind) else []
        return ", or ".join([*map(allowed, members), *null])
    if get_origin(kind) is list:
        return _list(get_args(kind)[0], notes)
    if get_origin(kind) is dict:
        names, values = map(allowed, get_args(kind))
        return f"a mapping; each name {names}; each value {values}"
    words = {bool: "true or false", str: "a text that is not empty"}
    words |= {int: "a whole number", float: "a number"}
    return words[kind] + _bounds(notes) if kind in words else _mapping(kind)


def _one_of(names: Iterable[str]) -> str:
    *others, last = names
    return f"one of {', '.join([*others, last])}" if others else last


def _list(item: Any, notes: Iterable[Any]) -> str:
    least = next((n.min_length for n in notes if isinstance(n, MinLen)), 0)
    most = next((n.max_length for n in notes if isinstance(n, MaxLen)), None)
    count = f"{least} " if least == most else f"{least} or more " if least else ""
    repeats = ", none twice" if NO_REPEATS in notes else ""
    return f"a list of {count}entries{repeats}, each {allowed(item)}"


def _bounds(notes: Iterable[Any]) -> str:
    low = high = ""
    for note in notes:
        match note:
            case Ge(ge=least):
                low = f"from {least}"
            case Gt(gt=least):
                low = f"above {least}"
            case Le(le=most):
                high = str(most)
            case Lt(lt=most):
                high = f"below {most}"
    if high:
        return f" {low} {'to' if low.startswith('from') else 'and up to'} {high}"
    return f" {low.replace('from', 'of at least')}" if low else ""


def _mapping(section: type[Section]) -> str:
    names = ", ".join(section.model_fields)
    return f"a mapping with the keys {names}" if names else "an empty mapping"
