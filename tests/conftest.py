"""Fixtures shared by all tests."""

import os

# One thread a process, as in the workflow; before numpy and torch are loaded.
os.environ["OMP_NUM_THREADS"] = "1"
# A `make` that a test starts is not to take itself for a part of `make test`.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

import numpy as np
import pytest
from hypothesis import settings

from peftdiff.data.images import Images

ARCHITECTURE = {"image_size": 32, "patch_size": 8, "width": 16, "depth": 2, "heads": 2}

# A busy machine must not fail a test.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, so that processes side by side end together."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="session")
def architecture():
    return dict(ARCHITECTURE)


@pytest.fixture(scope="session")
def images():
    """96 noisy images of three classes: red, green and blue."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 80, (96, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(96) % 3
    for image, label in zip(pixels, labels, strict=True):
        image[..., label] += 40
    return Images(pixels, labels, (("a", "b", "c"),), 0.5, 0.28, "checksum")
