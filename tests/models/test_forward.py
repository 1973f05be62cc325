from dataclasses import replace

import numpy as np
import pytest
import torch

from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.methods import attach
from peftdiff.models import forward as embedding
from peftdiff.models.device import Setting
from peftdiff.models.forward import accuracy, embed, embed_models
from peftdiff.models.vit import build_backbone, load_backbone, set_head, to_input
from peftdiff.runtime import UserError
from peftdiff.training.seeds import generator


@pytest.fixture
def model(architecture):
    torch.manual_seed(0)
    return build_backbone(architecture)


def features_of(model, images, **how):
    out = np.full((len(images.labels), model.num_features), np.nan, np.float32)
    embed(model, images, out, setting=how.pop("setting", Setting()), **how)
    return out


def test_features_are_the_normalized_class_token_of_every_image(model, images):
    x = torch.tensor(images.pixels).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = model.forward_features((x - 0.5) / 0.28)[:, 0]
    np.testing.assert_allclose(features_of(model, images), expected, atol=1e-5)


def test_the_batch_size_does_not_matter(model, images):
    whole = features_of(model, images, batch_size=96)
    np.testing.assert_allclose(
        features_of(model, images, batch_size=7), whole, atol=1e-5
    )


def test_the_head_does_not_matter_and_the_method_does(model, images):
    before = features_of(model, images)
    set_head(model, 4, generator(0))
    np.testing.assert_array_equal(features_of(model, images), before)
    attach(model, "vpt", generator=generator(0), prompts=2)
    assert np.abs(features_of(model, images) - before).max() > 1e-3


def test_nothing_is_dropped_whatever_mode_a_model_was_in(model, images):
    set_head(model, 3, generator(0))
    expected = features_of(model, images)
    percent = accuracy(model, images, setting=Setting())
    model.pos_drop = torch.nn.Dropout(0.9)
    model.train()
    np.testing.assert_array_equal(features_of(model, images), expected)
    model.train()
    assert accuracy(model, images, setting=Setting()) == percent


def test_half_precision_stays_close(model, images):
    exact = features_of(model, images)
    half = features_of(model, images, setting=Setting("cpu", "bfloat16"))
    assert 0 < np.abs(half - exact).max() < 0.2


def test_diverged_weights_are_named(model, images):
    torch.nn.init.constant_(model.norm.weight, float("nan"))
    with pytest.raises(ValueError, match="features of image 0 are not finite"):
        features_of(model, images)


def test_read_only_images_are_left_alone(model, images):
    frozen = images.pixels.copy()
    frozen.flags.writeable = False
    features_of(model, replace(images, pixels=frozen))
    np.testing.assert_array_equal(frozen, images.pixels)


def test_input_is_normalized():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 1, 1, 3)
    result = to_input(pixels, 0.5, 0.25)
    assert result.shape == (1, 3, 1, 1)
    torch.testing.assert_close(result.flatten(), torch.tensor([-2.0, -1.2, 2.0]))


def test_backbone_weights_must_fit(model, architecture):
    weights = {k: v.numpy() for k, v in model.state_dict().items()}
    other = build_backbone(architecture)
    load_backbone(other, weights)
    torch.testing.assert_close(other.state_dict(), model.state_dict())
    with pytest.raises(UserError, match="hold an unknown 'stranger'"):
        load_backbone(other, weights | {"stranger": np.zeros(1, "f4")})
    with pytest.raises(UserError, match=r"lack 'norm\.bias'"):
        load_backbone(other, {k: v for k, v in weights.items() if k != "norm.bias"})
    with pytest.raises(UserError, match=r"'norm\.bias' of shape \(3,\)"):
        load_backbone(other, weights | {"norm.bias": np.zeros(3, "f4")})


def test_heads_start_uniform_and_depend_on_the_seed_alone(model):
    set_head(model, 50, generator(3))
    first = model.head.weight.detach().clone()
    set_head(model, 50, generator(3))
    assert torch.equal(first, model.head.weight)
    bound = 16**-0.5
    assert 0.9 * bound < first.abs().max() <= bound


def test_timing_leaves_the_features_as_they_are(model, images, monkeypatch):
    passes = []

    def counted(model, given, out, **how):
        passes.append(len(given.pixels))
        embed(model, given, out, **how)

    def measured(work):
        work()
        work()
        return work(), 0.25

    monkeypatch.setattr(embedding, "embed", counted)
    monkeypatch.setattr(embedding, "measure", measured)
    makers = {BACKBONE_MODEL: lambda: model, ModelName("vpt", 3): lambda: model}
    out = {name: np.zeros((96, 16), "f4") for name in makers}
    times = embed_models(makers, images, out, setting=Setting(), batch_size=40)
    assert passes == [40, 96, 96, 96] * 2  # a batch to warm up, not timed
    for array in out.values():
        np.testing.assert_array_equal(array, features_of(model, images, batch_size=40))
    assert times["model"].tolist() == ["backbone", "vpt"]
    assert times["seed"].isna().tolist() == [True, False]
    assert times["seed"].iloc[1] == 3
    assert times["seconds"].tolist() == [0.25, 0.25]
    assert times["device"].tolist() == ["cpu", "cpu"]
    assert times["n_images"].tolist() == [96, 96]
