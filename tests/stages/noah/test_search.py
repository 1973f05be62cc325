from dataclasses import replace

import numpy as np
import pytest

from peftdiff.models import forward
from peftdiff.models.device import Setting
from peftdiff.runtime import UserError
from peftdiff.stages.noah.search import (
    hold_out_by_class,
    noah_plans,
    search_sizes,
    train_supernet,
)
from peftdiff.stages.noah.space import Candidate, search_space
from peftdiff.stages.noah.supernet import Supernet, trained_state
from peftdiff.stages.store import RunStore
from tests.helpers.search import DROPOUT, LEVEL, NOAH


class Killed(BaseException):
    """The process goes."""


@pytest.fixture
def weights(backbone):
    return {name: tensor.numpy() for name, tensor in backbone().state_dict().items()}


@pytest.fixture
def split(images):
    return hold_out_by_class(images, 0.25, 0)


def plans(**changes):
    return noah_plans(
        NOAH | changes,
        backbone="b",
        hyperparameters=DROPOUT,
        data={"checksums": ["x"]},
        setting=Setting(),
    )


@pytest.fixture
def supernet(tmp_path, split, deep, weights):
    """Return a function that trains a supernet in a store of some name."""

    def train(name, **changes):
        store = RunStore(tmp_path / name)
        return train_supernet(
            plans(**changes)[0],
            store=store,
            images=split[0],
            architecture=deep,
            backbone=weights,
        )

    return train


@pytest.fixture
def search(tmp_path, split, deep, weights, supernet):
    """Return a function that searches in a store of some name."""
    trained = supernet("supernet").weights

    def find(name, **changes):
        store = RunStore(tmp_path / name)
        return search_sizes(
            plans(**changes)[1],
            store=store,
            held_out=split[1],
            architecture=deep,
            backbone=weights,
            weights=trained,
        )

    return find


def killed_at(count, function):
    """Return a function that does its work some times, then kills the process."""
    calls = []

    def work(*arguments, **named):
        if len(calls) == count:
            raise Killed
        calls.append(arguments)
        return function(*arguments, **named)

    return work, calls


def test_every_class_gives_its_share_and_no_image_is_in_both(images):
    pixels = np.arange(96 * 3, dtype=np.uint8).reshape(96, 1, 1, 3)
    ordered = replace(images, pixels=pixels, labels=np.sort(images.labels))
    train, held_out = hold_out_by_class(ordered, 0.25, 0)
    assert np.bincount(held_out.labels).tolist() == [8, 8, 8]
    assert np.bincount(train.labels).tolist() == [24, 24, 24]
    parts = [np.array(part.pixels) for part in (train, held_out)]
    both = {tuple(image.ravel()) for image in np.concatenate(parts)}
    assert len(both) == len({tuple(image.ravel()) for image in pixels}) == 96
    again, other = (
        np.array(hold_out_by_class(ordered, 0.25, seed)[1].pixels) for seed in (0, 1)
    )
    assert np.array_equal(again, parts[1])
    assert not np.array_equal(other, parts[1])
    labels = dict(zip(map(bytes, pixels), ordered.labels, strict=True))
    assert [labels[bytes(p)] for p in parts[1]] == held_out.labels.tolist()


def test_each_step_trains_another_candidate_of_the_space(supernet, monkeypatch):
    drawn = []
    activate = Supernet.activate

    def record(self, candidate):
        drawn.append(candidate)
        activate(self, candidate)

    monkeypatch.setattr(Supernet, "activate", record)
    supernet("here")
    first, *steps = drawn
    assert first == Candidate(*[(5,) * 4] * 3)
    assert len(steps) == 3 * (72 // 16)
    assert len(set(steps)) == len(steps)
    space = search_space(LEVEL["sizes"], LEVEL["depths"], 4)
    assert {v for c in steps for vector in c for v in vector} == {0, *space.sizes}


def test_a_supernet_that_was_cut_off_ends_as_an_undisturbed_one(supernet, monkeypatch):
    undisturbed = supernet("one")
    # The first call is the construction; then come four steps an epoch.
    with monkeypatch.context() as patch:
        work, calls = killed_at(1 + 6, Supernet.activate)
        patch.setattr(Supernet, "activate", lambda self, c: work(self, c))
        with pytest.raises(Killed):
            supernet("other")
        assert len(calls) == 7
    with monkeypatch.context() as patch:
        work, calls = killed_at(100, Supernet.activate)
        patch.setattr(Supernet, "activate", lambda self, c: work(self, c))
        resumed = supernet("other")
        assert len(calls) == 1 + 8
    assert resumed.weights.keys() == undisturbed.weights.keys()
    for name, tensor in undisturbed.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], tensor, err_msg=name)


def test_another_seed_is_another_supernet(supernet):
    one, same, other = supernet("one"), supernet("two"), supernet("one", seed=1)
    name = next(name for name in one.weights if name.endswith("prompt.original"))
    assert np.array_equal(one.weights[name], same.weights[name])
    assert not np.array_equal(one.weights[name], other.weights[name])


def test_a_search_says_what_it_found(search, split):
    run = search("here")
    result = run.result
    assert run.weights == {}
    assert result["sizes"].keys() == {"adapter", "lora", "prompts"}
    assert {len(vector) for vector in result["sizes"].values()} == {4}
    assert result["held_out_images"] == len(split[1].labels) == 24
    assert [row["candidates"] for row in result["generations"]] == [6, 6, 6]
    assert result["accuracy"] == result["generations"][-1]["best"]
    assert 0 < result["accuracy"] <= 100
    assert result["train_seconds"] > 0


def test_fitness_is_the_accuracy_with_inherited_weights(
    search, supernet, split, monkeypatch
):
    seen = []
    trained = supernet("supernet").weights

    def accuracy(model, images, **how):
        assert images is split[1]
        state = trained_state(model)
        assert state.keys() == trained.keys()
        for name, tensor in state.items():
            np.testing.assert_array_equal(tensor.numpy(), trained[name])
        sizes = [block.parametrizations.prompt[0].size for block in model.blocks]
        seen.append(tuple(sizes))
        return float(len(seen))

    monkeypatch.setattr(forward, "accuracy", accuracy)
    result = search("here").result
    assert result["accuracy"] == len(seen) == 18
    assert tuple(result["sizes"]["prompts"]) == seen[-1]


def test_a_search_that_was_cut_off_asks_for_no_accuracy_twice(search, monkeypatch):
    undisturbed = search("one").result
    with monkeypatch.context() as patch:
        work, first = killed_at(8, forward.accuracy)
        patch.setattr(forward, "accuracy", work)
        with pytest.raises(Killed):
            search("other")
    work, rest = killed_at(100, forward.accuracy)
    monkeypatch.setattr(forward, "accuracy", work)
    resumed = search("other").result
    assert (len(first), len(rest)) == (8, 10)
    timeless = ("sizes", "parameters", "accuracy", "generations")
    assert [resumed[key] for key in timeless] == [undisturbed[key] for key in timeless]


def test_the_limit_holds(search):
    evolution = LEVEL["evolution"] | {"parameter_limit": 250}
    result = search("here", levels={"lite": LEVEL | {"evolution": evolution}}).result
    assert result["parameters"] <= 250


def test_the_supernet_drops_paths_as_its_recipe_says(supernet):
    def trained(name, **changes):
        recipe = LEVEL["recipe"] | changes
        return supernet(name, levels={"lite": LEVEL | {"recipe": recipe}}).weights

    without, none, some = (
        trained("without"),
        trained("none", drop_path=0.0),
        trained("some", drop_path=0.5),
    )
    for name, weights in without.items():
        np.testing.assert_array_equal(weights, none[name])
    assert any(not np.array_equal(some[name], without[name]) for name in without)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_a_share_that_leaves_one_side_empty_is_refused(images, share):
    with pytest.raises(UserError, match=r"'noah\.validation_share' is 0\.\d+, which"):
        hold_out_by_class(images, share, 0)
