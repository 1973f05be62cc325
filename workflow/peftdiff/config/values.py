"""The kinds of values that the sections of the configuration are made of."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

NOT_GIVEN: Any = None  # the default of a key that may be left out, but not be null


class Section(BaseModel):
    """Keys that belong together; an unknown one is a mistake."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {}
    """Keys of similar sections that this one does not have, and why."""


@dataclass(frozen=True)
class Allowed:
    """What a kind allows, in words, where its bounds do not say it."""

    words: str


# Whole numbers are as large as seeds may be, and other numbers of a size that single
# precision holds: what is beyond fails late, and in the words of a library.
LARGEST_WHOLE = 2**32 - 1
SMALLEST, LARGEST = 1e-30, 1e30


def _whole(value: Any) -> Any:
    """Take 1.0e+3 for a whole number: YAML has no exponent for integers."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise PydanticCustomError(
            "size", "{limit}", {"limit": f"up to {LARGEST_WHOLE}"}
        )
    return value


def _as_given(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Keep a whole number where any number is allowed: a run's key tells 1 from 1.0."""
    check(value)
    if value and not SMALLEST <= abs(value) <= LARGEST:
        limit = f"of a size from {SMALLEST:.1e} to {LARGEST:.1e}"
        raise PydanticCustomError("size", "{limit}", {"limit": limit})
    return value


WHOLE = BeforeValidator(_whole)
NUMBER = (AllowInfNan(False), WrapValidator(_as_given))

Count = Annotated[int, Ge(1), WHOLE]
Natural = Annotated[int, Ge(0), WHOLE]
# The seeds that every generator of random numbers takes.
Seed = Annotated[int, Ge(0), Le(2**32 - 1), WHOLE]
Positive = Annotated[float, Gt(0), *NUMBER]
NotNegative = Annotated[float, Ge(0), *NUMBER]
Probability = Annotated[float, Ge(0), Le(1), *NUMBER]
ShareBelowOne = Annotated[float, Ge(0), Lt(1), *NUMBER]
ShareOfAll = Annotated[float, Gt(0), Le(1), *NUMBER]
HeldOutShare = Annotated[float, Gt(0), Lt(1), *NUMBER]


def _text(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("empty_text", "it is empty")
    return value


Text = Annotated[str, AfterValidator(_text)]
# Of a file or folder of the user's; a home folder may be abbreviated.
PathText = Annotated[Text, AfterValidator(os.path.expanduser)]


def matching(
    pattern: str, words: str
) -> tuple[AfterValidator, Allowed, WithJsonSchema]:
    """Return what makes a text match a pattern, which is told to users in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("pattern", "it does not match")
        return value

    schema = {"type": "string", "pattern": f"^({pattern})$"}
    return AfterValidator(check), Allowed(words), WithJsonSchema(schema)


# Words that whoever reads a table takes for a missing value, a number or a truth value.
MISREAD = "null|nan|none|inf|infinity|true|false"
LONGEST_NAME = 64  # files are named after it, and the system limits their names
NAME = rf"(?!({MISREAD})$)[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}"
NAME_IN_WORDS = (
    f"a name of at most {LONGEST_NAME} small letters, digits and underscores that"
    f" begins with a letter, but none of {', '.join(MISREAD.split('|'))}, which tables"
    " misread"
)
OwnTaskName = Annotated[str, *matching(NAME, NAME_IN_WORDS)]
ExperimentName = Annotated[
    str,
    *matching(
        rf"(?!(cached|downloads|published)$){NAME}",
        f"{NAME_IN_WORDS}, nor cached, downloads or published, which lie beside it",
    ),
]

Item = TypeVar("Item")


def _without_repeats(items: list[Item]) -> list[Item]:
    for place, item in enumerate(items):
        if item in items[:place]:
            raise PydanticCustomError("repeat", "{item} twice", {"item": item})
    return items


NO_REPEATS = AfterValidator(_without_repeats)
Distinct = Annotated[list[Item], NO_REPEATS]
Some = Annotated[list[Item], MinLen(1), NO_REPEATS]
Seeds = Some[Seed]


def form(value: Any) -> str | None:
    """Return the form of a value: "mapping", "list", "text" or "number"."""
    if isinstance(value, Mapping | BaseModel):
        return "mapping"
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) else None


BY_FORM = Discriminator(form)
"""Of a union whose members are tagged by their forms."""
