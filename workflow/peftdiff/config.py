"""The configuration, checked: every mistake is one sentence that names the key."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jsonschema
from jsonschema.exceptions import best_match

from peftdiff.methods import METHODS, hyperparameters
from peftdiff.metrics import METRICS, parameter_names
from peftdiff.runtime import UserError
from peftdiff.tasks import TASKS

Config = Mapping[str, Any]

SOURCES = ("pretraining", "source")  # images of these names lie beside the tasks'


def check_config(config: Config, schema: Config) -> None:
    """Check a complete configuration against the schema and the library's tables.

    Raises
    ------
    UserError
        Naming the key, what is wrong with its value, and what is allowed.
    """
    validator = jsonschema.Draft202012Validator(_with_names(schema, _own(config)))
    error = best_match(validator.iter_errors(dict(config)))
    if error is not None:
        raise UserError(_sentence(error))
    _check_by_name("hyperparameters", config, METHODS, hyperparameters)
    _check_by_name("metric_parameters", config, METRICS, parameter_names)
    for section in ("source", "ground_truth"):
        for method in config[section]["learning_rates"]:
            _known(f"{section}.learning_rates", method, METHODS)
    _known("figures.map_task", config["figures"]["map_task"], config["tasks"])
    _check_sizes(config)
    _check_search(config)


def _own(config: Config) -> list[str]:
    """Return the names of own tasks, from a configuration that is yet unchecked."""
    data = config.get("data")
    folders = data.get("image_folders") if isinstance(data, dict) else None
    names = list(map(str, folders)) if isinstance(folders, dict) else []
    for name in names:
        if name in TASKS or name in SOURCES:
            raise UserError(
                f"config key 'data.image_folders' has a task '{name}', a name that is"
                " taken; give it another"
            )
    return names


def _with_names(schema: Config, own: Iterable[str]) -> dict[str, Any]:
    filled = copy.deepcopy(dict(schema))
    pool = [slug for slug, method in METHODS.items() if method.in_pool]
    names = {
        "task": [*TASKS, *own],
        "method": pool,
        "reference": [slug for slug in METHODS if slug not in pool],
        "metric": list(METRICS),
    }
    for kind, slugs in names.items():
        filled["$defs"][kind]["enum"] = slugs
    return filled


def _sentence(error: jsonschema.ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    where = f"config key '{key}'" if key else "the configuration"
    value, bound = cast(Any, error.instance), cast(Any, error.validator_value)
    if error.validator == "additionalProperties":
        allowed = cast(Any, error.schema)["properties"]
        unknown = next(name for name in value if name not in allowed)
        return _unknown(f"{where} has an unknown key", unknown, allowed)
    if error.validator == "required":
        missing = [name for name in bound if name not in value]
        return f"{where} lacks the key '{missing[0]}'; config.yaml shows all keys"
    if error.validator == "enum":
        return _unknown(f"{where} is", value, bound)
    if error.validator == "type":
        return (
            f"{where} is {value!r}; it must be of type"
            f" {bound} (in YAML, write 1.0e-3, not 1e-3)"
        )
    if error.validator == "minItems":
        return f"{where} lists {len(value)} entries; it must list at least {bound}"
    return f"{where}: {error.message}"


def _unknown(what: str, name: Any, allowed: Iterable[str]) -> str:
    options = [str(option) for option in allowed]
    close = difflib.get_close_matches(str(name), options, 1, cutoff=0.7)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"{what} {name!r}{hint}; allowed: {', '.join(options)}"


def _known(key: str, name: str, allowed: Iterable[str]) -> None:
    if name not in allowed:
        raise UserError(_unknown(f"config key '{key}' has an unknown", name, allowed))


def _check_by_name(key: str, config: Config, table: Any, names: Any) -> None:
    for slug, values in config[key].items():
        _known(key, slug, table)
        for name in values:
            _known(f"{key}.{slug}", name, names(slug))


def _check_sizes(config: Config) -> None:
    architecture = config["backbone"]["architecture"]
    for whole, part in (("image_size", "patch_size"), ("width", "heads")):
        if architecture[whole] % architecture[part]:
            raise UserError(
                f"config key 'backbone.architecture.{part}' is {architecture[part]};"
                f" it must divide {whole}, which is {architecture[whole]}"
            )
    split = config["embedding"]["split"]
    images = min(config["data"][f"{split}_images"], config["embedding"]["max_images"])
    neighbors = config["metric_parameters"].get("peftdiff", {}).get("neighbors", 0)
    if neighbors > images:
        raise UserError(
            f"config key 'metric_parameters.peftdiff.neighbors' is {neighbors}, but"
            f" only {images} images of a task are scored; lower it, or raise"
            f" 'data.{split}_images'"
        )
    for axis in ("neighbors", "components"):
        largest = max(config["studies"]["grid"][axis])
        if largest > images:
            raise UserError(
                f"config key 'studies.grid.{axis}' goes up to {largest}, but only"
                f" {images} images of a task are scored; leave it out, or raise"
                f" 'data.{split}_images'"
            )


def _check_search(config: Config) -> None:
    for name, level in config["noah"]["levels"].items():
        key, evolution = f"noah.levels.{name}.evolution", level["evolution"]
        population = evolution["population"]
        for parts in (("mutations", "crossovers"), ("parents",)):
            count = sum(evolution[part] for part in parts)
            if count > population:
                raise UserError(
                    f"config key '{key}': {' and '.join(parts)} are {count}, more than"
                    f" the population of {population}; raise it, or lower them"
                )
