"""A backbone with running statistics, through the run store and its stages."""

from functools import partial

import numpy as np
import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_hybrid import ConvStem, HybridEmbed

from peftdiff.embeddings import ModelName
from peftdiff.models import vit
from peftdiff.models.device import Setting
from peftdiff.models.forward import embed
from peftdiff.stages import embedding_models, train_method
from peftdiff.stages.source_training import source_plans
from peftdiff.stages.store import Run, RunStore, read_models, write_models
from peftdiff.training.recipe import Recipe

ARCHITECTURE = {"name": "a hybrid", "image_size": 32}
RECIPE = Recipe(epochs=2, batch_size=32, learning_rate=3e-3, weight_decay=1e-3)


def hybrid():
    layers = ConvStem(depth=2, channels=(4, 16), kernel_size=3, stride=(4, 2))
    stem = partial(HybridEmbed, backbone=layers, proj=False)
    sizes = {"embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 0}
    return VisionTransformer(img_size=32, patch_size=1, embed_layer=stem, **sizes)


def features(model, images):
    out = np.empty((len(images.pixels), 16), np.float32)
    embed(model, images, out, setting=Setting())
    return out


@pytest.mark.parametrize("method", ["lora", "bitfit"])
def test_features_are_those_of_the_files(tmp_path, monkeypatch, images, method):
    monkeypatch.setattr(vit, "create_named", lambda name, image_size: hybrid())
    torch.manual_seed(0)
    pretrained = hybrid()
    pretrained.train()(torch.rand(8, 3, 32, 32))  # statistics that are not the start's
    state = {k: v.numpy() for k, v in pretrained.state_dict().items()}
    assert state["patch_embed.backbone.0.bn.num_batches_tracked"] == 1
    write_models(tmp_path / "backbone", {0: Run("key", {}, state)})
    (backbone,) = read_models(tmp_path / "backbone").values()

    seen = []
    fit = vit.set_head
    monkeypatch.setattr(vit, "set_head", lambda m, *how: seen.append(m) or fit(m, *how))
    (plan,) = source_plans(
        method,
        backbone=backbone.key,
        hyperparameters={},
        recipe=RECIPE,
        seeds=[0],
        data={},
        setting=Setting(),
    )
    run = train_method(
        plan,
        store=RunStore(tmp_path / "runs"),
        images=images,
        architecture=ARCHITECTURE,
        backbone=backbone.weights,
    )
    write_models(tmp_path / "method", {0: run})
    makers = embedding_models(
        ARCHITECTURE,
        backbone=backbone,
        hyperparameters={method: {}},
        trained={method: read_models(tmp_path / "method")},
    )
    (trained,) = seen
    expected = features(trained, images)
    np.testing.assert_array_equal(
        features(makers[ModelName(method, 0)](), images), expected
    )
    before = features(pretrained, images)
    made = {str(name): features(make(), images) for name, make in makers.items()}
    np.testing.assert_allclose(made["backbone"], before, atol=1e-5)
    assert not np.allclose(expected, before, atol=1e-3)
