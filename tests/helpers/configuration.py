"""The project's configurations, and what changes one for a test."""

import pytest
import yaml

from peftdiff.config import check_config
from peftdiff.runtime import UserError
from tests.helpers.project import ROOT

OVERLAYS = ["mini_long.yaml", "smoke.yaml", "vtab1k.yaml"]


def mistake(config):
    """Return the sentence that a configuration is refused with."""
    with pytest.raises(UserError) as caught:
        check_config(config)
    return str(caught.value)


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
