"""Files of configuration: what is wrong with one, by its line."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml

from peftdiff.runtime import UserError


def check_file(path: str | Path) -> None:
    """Check that a file can be merged into a configuration, whatever its keys.

    The engine reads such files itself; but of two equal keys it takes the last, and it
    does not name a file that it cannot read.

    Raises
    ------
    UserError
        In one sentence, which names the file, the line and what to do.
    """
    try:
        content = _read(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"the configuration file {path} cannot be read ({reason}); correct its"
            f" name{_others(Path(path))}, or write it"
        ) from None
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        reason = f"it is no valid YAML: line {line} is not UTF-8; save it as UTF-8"
        raise _wrong(path, reason) from None
    except _RepeatedKey as error:
        raise _wrong(path, f"{error}; write it once") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}" if mark else ""
        indented = "\\t" in str(error.problem)
        remedy = "indent with spaces, not tabs" if indented else "correct it there"
        reason = f"it is no valid YAML{where}: {error.problem}; {remedy}"
        raise _wrong(path, reason) from None
    except (yaml.YAMLError, ValueError) as error:
        reason = f"it is no valid YAML: {' '.join(str(error).split())}; correct it"
        raise _wrong(path, reason) from None
    if not isinstance(content, dict):
        found = "it is empty; " if content is None else ""
        reason = f"{found}it must hold keys at its top level, as config.yaml does"
        raise _wrong(path, reason)


def _others(path: Path) -> str:
    """Return the files of configuration that lie where one is missing."""
    beside = sorted(other.name for other in path.parent.glob("*.yaml"))
    return f" ({', '.join(beside)} lie there)" if beside else ""


def _wrong(path: str | Path, reason: str) -> UserError:
    return UserError(f"the configuration file {path}: {reason}")


def _read(text: str) -> Any:
    """Return a file's content; like the engine, take it for JSON first."""
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError:
        return yaml.load(text, _Loader)


class _RepeatedKey(Exception):
    """A key stands twice in one mapping."""


class _Loader(yaml.SafeLoader):
    """A loader that refuses a key twice in one mapping."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Return a mapping; what is merged into it by `<<` may be overridden."""
        lines: dict[Hashable, int] = {}
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                continue
            line = name.start_mark.line + 1
            if name.value in lines:
                raise _RepeatedKey(
                    f"the key '{name.value}' stands twice in one mapping, in line"
                    f" {lines[name.value]} and in line {line}"
                )
            lines[name.value] = line
        return super().construct_mapping(node, deep)


def _without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKey(f"the key '{key}' stands twice in one mapping")
        found[key] = value
    return found
