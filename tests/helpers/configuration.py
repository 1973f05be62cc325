"""The project's configurations, and what changes one for a test."""

import yaml

from tests.helpers.project import ROOT

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def load(overlay=None):
    """Return config.yaml with an overlay of the folder `configs` merged in."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    if overlay is not None:
        merge(config, yaml.safe_load((ROOT / "configs" / overlay).read_text()))
    return config


def merge(config, overlay):
    """Merge an overlay into a configuration in place, as the engine does."""
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            merge(config[key], value)
        else:
            config[key] = value


def changed(**changes):
    """Return config.yaml with dotted keys (`source__images`) set."""
    config = load()
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = config
        for parent in parents:
            section = section[parent]
        section[last] = value
    return config
