"""A vision transformer small enough for a test, with weights that are not timid."""

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer

CLASSES = 5


def make_vit(seed=0, model=VisionTransformer, **changes):
    arguments = {
        "img_size": 32,
        "patch_size": 8,
        "embed_dim": 64,
        "depth": 4,
        "num_heads": 4,
        "num_classes": CLASSES,
    }
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        vit = model(**(arguments | changes))
        # timm starts with biases of zero and nearly uniform attention.
        for parameter in vit.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    return vit.eval()


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def vit():
    """Return a function that builds the embedded experiment's backbone, or another."""
    return make_vit


@pytest.fixture
def perturb():
    """Return a function that moves every method parameter away from its start."""

    def move(model, seed=7):
        generator = torch.Generator().manual_seed(seed)
        head = set(model.get_classifier().parameters())
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad and parameter not in head:
                    noise = torch.randn(parameter.shape, generator=generator)
                    parameter += 0.1 * noise
        return model

    return move


@pytest.fixture
def images():
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(3))
