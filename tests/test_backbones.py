import pytest
import torch
from timm.models.vision_transformer import Block

from peftdiff.backbones import LastBlock, build_backbone, head_inputs, set_head
from peftdiff.methods import METHODS, attach
from peftdiff.training import generator


def features_and_gradients(architecture, method, *, whole):
    torch.manual_seed(0)
    model = build_backbone(architecture)
    if whole:
        model.blocks[-1].__class__ = Block
    sizes = {"adapter": 2, "lora": 2, "prompts": 2} if method == "noah" else {}
    attach(model, method, generator=generator(0), **sizes)
    set_head(model, 3, generator(1))
    for parameter in model.parameters():  # a start at zero would hide a method
        if parameter.requires_grad:
            random = torch.rand(parameter.shape, generator=generator(2))
            parameter.data += 0.1 * random
    x = torch.randn(4, 3, 32, 32, generator=generator(3))
    features = head_inputs(model, x)
    model(x).square().sum().backward()
    named = {k: p.grad for k, p in model.named_parameters() if p.requires_grad}
    return features.detach(), named


@pytest.mark.parametrize("method", METHODS)
def test_the_last_block_leaves_features_and_gradients_alone(architecture, method):
    expected, gradients = features_and_gradients(architecture, method, whole=True)
    features, got = features_and_gradients(architecture, method, whole=False)
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-4)
    assert got.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            got[name], gradient, atol=1e-4, rtol=1e-3, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_the_last_block_returns_the_class_token_alone(architecture):
    model = build_backbone(architecture).eval()
    assert isinstance(model.blocks[-1], LastBlock)
    assert model.forward_features(torch.zeros(2, 3, 32, 32)).shape == (2, 1, 16)
