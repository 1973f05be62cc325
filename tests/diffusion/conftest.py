import numpy as np
import pytest


def make_blobs(n=120, d=8, n_classes=3, separation=1.0, seed=0):
    """Gaussian classes around random centers."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = separation * rng.normal(size=(n_classes, d))
    return rng.normal(size=(n, d)) + centers[labels], labels


@pytest.fixture(scope="session")
def blobs():
    return make_blobs
