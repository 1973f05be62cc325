import re

import numpy as np
import pytest
import timm
import torch
from timm.layers import DropPath
from timm.models.vision_transformer import Block, VisionTransformer

from peftdiff.methods import METHODS, attach
from peftdiff.models.vit import (
    LastBlock,
    apply_speedups,
    build_backbone,
    head_inputs,
    load_backbone,
    set_drop_path,
    set_head,
    to_input,
)
from peftdiff.runtime import UserError
from peftdiff.training.seeds import generator

DINO = {"reg_tokens": 2, "init_values": 0.3, "no_embed_class": True}
CLIP = {"pre_norm": True, "qkv_bias": False}


def features_and_gradients(architecture, method, *, whole, **kind):
    torch.manual_seed(0)
    if kind:
        sizes = {"embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 0}
        model = VisionTransformer(img_size=32, patch_size=8, **sizes, **kind)
        apply_speedups(model)
    else:
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


@pytest.mark.parametrize("kind", [{}, DINO, CLIP], ids=["embedded", "dino", "clip"])
@pytest.mark.parametrize("method", METHODS)
def test_the_last_block_leaves_features_and_gradients_alone(architecture, method, kind):
    how = (architecture, method)
    expected, gradients = features_and_gradients(*how, whole=True, **kind)
    features, got = features_and_gradients(*how, whole=False, **kind)
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


NAMES = {  # and a small size that their patches divide
    "test_vit.r160_in1k": 32,
    "vit_tiny_patch16_224.augreg_in21k": 48,
    "deit_tiny_patch16_224.fb_in1k": 32,
    "deit3_small_patch16_224.fb_in1k": 32,  # layer scale, class token without position
    "vit_small_patch14_reg4_dinov2.lvd142m": 28,  # registers, too
    "vit_xsmall_patch16_clip_224.tinyclip_yfcc15m": 32,  # norm before the blocks
    "vit_tiny_r_s16_p8_224.augreg_in21k": 64,  # a hybrid: a stem before the patches
}


@pytest.mark.parametrize(("name", "size"), NAMES.items(), ids=NAMES)
def test_features_are_those_of_timms_own_model(name, size):
    torch.manual_seed(0)
    theirs = timm.create_model(name, num_classes=0, img_size=size).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():  # a layer scale near zero would hide much
            parameter.add_(0.1 * torch.rand_like(parameter))
    ours = build_backbone({"name": name, "image_size": size}).eval()
    load_backbone(ours, {k: v.numpy() for k, v in theirs.state_dict().items()})
    assert isinstance(ours.blocks[-1], LastBlock)
    ours, theirs = ours.double(), theirs.double()
    x = torch.randn(3, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        expected = theirs.forward_head(theirs.forward_features(x), pre_logits=True)
        features = head_inputs(ours, x)
    torch.testing.assert_close(features, expected)
    assert ours.forward_features(x).shape[1] == ours.num_prefix_tokens


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        (
            "vit_tiny_patch16_225",
            32,
            "Unknown model (vit_tiny_patch16_225); did you mean",
        ),
        (
            "vit_base_patch16_224.orig_in22k",
            32,
            "Invalid pretrained tag (orig_in22k) for vit_base_patch16_224; did you mean"
            " 'vit_base_patch16_224.orig_in21k'",
        ),
        (
            "resnet10t.c3_in1k",
            32,
            "which is no plain VisionTransformer of timm; name a",
        ),
        ("swin_tiny_patch4_window7_224", 224, "which is no plain VisionTransformer"),
        ("deit_tiny_distilled_patch16_224", 32, "which is no plain VisionTransformer"),
        ("levit_128s", 224, "which is no plain VisionTransformer"),
        ("coatnet_0_224", 224, "which is no plain VisionTransformer"),
        ("efficientformer_l1", 224, "which is no plain VisionTransformer"),
        ("vit_small_resnet26d_224", 32, "which has a stem with weights of its own"),
        ("vit_small_patch16_18x2_224", 32, "which has blocks of another kind than"),
        ("test_vit2.r160_in1k", 32, "which pools 'avg' in place of its class token"),
        ("test_vit3.r160_in1k", 32, "which pools 'map' in place of its class token"),
    ],
)
def test_what_is_no_backbone_is_refused_in_a_sentence(name, size, sentence):
    key = f"config key 'backbone.architecture' is '{name}'"
    with pytest.raises(UserError, match=f"^{re.escape(key)}.*{re.escape(sentence)}"):
        build_backbone({"name": name, "image_size": size})


def test_patches_must_cover_the_image():
    sentence = (
        "'backbone.image_size' is 40; it must be a multiple of 16, the patch size"
    )
    with pytest.raises(UserError, match=sentence):
        build_backbone({"name": "test_vit", "image_size": 40})
    with pytest.raises(UserError, match="is 8; it must be a multiple of 16"):
        build_backbone({"name": "test_vit", "image_size": 8})


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        (0.5, 0.28),
        (0, 1),
        ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ([0.1, 0.2, 0.3], 0.5),
        (0.5, (0.1, 0.2, 0.3)),
    ],
)
def test_each_channel_has_its_mean_and_std(mean, std):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), np.uint8)
    expected = (pixels / 255 - mean) / std
    found = to_input(torch.from_numpy(pixels), mean, std)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), atol=1e-5)


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
