"""What models do on a GPU: in one place, with what waits, and with the same numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from peftdiff.diffusion.neighbors import exact, on_device
from peftdiff.methods import METHODS, attach
from peftdiff.models.device import Setting
from peftdiff.models.forward import accuracy, embed
from peftdiff.models.vit import build_backbone, set_drop_path, set_head
from peftdiff.stages.noah.search import (
    hold_out_by_class,
    noah_plans,
    search_sizes,
    train_supernet,
)
from peftdiff.stages.store import RunStore
from peftdiff.training.augmentation import Augmented
from peftdiff.training.loop import fit
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import generator
from tests.helpers.fake_gpu import FakeGpu, is_on_gpu
from tests.helpers.search import DROPOUT, NOAH
from tests.helpers.training import AUGMENTATION, Memory

GPU, CPU = Setting("cuda", "bfloat16"), Setting("cpu", "bfloat16")
RECIPE = Recipe(
    epochs=2,
    batch_size=20,
    learning_rate=3e-3,
    weight_decay=1e-3,
    head_learning_rate=1e-2,
    drop_path=0.2,
)
FLIPPED = replace(RECIPE, flips=True)
AUGMENTED = replace(RECIPE, augmentation=AUGMENTATION)
EPOCHS = RECIPE.epochs


@pytest.fixture
def gpu():
    return FakeGpu()


def new_model(architecture, method):
    torch.manual_seed(0)
    model = build_backbone(architecture)
    set_drop_path(model, RECIPE.drop_path)
    sizes = {"noah": {"adapter": 2, "lora": 2, "prompts": 2}}.get(method, {})
    attach(model, method, generator=generator(0), **sizes)
    set_head(model, 3, generator(1))
    return model


def train(architecture, images, setting, *, method="lora", recipe=RECIPE, **how):
    model = new_model(architecture, method)
    how = {"seed": 5, "name": "test", "setting": setting} | how
    fit(model, images, recipe, **how)
    return model


def kept(model):
    """Return how many tensors a model consists of."""
    return len([*model.parameters(), *model.buffers()])


def same_weights(first, second):
    return all(map(torch.equal, first.state_dict().values(), second.values()))


# The fake GPU itself.


def test_what_lies_in_two_places_is_refused(gpu):
    with gpu.running():
        there, here = torch.ones(3).to("cuda"), torch.ones(3)
        assert is_on_gpu(there * 2)
        assert is_on_gpu(there + here.sum())
        assert (there.device.type, here.device.type) == ("cuda", "cpu")
        with pytest.raises(RuntimeError, match="add: tensors"):
            there + here
        with pytest.raises(TypeError, match="copy it by"):
            there.numpy()
    assert (gpu.waits, gpu.copies) == (0, 1)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.cpu(),
        lambda x: x.to("cpu"),
        lambda x: float(x[0]),
        lambda x: x[x > 0],
        lambda x: bool((x > 0).all()),
    ],
)
def test_what_is_read_waits(gpu, read):
    with gpu.running():
        x = torch.ones(3, device="cuda")
        x = x.sqrt().to(torch.float64)
        assert gpu.waits == 0
        read(x)
    assert gpu.waits == 1


def test_the_backward_pass_is_watched_too(gpu):
    class Absent(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, slope):
            return slope * torch.ones(3)

    with gpu.running():
        x = torch.ones(3, device="cuda").requires_grad_()
        with pytest.raises(RuntimeError, match="mul: tensors"):
            Absent.apply(x).sum().backward()


# What the library does with it.


@pytest.mark.parametrize("method", METHODS)
def test_training_waits_once_an_epoch(architecture, images, gpu, method):
    with gpu.running():
        model = train(architecture, images, GPU, method=method)
        assert all(map(is_on_gpu, model.state_dict().values()))
    assert gpu.waits == EPOCHS
    assert gpu.copies == kept(model) + 2 + EPOCHS  # images, labels, each epoch's order
    expected = train(architecture, images, CPU, method=method)
    assert same_weights(model, expected.state_dict())


@pytest.mark.parametrize("recipe", [FLIPPED, AUGMENTED], ids=["flips", "augmentation"])
def test_changed_images_wait_no_more(architecture, images, gpu, recipe):
    with gpu.running():
        model = train(architecture, images, GPU, recipe=recipe)
    assert gpu.waits == EPOCHS
    if recipe is AUGMENTED:  # images and labels come from pinned memory
        assert gpu.copies == kept(model)
    expected = train(architecture, images, CPU, recipe=recipe)
    assert same_weights(model, expected.state_dict())


def test_a_run_is_resumed_on_the_gpu(architecture, images, gpu):
    whole = train(architecture, images, CPU, method="adapter")
    memory = Memory(1)
    with gpu.running():
        with pytest.raises(KeyboardInterrupt):
            train(architecture, images, GPU, method="adapter", checkpoint=memory)
        memory.stop = None
        model = train(architecture, images, GPU, method="adapter", checkpoint=memory)
    assert same_weights(model, whole.state_dict())


@pytest.mark.parametrize("batch_size", [7, 96])
def test_measuring_waits_once(architecture, images, gpu, batch_size):
    how = {"batch_size": batch_size}
    model = new_model(architecture, "vpt")
    expected = accuracy(model, images, setting=CPU, **how)
    with gpu.running():
        assert accuracy(model, images, setting=GPU, **how) == expected
    assert gpu.waits == 1
    assert gpu.copies == kept(model) + 1  # labels; images come from pinned memory


@pytest.mark.parametrize("batch_size", [7, 96])
def test_embedding_waits_once(architecture, images, gpu, batch_size):
    model = new_model(architecture, "fact_tk")
    width = model.num_features
    ours, expected = np.empty((2, len(images.labels), width), np.float32)
    embed(model, images, expected, setting=CPU, batch_size=batch_size)
    with gpu.running():
        embed(model, images, ours, setting=GPU, batch_size=batch_size)
    np.testing.assert_array_equal(ours, expected)
    assert gpu.waits == 1
    assert gpu.copies == kept(model)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_augmenting_processes_keep_off_the_gpu(images, gpu):
    order = [[0, 1, 2, 3], [4, 5, 6, 7]]
    expected = Augmented(images, AUGMENTATION, size=32).epoch(order, 0, 0)
    with gpu.running():
        how = {"size": 32, "device": "cuda", "workers": 2}
        made = Augmented(images, AUGMENTATION, **how).epoch(order, 0, 0)
        for ours, theirs in zip(made, expected, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                assert is_on_gpu(one)
                assert torch.equal(one.cpu(), other)


def test_the_search_finds_the_same_sizes(images, tmp_path, architecture, gpu):
    deep = architecture | {"depth": 4}
    model = build_backbone(deep)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    split = hold_out_by_class(images, 0.25, 0)

    def search(setting):
        training, evolution = noah_plans(
            NOAH,
            backbone="b",
            hyperparameters=DROPOUT,
            data={"checksums": ["x"]},
            setting=setting,
        )
        store = RunStore(tmp_path)
        supernet = train_supernet(
            training,
            store=store,
            images=split[0],
            architecture=deep,
            backbone=weights,
        )
        found = search_sizes(
            evolution,
            store=store,
            held_out=split[1],
            architecture=deep,
            backbone=weights,
            weights=supernet.weights,
        )
        return found.result

    with gpu.running():
        found = search(GPU)
    expected = search(CPU)
    for key in ("sizes", "accuracy", "generations"):
        assert found[key] == expected[key]


@pytest.mark.parametrize("block", [2**28, 700])
def test_neighbors_are_those_of_the_cpu(gpu, monkeypatch, block):
    monkeypatch.setattr(on_device, "BLOCK_CELLS", block)
    monkeypatch.setattr(exact, "DIRECT", 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    features = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    expected = exact.exact_neighbors(features, 12)
    with gpu.running():
        found = on_device.torch_neighbors(features, 12)
    assert all(map(np.array_equal, found, expected))
    assert gpu.copies == 2
    assert gpu.waits == 2 * -(-300 // max(1, block // 300))  # distances and columns
