import pytest
import torch
from timm.layers import DropPath
from timm.models.vision_transformer import Block, VisionTransformer

from peftdiff.backbones import (
    LastBlock,
    build_backbone,
    head_inputs,
    set_drop_path,
    set_head,
)
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


def rates(model):
    """Return each drop path's rate by its place in the model, where it has one."""
    modules = model.named_modules()
    return {k: m.drop_prob for k, m in modules if isinstance(m, DropPath)}


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_drop_path_rates_rise_over_the_blocks_as_timms_do(architecture, depth):
    model = build_backbone(architecture | {"depth": depth})
    set_drop_path(model, 0.3)
    timms = VisionTransformer(depth=depth, embed_dim=24, drop_path_rate=0.3)
    assert rates(model) == pytest.approx(rates(timms))
    set_drop_path(model, 0)
    assert rates(model) == {}


def test_every_method_keeps_the_rates_of_its_branches(architecture):
    for method in METHODS:
        model = build_backbone(architecture)
        set_drop_path(model, 0.2)
        sizes = {"adapter": 2, "lora": 2, "prompts": 2} if method == "noah" else {}
        attach(model, method, generator=generator(0), **sizes)
        # A bypass has draws of its own, at the rate of the branch that it goes around.
        bypasses = {"convpass": 2, "convpass_attn": 1}.get(method, 0)
        assert list(rates(model).values()) == [0.2] * (2 + bypasses), method


def test_a_dropped_branch_leaves_the_adapter_its_biases(architecture):
    model = build_backbone(architecture)
    set_drop_path(model, 0.5)
    attach(model, "adapter", generator=generator(0))
    model.train()
    behind = model.blocks[-1].drop_path2
    torch.manual_seed(0)
    z = torch.ones(64, 1, 16)
    kept = behind.base(z)[:, 0, 0]
    assert set(kept.tolist()) == {0.0, 2.0}
    torch.manual_seed(0)
    of_nothing = behind.adapter(torch.zeros(1, 1, 16))
    dropped = behind(z)[kept == 0]
    torch.testing.assert_close(dropped, of_nothing.expand_as(dropped))


def test_drop_path_is_off_where_a_model_only_looks(architecture):
    model, x = build_backbone(architecture), torch.randn(4, 3, 32, 32)
    expected = head_inputs(model.eval(), x)
    set_drop_path(model, 0.9)
    assert torch.equal(head_inputs(model.eval(), x), expected)
