"""A frozen backbone is the same before training, after it, and loaded again."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from timm.layers import GroupNormAct, SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_hybrid import ConvStem, HybridEmbed
from torch import nn

from peftdiff.data.images import Images
from peftdiff.methods import load_method_state, merge, method_state
from peftdiff.models.device import Setting
from peftdiff.models.vit import head_inputs, lay_out_images
from peftdiff.training.loop import fit
from peftdiff.training.recipe import Recipe
from tests.helpers.attaching import MERGEABLE, attached

RECIPE = Recipe(epochs=2, batch_size=32, learning_rate=3e-3, weight_decay=1e-3)


class HybridTransformer(VisionTransformer):
    """Its stem is a small CNN, made with the model: layers are no two models'."""

    def __init__(self, norm_layer=nn.BatchNorm2d, **sizes):
        stem = ConvStem(
            depth=3,
            channels=(8, 16, sizes["embed_dim"]),
            kernel_size=3,
            stride=(2, 2, 2),
            norm_layer=norm_layer,
        )
        embedding = partial(HybridEmbed, backbone=stem, proj=False)
        super().__init__(**sizes | {"patch_size": 1}, embed_layer=embedding)


FAMILIES = {
    "plain": {},
    "dino": {"reg_tokens": 2, "init_values": 0.3, "no_embed_class": True},
    "clip": {"pre_norm": True, "qkv_bias": False},
    "gated": {"mlp_layer": SwiGLUPacked, "qk_norm": True},
    "hybrid": {"model": HybridTransformer},
    "hybrid of groups": {
        "model": HybridTransformer,
        "norm_layer": partial(GroupNormAct, num_groups=4),
    },
}
every_family = pytest.mark.parametrize("family", FAMILIES)
every_way = pytest.mark.parametrize("method", ["lora", "vpt", "bitfit", "linear"])


@pytest.fixture
def backbone(vit):
    """Return a function that builds a family's backbone, as pre-trained elsewhere."""

    def build(family):
        model = vit(embed_dim=32, depth=2, num_heads=2, **FAMILIES[family])
        random = torch.Generator().manual_seed(1)
        for name, buffer in model.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand(buffer.shape, generator=random) + 0.5)
            assert "running" in name or "num_batches" in name
        lay_out_images(model)
        return model

    return build


@pytest.fixture
def pictures():
    """32 pictures of three classes."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (32, 32, 32, 3), dtype=np.uint8)
    return Images(pixels, np.arange(32) % 3, (("a", "b", "c"),), 0.5, 0.28, "checksum")


def train(model, pictures, method):
    fit(model, pictures, RECIPE, seed=0, name=method, setting=Setting())
    return model


@torch.no_grad()
def features(model, images):
    return head_inputs(model.eval(), images)


@every_way
@every_family
def test_what_a_method_does_not_train_stays_as_it_is(
    family, method, backbone, pictures
):
    model = attached(backbone(family), method)
    before = copy.deepcopy(model.state_dict())
    after = train(model, pictures, method).state_dict()
    own = {*method_state(model), "head.weight", "head.bias"}
    for name in before.keys() - own:
        assert torch.equal(before[name], after[name]), name


@every_way
@every_family
def test_a_loaded_model_is_the_one_that_was_trained(
    family, method, backbone, images, pictures
):
    model = train(attached(backbone(family), method), pictures, method)
    again = attached(backbone(family), method, seed=1)
    load_method_state(again, method_state(model))
    trained = features(model, images)
    torch.testing.assert_close(features(again, images), trained)
    change = (trained - features(backbone(family), images)).abs().max()
    assert (change > 1e-3) == (method != "linear")


def test_a_full_fine_tuning_is_its_parameters(backbone, images, pictures):
    model = train(attached(backbone("hybrid"), "full"), pictures, "full")
    again = attached(backbone("hybrid"), "full")
    load_method_state(again, method_state(model))
    torch.testing.assert_close(features(again, images), features(model, images))


@every_family
def test_a_model_computes_the_same_in_training_mode(family, backbone, images):
    model = attached(backbone(family), "lora")
    expected = features(model, images)
    with torch.no_grad():
        torch.testing.assert_close(head_inputs(model.train(), images), expected)


def layers(model):
    return [each for each in model.modules() if isinstance(each, nn.BatchNorm2d)]


def test_statistics_stay_frozen_in_a_copy_too(backbone, images):
    model = attached(backbone("hybrid"), "lora")
    twin = copy.deepcopy(model)
    before = copy.deepcopy(twin.state_dict())
    twin.train()(images)
    assert layers(twin)
    assert not any(layer.training for layer in layers(twin))
    for name, tensor in twin.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_merged_model_is_an_ordinary_one_again(backbone):
    assert "lora" in MERGEABLE
    model = merge(attached(backbone("hybrid"), "lora"))
    assert all(layer.training for layer in layers(model.train()))
