"""The configuration, checked: every mistake is one sentence that names the key."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jsonschema
from jsonschema.exceptions import best_match

from peftdiff.data.normalization import NORMALIZATIONS
from peftdiff.methods import METHODS, hyperparameters
from peftdiff.methods.presets import PRESET, filled_in, has_presets
from peftdiff.metrics import METRICS, parameter_names
from peftdiff.runtime import UserError
from peftdiff.tasks import SIZE, TASKS, DrawnTask

Config = Mapping[str, Any]

# Names of other images, and of weights, where those of the tasks are counted.
SOURCES = ("pretraining", "source", "backbone")


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
    _check_by_name("hyperparameters", config, METHODS, _hyperparameter_names)
    filled_in(config["hyperparameters"])
    _check_by_name("metric_parameters", config, METRICS, parameter_names)
    for section in ("source", "ground_truth"):
        for method in config[section]["learning_rates"]:
            _known(f"{section}.learning_rates", method, METHODS)
    _known("figures.map_task", config["figures"]["map_task"], config["tasks"])
    normalization = config["data"]["normalization"]
    if isinstance(normalization, str):
        _known("data.normalization", normalization, NORMALIZATIONS)
    _check_backbone(config["backbone"], config["tasks"])
    _check_source(config["source"])
    _check_sizes(config)
    _check_search(config)
    _check_augmentation(config)


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
            f" {bound} (in YAML, write 1.0e-3, not 1e-3; what --config nests is text,"
            " so put it into a file for --configfile)"
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


def _hyperparameter_names(method: str) -> list[str]:
    return [*hyperparameters(method), *([PRESET] if has_presets(method) else [])]


def _check_augmentation(config: Config) -> None:
    sections = {name: config[name] for name in ("backbone", "ground_truth")}
    for name, section in (sections | {"studies.cnn": config["studies"]["cnn"]}).items():
        if section["recipe"].get("augmentation"):
            raise UserError(
                f"config key '{name}.recipe' has an augmentation, which only the"
                " training on the source can have; leave it out"
            )
    recipe = config["source"]["recipe"]
    parts = recipe.get("augmentation") or {}
    if parts and recipe.get("flips"):
        raise UserError(
            "config key 'source.recipe' has both 'flips' and an augmentation; leave"
            " out 'flips', or name 'augmentation.flip' in its place"
        )
    if (parts.get("mixup") or parts.get("cutmix")) and recipe["batch_size"] % 2:
        raise UserError(
            f"config key 'source.recipe.batch_size' is {recipe['batch_size']}; mixup"
            " and cutmix mix images in pairs: make it even"
        )


def _check_backbone(backbone: Config, tasks: Iterable[str]) -> None:
    """Check the backbone without asking timm: fetching it does so."""
    key, named = "config key 'backbone.", isinstance(backbone["architecture"], str)
    for other in ("weights", "image_size"):
        if not named and backbone[other] is not None:
            raise UserError(
                f"{key}{other}' belongs to a backbone with a name; leave it empty, or"
                f" give timm's name as 'backbone.architecture'"
            )
    if not named:
        return _check_architecture(backbone["architecture"])
    name, size = backbone["architecture"], backbone["image_size"]
    if "." not in name and backbone["weights"] is None:
        raise UserError(
            f"{key}architecture' is '{name}', without the tag of its weights; name it"
            " as in 'vit_base_patch16_224.orig_in21k', or give 'backbone.weights'"
        )
    if size is None:
        raise UserError(
            f"{key}image_size' is empty; set it to the pixels of the input of '{name}',"
            " such as 224"
        )
    drawn = [t for t in tasks if isinstance(TASKS.get(t), DrawnTask)]
    if size != SIZE and drawn:
        raise UserError(
            f"config key 'tasks' has {', '.join(drawn)}, drawn at {SIZE} x {SIZE} for"
            f" the embedded backbone, but {key}image_size' is {size}; take them off"
        )


def _check_architecture(architecture: Config) -> None:
    for whole, part in (("image_size", "patch_size"), ("width", "heads")):
        if architecture[whole] % architecture[part]:
            raise UserError(
                f"config key 'backbone.architecture.{part}' is {architecture[part]};"
                f" it must divide {whole}, which is {architecture[whole]}"
            )


def _check_source(source: Config) -> None:
    if source["hub"] and not source["folder"] and source["shots"] is None:
        raise UserError(
            "config key 'source.shots' is empty, but images of 'source.hub' are"
            " drawn by class; say how many of each, such as 16"
        )


def _check_sizes(config: Config) -> None:
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


FINE_TUNE = "fine_tune"
"""The value of config key `ground_truth.source` that names no published table."""
