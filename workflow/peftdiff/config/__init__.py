"""The configuration: what each key means and allows, and its check at the start.

- ``experiment``: the whole, with the sections that belong to no other module
- ``data``, ``models``, ``recipes``, ``noah``: the sections, one pydantic model each
- ``parameters``: what methods and metrics take, read from their functions
- ``values``: the kinds of values that all of these are made of
- ``consistency``: checks that involve more than one key
- ``sizes``: the methods' sizes against the backbone's
- ``files``: files that cannot be read, or say a key twice
- ``sentences``: a mistake, or what a key allows, in words
- ``document``: ``docs/configuration.md``, and the JSON schema for editors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FINE_TUNE = "fine_tune"
"""The value of config key `ground_truth.source` that names no published table."""


def check_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a complete configuration, every value against what takes it.

    Parameters
    ----------
    config
        As read from YAML files that are merged. It is not changed.

    Returns
    -------
    dict
        The same keys and values, in their order; but whole numbers that are written as
        1.0e+3 are integers, and `--config retrain=true`, which is text, is a boolean.

    Raises
    ------
    UserError
        In one sentence, which names the key, its value and what is allowed.
    """
    # Imported here, for what needs the name above alone.
    from peftdiff.config.check import checked

    return checked(config)


def grid_mistake(config: Mapping[str, Any]) -> str:
    """Return in a sentence how `studies.grid` does not fit the tasks; "" if it does.

    It is no mistake of a configuration whose studies nobody asks for.

    Parameters
    ----------
    config
        As `check_config` has returned it.
    """
    from peftdiff.config import check

    return check.grid_mistake(config)
