"""A backbone of four layers with weights that are not timid, and a small space."""

import numpy as np
import pytest
import torch

from peftdiff.models.vit import build_backbone
from peftdiff.stages.noah.space import search_space

LAYERS = 4


@pytest.fixture
def deep(architecture):
    """An architecture of four layers."""
    return architecture | {"depth": LAYERS}


@pytest.fixture
def kind():
    """What builds the backbone."""
    return build_backbone


@pytest.fixture
def backbone(deep, kind):
    """Return a function that builds the same backbone each time."""

    def build():
        model = kind(deep)
        random = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=random))
        return model.eval()

    return build


@pytest.fixture
def space():
    return search_space([1, 2, 5], [0.25, 0.5, 0.75, 1.0], LAYERS)


@pytest.fixture
def random():
    return np.random.default_rng(0)
