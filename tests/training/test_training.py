import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from timm.optim import param_groups_weight_decay
from timm.scheduler import CosineLRScheduler

from peftdiff.models.device import Setting
from peftdiff.models.forward import accuracy
from peftdiff.runtime import UserError
from peftdiff.training import loop
from peftdiff.training.batches import flip, image_batches, make_batches
from peftdiff.training.loop import fit
from peftdiff.training.losses import factored_cross_entropy
from peftdiff.training.optimizer import (
    build_optimizer,
    learning_rate_factor,
    share_of_rates,
)
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import generator
from tests.helpers.training import Memory, new_model

CPU = Setting()
RECIPE = Recipe(
    epochs=4,
    batch_size=20,
    learning_rate=3e-3,
    weight_decay=1e-3,
    head_learning_rate=1e-2,
    flips=True,
)


def trained(architecture, images, checkpoint=None, recipe=RECIPE, method="adapter"):
    model = new_model(architecture, method, recipe.drop_path)
    how = {"seed": 5, "name": "test", "setting": CPU, "checkpoint": checkpoint}
    fit(model, images, recipe, **how)
    return model


@pytest.mark.parametrize("method", ["adapter", "full"])
@pytest.mark.parametrize("stop", [1, 3])
def test_a_resumed_run_ends_bit_equal(architecture, images, method, stop):
    whole = trained(architecture, images, method=method).state_dict()
    memory = Memory(stop)
    with pytest.raises(KeyboardInterrupt):
        trained(architecture, images, memory, method=method)
    memory.stop = None
    resumed = trained(architecture, images, memory, method=method).state_dict()
    assert whole.keys() == resumed.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


@pytest.mark.parametrize("method", ["adapter", "convpass", "linear"])
def test_a_resumed_run_drops_the_same_paths(architecture, images, method):
    recipe = replace(RECIPE, flips=False, drop_path=0.5)
    how = {"recipe": recipe, "method": method}
    whole = trained(architecture, images, **how)
    memory = Memory(2)
    with pytest.raises(KeyboardInterrupt):
        trained(architecture, images, memory, **how)
    memory.stop = None
    resumed = trained(architecture, images, memory, **how)
    assert torch.equal(whole.head.weight, resumed.head.weight)
    without = trained(
        architecture, images, recipe=replace(recipe, drop_path=0.0), method=method
    )
    assert not torch.equal(whole.head.weight, without.head.weight)


def test_seconds_before_an_interruption_count(architecture, images, monkeypatch):
    class Watch:
        def seconds(self):
            return 10.0

    monkeypatch.setattr(loop, "Stopwatch", Watch)
    memory = Memory(stop=3)
    with pytest.raises(KeyboardInterrupt):
        trained(architecture, images, memory)
    how = {"seed": 5, "name": "test", "setting": CPU, "checkpoint": memory}
    memory.stop = None
    assert fit(new_model(architecture), images, RECIPE, **how) == 40.0


def test_another_seed_gives_other_weights(architecture, images):
    first, second = new_model(architecture), new_model(architecture)
    for model, seed in ((first, 0), (second, 1)):
        fit(model, images, RECIPE, seed=seed, name="test", setting=CPU)
    assert not torch.equal(first.head.weight, second.head.weight)


def test_every_method_sees_the_same_batches(images):
    draw = image_batches(images, "cpu")
    orders = [torch.cat([labels for _, labels in draw(20, 3, e)]) for e in (0, 0, 1)]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    assert len(orders[0]) == 80  # the incomplete batch is left out


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 5},
        {"batch_size": 24},
        {"learning_rate": 1e-3},
        {"head_learning_rate": 3e-3},
        {"weight_decay": 0.5},
        {"label_smoothing": 0.1},
        {"warmup": 0.5},
        {"flips": False},
        {"drop_path": 0.5},
        {"augmentation": {"crop": [0.5, 1.0]}, "flips": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_a_recipe_changes_what_is_learnt(architecture, images, change):
    recipe = replace(RECIPE, epochs=2)
    first = trained(architecture, images, recipe=recipe)
    second = trained(architecture, images, recipe=replace(recipe, **change))
    for name, weights in first.named_parameters():
        if weights.requires_grad:
            assert not torch.equal(weights, dict(second.named_parameters())[name]), name


def test_a_recipe_that_flips_mirrors_some_images(architecture, images):
    drawn = []
    for flips in (False, True):
        recipe = replace(RECIPE, flips=flips)
        draw, _ = make_batches(new_model(architecture), images, recipe, CPU)
        drawn.append(torch.cat([x for x, _ in draw(20, 3, 0)]))
    plain, flipped = drawn
    kinds = [plain, plain.flip(2), plain.flip(3), plain.flip(2, 3)]
    same = torch.stack([(flipped == kind).flatten(1).all(1) for kind in kinds])
    assert same.any(0).all()  # every image is one of these
    assert same.any(1).all()


def test_training_learns_what_can_be_learnt(architecture, images):
    recipe = replace(RECIPE, epochs=12, flips=False)
    model = trained(architecture, images, recipe=recipe, method="full")
    assert accuracy(model, images, setting=CPU) > 90


def test_a_set_smaller_than_a_batch_is_one_batch(architecture, images):
    few = replace(images, pixels=images.pixels[:7], labels=images.labels[:7])
    before = new_model(architecture).head.weight.clone()
    assert not torch.equal(trained(architecture, few).head.weight, before)


def test_a_diverging_run_is_one_sentence(architecture, images):
    wild = replace(RECIPE, learning_rate=1e30, head_learning_rate=1e30)
    with pytest.raises(UserError, match=r"loss of test is not finite after epoch"):
        trained(architecture, images, recipe=wild, method="full")


def test_each_epoch_is_one_readable_line(architecture, images, caplog):
    caplog.set_level("INFO", "peftdiff")
    trained(architecture, images)
    assert len(caplog.messages) == 4
    assert caplog.messages[1].startswith("test  epoch  2/4  loss ")
    assert caplog.messages[1].endswith(" images/s")


def test_the_rate_rises_linearly_and_falls_as_a_cosine():
    rates = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 11)
    np.testing.assert_allclose(
        rates[10:], 0.5 * (1 + np.cos(np.pi * np.arange(90) / 90)), atol=1e-12
    )
    assert learning_rate_factor(0, 100, 0.0) == 1.0


@pytest.mark.parametrize(
    ("epochs", "warmup"), [(100, 0.1), (100, 0.0), (40, 0.25), (7, 0.3), (1, 0.0)]
)
def test_by_the_epoch_the_rate_is_that_of_timms_schedule(epochs, warmup):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=5e-3)
    timm = CosineLRScheduler(
        optimizer,
        t_initial=epochs,
        warmup_t=round(warmup * epochs),
        lr_min=1e-5,
        warmup_lr_init=1e-6,
    )
    recipe = replace(
        RECIPE, epochs=epochs, warmup=warmup, learning_rate=5e-3, schedule="timm"
    )
    for epoch in range(epochs):
        rate = optimizer.param_groups[0]["lr"]
        for step in range(3):
            share = share_of_rates(recipe, 3 * epoch + step, 3)
            assert share * 5e-3 == pytest.approx(rate, rel=1e-12)
        timm.step(epoch)  # at the end of the epoch, as the authors call it


@pytest.mark.parametrize("method", ["adapter", "full", "bitfit", "vpt"])
def test_weight_decay_may_spare_what_has_one_dimension(architecture, method):
    model = new_model(architecture, method)
    recipe = replace(RECIPE, decay="matrices")
    spared = {
        id(p)
        for group in build_optimizer(model, recipe).param_groups
        for p in group["params"]
        if group["weight_decay"] == 0
    }
    _, expected = param_groups_weight_decay(model, 1.0)[::-1]
    assert spared == {id(p) for p in expected["params"]}
    groups = build_optimizer(model, RECIPE).param_groups
    assert {group["weight_decay"] for group in groups} == {1e-3}


def test_head_and_method_have_their_own_rates(architecture):
    optimizer = build_optimizer(new_model(architecture), RECIPE)
    assert [group["base_learning_rate"] for group in optimizer.param_groups] == [
        3e-3,
        1e-2,
    ]
    linear = build_optimizer(new_model(architecture, "linear"), RECIPE)
    assert [group["base_learning_rate"] for group in linear.param_groups] == [1e-2]


def test_flips_mirror_whole_images():
    pixels = torch.arange(3 * 2 * 2).reshape(1, 2, 2, 3).repeat(200, 1, 1, 1)
    flipped = flip(pixels, generator(0))
    kinds = {tuple(image.flatten().tolist()) for image in flipped}
    image = pixels[0]
    expected = [image, image.flip(0), image.flip(1), image.flip(0, 1)]
    assert kinds == {tuple(e.flatten().tolist()) for e in expected}


def test_factored_loss_is_the_weighted_sum_of_cross_entropies():
    logits = torch.randn(5, 7, generator=generator(0))
    labels = torch.tensor([[0, 1], [1, 3], [2, 0], [0, 2], [1, 1]])
    loss = factored_cross_entropy((3, 4), [1.0, 0.5])(logits, labels, 0.0)
    by_hand = 0.0
    for row, (first, second) in zip(logits.tolist(), labels.tolist(), strict=True):
        for part, label, weight in ((row[:3], first, 1.0), (row[3:], second, 0.5)):
            norm = math.log(sum(math.exp(value) for value in part))
            by_hand += weight * (norm - part[label]) / 5
    assert float(loss) == pytest.approx(by_hand, rel=1e-6)


def test_accuracy_counts_in_percent(images):
    class Brightest(torch.nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    assert accuracy(Brightest(), images, setting=CPU, batch_size=40) == 100
    labels = images.labels.copy()
    labels[:24] = (labels[:24] + 1) % 3
    wrong = replace(images, labels=labels)
    assert accuracy(Brightest(), wrong, setting=CPU) == 75


def test_half_precision_trains_too(architecture, images):
    model = new_model(architecture)
    setting = Setting("cpu", "bfloat16")
    fit(model, images, replace(RECIPE, epochs=1), seed=0, name="b", setting=setting)
    assert model.head.weight.dtype == torch.float32
    assert torch.isfinite(model.head.weight).all()


def test_a_lone_head_trains_on_features_computed_once(architecture, images):
    recipe = replace(RECIPE, flips=False)
    plain = new_model(architecture, "linear")
    expected = new_model(architecture, "linear")
    # An unused trainable parameter: the whole model must run at every step.
    expected.extra = torch.nn.Parameter(torch.zeros(()))
    for model in (plain, expected):
        passes = []
        count = model.patch_embed.register_forward_hook(
            lambda *_, p=passes: p.append(1)
        )
        fit(model, images, recipe, seed=5, name="test", setting=CPU)
        count.remove()
        model.passes = len(passes)
    assert (plain.passes, expected.passes) == (5, 16)  # batches of the 96 images
    torch.testing.assert_close(
        plain.head.weight, expected.head.weight, atol=1e-5, rtol=1e-4
    )
    assert (plain.head.weight - new_model(architecture, "linear").head.weight).any()


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5)])
def test_random_features_are_not_kept(architecture, images, rates):
    model = new_model(architecture, "linear", rates[1])
    model.pos_drop.p = rates[0]
    passes = []
    model.patch_embed.register_forward_hook(lambda *_: passes.append(1))
    fit(model, images, replace(RECIPE, flips=False), seed=5, name="t", setting=CPU)
    assert len(passes) == 16
