"""What the parameters of methods and metrics may be, and how to read it off the source.

A function annotates its keywords with the kinds below. They are plain `int`, `float`
and `str` to whoever calls it; a configuration is checked against them before anything
runs. They are read from the modules' text, because importing these takes seconds.
"""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Seed = Annotated[int, Ge(0), Le(2**32 - 1)]  # what every generator of numbers takes
Positive = Annotated[float, Gt(0)]
Dropout = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, init=False)
class OneOf:
    """The names that a text may be, as an annotation of `str`."""

    names: tuple[str, ...]

    def __init__(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", tuple(names))

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        """Tell pydantic, which is not imported here, what to check."""
        return {"type": "literal", "expected": list(self.names)}


class Keyword(NamedTuple):
    """A keyword of a function: its annotation, evaluated, and its default value."""

    kind: Any
    default: Any


PACKAGE = "peftdiff"
ROOT = Path(__file__).parent


@functools.cache
def keywords(module: str, function: str) -> dict[str, Keyword]:
    """Return the keyword-only parameters of a function that have a default value.

    Those of a function that wraps another one (`functools.wraps`) are the other's.

    Parameters
    ----------
    module
        A module of this library, such as "peftdiff.metrics.gbc".
    function
        Its name there.

    Raises
    ------
    ValueError
        Where there is no such module, or it holds no such function.
    """
    home, found = _definition(module, function)
    if not isinstance(found, ast.FunctionDef):
        raise ValueError(f"{module} has no function '{function}'")
    for decorator in found.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(
            "wraps"
        ):
            return keywords(home, ast.unparse(decorator.args[0]))
    named = zip(found.args.kwonlyargs, found.args.kw_defaults, strict=True)
    return {
        argument.arg: Keyword(
            _value(argument.annotation, home), ast.literal_eval(default)
        )
        for argument, default in named
        if default is not None
    }


@functools.cache
def _statements(module: str) -> dict[str, ast.stmt]:
    """Return the statements of a module by the names that they define or import."""
    path = ROOT.joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        raise ValueError(f"there is no module {module}")
    found: dict[str, ast.stmt] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = statement
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = statement
            case ast.ImportFrom(names=names):
                found |= {each.asname or each.name: statement for each in names}
    return found


def _definition(module: str, name: str) -> tuple[str, ast.stmt | None]:
    """Follow imports to the statement that defines a name; return its module, too."""
    statement = _statements(module).get(name)
    if isinstance(statement, ast.ImportFrom):
        source = str(statement.module)
        (imported,) = [a.name for a in statement.names if name in (a.asname, a.name)]
        if source.split(".")[0] == PACKAGE:
            return _definition(source, imported)
    return module, statement


def _value(node: ast.expr | None, module: str) -> Any:
    """Return the value of an annotation, or of what it is made of."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _named(name, module)
        case ast.Tuple(elts=parts) | ast.Dict(keys=parts):  # the keys are its names
            return tuple(_value(part, module) for part in parts)
        case ast.Subscript(value=generic, slice=arguments):
            return _value(generic, module)[_value(arguments, module)]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _value(left, module) | _value(right, module)
        case ast.Call(func=function, args=arguments):
            return _value(function, module)(*(_value(a, module) for a in arguments))
    text = "nothing" if node is None else f"'{ast.unparse(node)}'"
    raise ValueError(f"{module} annotates a parameter with {text}, which is no kind")


def _named(name: str, module: str) -> Any:
    home, statement = _definition(module, name)
    if home == __name__:
        return globals()[name]
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return _value(value, home)
        case ast.ImportFrom(module=source):  # of another library
            return getattr(importlib.import_module(str(source)), name)
    return getattr(importlib.import_module("builtins"), name)
