"""The configuration as the engine merges it, read before the engine is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from peftdiff.config.files import check_file
from peftdiff.runtime import UserError

BASE = "config.yaml"
ENTRY = re.compile(r"[A-Za-z_][\w-]*\w=.*", re.DOTALL)


def read_configuration(
    paths: Sequence[str], entries: Sequence[str] = ()
) -> dict[str, Any]:
    """Return config.yaml with further files, and entries of a command line, merged in.

    Raises
    ------
    UserError
        Naming the file or entry that cannot be read.
    """
    config: dict[str, Any] = {}
    for path in (BASE, *paths):
        update_config(config, _read(path))
    for entry in entries:
        if not ENTRY.fullmatch(entry):
            raise UserError(
                f"'{entry}' is no entry of the configuration: write key=value for a key"
                " of the top level; what is nested goes into a YAML file that is named"
                ' last, as in CONFIGFILE="configs/smoke.yaml mine.yaml"'
            )
        key, value = entry.split("=", 1)
        update_config(config, {key: yaml.load(value, yaml.BaseLoader)})
    return config


def _read(path: str) -> dict[str, Any]:
    check_file(path)
    try:
        return dict(load_configfile(path))
    except (WorkflowError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the configuration file {path}: {reason}") from None
