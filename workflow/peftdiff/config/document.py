"""What is written from the models: the page of all keys, and a JSON schema for editors.

`PYTHONPATH=workflow .venv/bin/python -m peftdiff.config.document` writes both, in the
folder that holds config.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import allowed, bare, fields, tagged
from peftdiff.config.values import Section

BASE = "config.yaml"
PAGE = "docs/configuration.md"
SCHEMA = "workflow/schemas/config.schema.json"

HEAD = """\
# The configuration

`config.yaml` is the embedded experiment `mini`, complete: every key below stands there.
An overlay, given with `--configfile`, names what differs; mappings merge, lists are
replaced. Several overlays may follow one another.

- Everything is checked before anything runs, and a mistake ends in one sentence that
  names the key, its value and what is allowed. An unknown key is a mistake; one that
  stands at another level than its own is told where it belongs, and one that stands
  twice in a file is told with its lines.
- Whole numbers are up to 4294967295; other numbers are 0, or of a size from 1.0e-30 to
  1.0e+30, as single precision needs them.
- `studies.grid` has to fit the tasks only where a study is asked for.
- In YAML a number with an exponent needs a point and a sign: `1.0e-3` is a number,
  `1e-3` is text. `1.0e+3` may stand for the whole number 1000.
- `--config key=value` changes a key of the top level. What is nested there arrives as
  text, so that numbers belong into a file.
- Editors that know YAML schemas complete and check the keys: the first line of
  `config.yaml` names the schema.

This page is made from `workflow/peftdiff/config`; do not edit it.
"""
TABLE = ["| key | in `mini` | meaning | allowed |", "|---|---|---|---|"]

Row = tuple[str, str, str, str]


def page(config: Mapping[str, Any]) -> str:
    """Return a Markdown page of all keys, with their values in a configuration."""
    models = {name: bare(kind) for name, kind in fields(Configuration).items()}
    sections = {name: model for name, model in models.items() if _is_section(model)}
    alone = [name for name in models if name not in sections]
    shown: dict[type[Section], str] = {}
    parts = [HEAD, "## The experiment", ""]
    parts += _table(_rows(Configuration, config, "", shown, only=alone))
    for name, model in sections.items():
        about = _about(Configuration, name)
        parts += ["", f"## `{name}`", "", about, ""]
        parts += _table(_rows(model, config[name], name, shown))
    return "\n".join(parts) + "\n"


def _table(rows: Iterator[Row]) -> list[str]:
    cells = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [*TABLE, *(f"| {' | '.join(row)} |" for row in cells)]


def _rows(
    section: type[Section],
    config: Mapping[str, Any],
    path: str,
    shown: dict[type[Section], str],
    only: list[str] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a section; sections in it follow the key that holds them.

    `shown` says where each kind of section has been shown, and is added to.
    """
    for name, kind in fields(section).items():
        if only is not None and name not in only:
            continue
        key = f"{path}.{name}" if path else name
        value = config.get(name, ...)
        model = bare(tagged(bare(kind)).get("mapping", kind))
        about = _about(section, name)
        if not _is_section(model) or not model.model_fields:
            yield f"`{key}`", _yaml(value), about, allowed(kind)
        elif model in shown:
            yield f"`{key}`", _yaml(value), about, f"as `{shown[model]}`"
        else:
            shown[model] = key
            if about or model is not bare(kind):
                ways = allowed(kind) if model is not bare(kind) else "the keys below"
                yield f"`{key}`", "" if value else _yaml(value), about, ways
            inner = value if isinstance(value, Mapping) else {}
            yield from _rows(model, inner, key, shown)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _about(section: type[Section], name: str) -> str:
    field = section.model_fields[name]
    if field.description:
        return " ".join(field.description.split())
    known = not _is_section(bare(field.annotation)) and field.default is not None
    return f"The default is {_yaml(field.default)}." if known else ""


def _yaml(value: Any) -> str:
    if value is ...:
        return ""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"


def schema() -> str:
    """Return the JSON schema of configurations and overlays, in which no key must be.

    It knows kinds, bounds and names; checks that involve several keys are not in it.
    """
    found = _cleaned(Configuration.model_json_schema())
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(about | found, indent=1) + "\n"


def _cleaned(node: Any) -> Any:
    """Return a schema without required keys, titles and defaults; lines are joined."""
    if isinstance(node, list):
        return [_cleaned(each) for each in node]
    if not isinstance(node, dict):
        return node
    cleaned: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            cleaned[key] = {name: _cleaned(each) for name, each in value.items()}
        elif key == "description":
            cleaned[key] = " ".join(value.split())
        elif key not in ("required", "title", "default"):
            cleaned[key] = _cleaned(value)
    if "patternProperties" in cleaned:  # and no name beside
        cleaned["additionalProperties"] = False
    return cleaned


def main() -> None:
    """Write the page and the schema."""
    config = yaml.safe_load(Path(BASE).read_text(encoding="utf-8"))
    Path(PAGE).write_text(page(config), encoding="utf-8")
    Path(SCHEMA).parent.mkdir(exist_ok=True)
    Path(SCHEMA).write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
