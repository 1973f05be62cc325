from dataclasses import replace

import numpy as np
import pytest
import timm
import torch

from peftdiff import stages
from peftdiff.models import cnn
from peftdiff.models.device import Setting
from peftdiff.models.vit import head_inputs, to_input
from peftdiff.runtime import UserError
from peftdiff.stages.pretraining import cnn_plan
from peftdiff.stages.store import Checkpoint, RunStore

SIZES = {"blocks": [1, 1, 1, 1], "channels": [4, 4, 8, 12]}
RECIPE = {"epochs": 2, "batch_size": 32, "learning_rate": 0.01, "weight_decay": 0.0}
NAME = "resnet10t"  # the smallest of timm's, built here and not fetched


@pytest.fixture(scope="module")
def factors(images):
    return replace(
        images,
        labels=np.stack([images.labels, images.labels % 2] * 2, axis=1),
        class_names=(("a", "b", "c"), ("x", "y")) * 2,
    )


def plan(seed=0, **recipe):
    section = {"architecture": SIZES, "seed": seed, "recipe": RECIPE | recipe}
    return cnn_plan(section, {"checksums": ["x"]}, Setting())


@pytest.fixture(scope="module")
def run(tmp_path_factory, factors):
    return stages.train_cnn(
        plan(), store=RunStore(tmp_path_factory.mktemp("runs")), images=factors
    )


def test_the_cnn_keeps_its_weights_without_a_head(run):
    assert not any(name.startswith("fc") for name in run.weights)
    assert run.weights["bn1.running_mean"].any()
    assert run.result["train_seconds"] > 0


def test_a_resumed_run_ends_with_the_same_weights(tmp_path, factors, run):
    class Killed(Exception):
        pass

    save = Checkpoint.save

    def save_and_die(self, tensors, epoch):
        save(self, tensors, epoch)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_die)
        with pytest.raises(Killed):
            stages.train_cnn(plan(), store=RunStore(tmp_path), images=factors)
    again = stages.train_cnn(plan(), store=RunStore(tmp_path), images=factors)
    for name, array in run.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)


def test_features_are_the_pooled_ones_before_the_head(run, images):
    found = stages.embed_by_cnn(
        SIZES, run.weights, images, setting=Setting(), batch_size=50
    )
    assert found.shape == (96, 12)
    model = cnn.build_cnn(SIZES)
    model.load_state_dict({k: torch.tensor(v) for k, v in run.weights.items()})
    x = to_input(torch.tensor(images.pixels), images.mean, images.std)
    with torch.no_grad():
        maps = model.eval().forward_features(x)
    np.testing.assert_allclose(found, maps.mean(dim=(2, 3)), atol=1e-5)


def test_training_tells_the_classes_apart(tmp_path, factors, images):
    run = stages.train_cnn(plan(epochs=12), store=RunStore(tmp_path), images=factors)
    x = stages.embed_by_cnn(
        SIZES, run.weights, images, setting=Setting(), batch_size=96
    )
    x = np.column_stack([x, np.ones(len(x))])
    onehot = np.eye(3)[images.labels]
    predicted = (x @ np.linalg.lstsq(x, onehot, rcond=None)[0]).argmax(axis=1)
    assert (predicted == images.labels).mean() > 0.9


@pytest.mark.parametrize("ours", [(0.5, 0.28), ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])])
def test_a_pretrained_cnn_gets_the_input_it_was_trained_on(images, ours):
    torch.manual_seed(0)
    model = cnn.build_cnn(NAME).eval()
    weights = {k: v.numpy() for k, v in model.state_dict().items()}
    loaded = cnn.load_cnn(NAME, weights, ours).eval()
    pixels = torch.tensor(images.pixels[:4])
    means, stds = (
        torch.tensor(model.pretrained_cfg[key])[:, None, None]
        for key in ("mean", "std")
    )
    theirs = (pixels.permute(0, 3, 1, 2) / 255 - means) / stds
    with torch.no_grad():
        expected = model.forward_head(model.forward_features(theirs), pre_logits=True)
        found = head_inputs(loaded, to_input(pixels, *ours))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    assert loaded.num_features == expected.shape[1]


def test_weights_are_fetched_from_timm(monkeypatch):
    asked = []

    def create_model(name, **how):
        asked.append((name, how["pretrained"]))
        return made(name, **how | {"pretrained": False})

    made = timm.create_model
    monkeypatch.setattr(timm, "create_model", create_model)
    weights = stages.fetch_cnn(NAME)
    assert asked == [(NAME, True)]
    assert not any(name.startswith("fc") for name in weights)


@pytest.mark.parametrize("error", [RuntimeError("Unknown model"), OSError("offline")])
def test_a_model_that_cannot_be_fetched_is_named(monkeypatch, error):
    def create_model(*_, **__):
        raise error

    monkeypatch.setattr(timm, "create_model", create_model)
    with pytest.raises(UserError, match=rf"'{NAME}' \(config key 'studies.cnn.arch"):
        cnn.fetch_cnn(NAME)


def test_weights_of_another_architecture_are_named(run):
    other = SIZES | {"channels": [4, 4, 8, 16]}
    with pytest.raises(UserError, match="belong to another architecture"):
        cnn.load_cnn(other, run.weights, (0.5, 0.28))
