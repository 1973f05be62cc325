"""What the lock and the container's definition hold."""

import re

from packaging.requirements import Requirement

from tests.helpers.project import ROOT

LINES = (ROOT / "envs/requirements.lock").read_text().splitlines()
LOCK = [Requirement(line) for line in LINES]
IMAGE = (ROOT / "envs/peftdiff.def").read_text()
PYTHONS_OF_DEBIAN = {"bookworm": "3.11", "trixie": "3.13"}


def locked(python):
    """Return the version of every package that the lock names for a Python on Linux."""
    machine = {"sys_platform": "linux", "platform_machine": "x86_64"}
    place = machine | {"python_version": python, "python_full_version": f"{python}.0"}
    held = [line for line in LOCK if not line.marker or line.marker.evaluate(place)]
    return [(line.name, str(line.specifier)) for line in held]


def python_of_the_image():
    release = re.search(r"^From: debian:(\w+)-", IMAGE, re.M).group(1)
    return PYTHONS_OF_DEBIAN[release]
