"""Augmentation: what it does, and what it depends on."""

import contextlib
import fcntl
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data.mixup import mixup_target

from peftdiff.models.device import Setting
from peftdiff.runtime import UserError
from peftdiff.training import augmentation
from peftdiff.training.augmentation import Augmented, seeded
from peftdiff.training.loop import fit
from peftdiff.training.recipe import Recipe
from tests.helpers.training import AUGMENTATION, Memory, new_model

# torch warns of more processes than cores, which are few where tests run.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")

RECIPE = Recipe(
    epochs=2,
    batch_size=20,
    learning_rate=3e-3,
    weight_decay=1e-3,
    label_smoothing=0.1,
    augmentation=AUGMENTATION,
)
ORDER = [list(range(12)), list(range(30, 42))]


@pytest.fixture
def larger(images):
    """The images at 40 x 40: twelve of each row and column are their neighbors' too."""
    rows = np.linspace(0, 31, 40).astype(int)
    return replace(images, pixels=images.pixels[:, rows][:, :, rows])


def batches(images, parts, *, epoch=0, size=32, workers=0, seed=0):
    augmented = Augmented(images, parts, size=size, workers=workers)
    return list(augmented.epoch(ORDER, seed, epoch))


def same(first, second):
    return all(
        torch.equal(a, b)
        for one, other in zip(first, second, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def plain(images, rows):
    pixels = torch.from_numpy(images.pixels[rows]).permute(0, 3, 1, 2).float()
    return (pixels / 255 - images.mean) / images.std


def draws():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002


@pytest.mark.parametrize(
    "parts", [{}, dict.fromkeys(AUGMENTATION), {"crop": None, "flip": 0}]
)
def test_without_parts_nothing_changes(images, parts):
    for rows, (x, labels) in zip(ORDER, batches(images, parts), strict=True):
        torch.testing.assert_close(x, plain(images, rows))
        assert labels.tolist() == images.labels[rows].tolist()


def test_without_a_crop_the_center_is_taken(larger):
    ((x, _), _) = batches(larger, {})
    center = replace(larger, pixels=larger.pixels[:, 4:36, 4:36])
    torch.testing.assert_close(x, plain(center, ORDER[0]))


def test_a_flip_mirrors_left_and_right(images):
    ((x, _), _) = batches(images, {"flip": 1.0})
    torch.testing.assert_close(x, plain(images, ORDER[0]).flip(3))


def test_a_crop_is_a_part_of_the_image(larger):
    ramp = np.arange(40, dtype=np.uint8)[None, :, None] * np.ones((40, 1, 3), np.uint8)
    one = replace(larger, pixels=np.repeat(ramp[None], 96, axis=0))
    augmented = Augmented(one, {"crop": [0.2, 0.3]}, size=32)
    for row in range(20):
        columns = augmented[row][0, 0].astype(int)
        # Between 0.2 and 0.3 of 40 x 40, by sides of 3 : 4 to 4 : 3.
        assert 14 <= np.ptp(columns) <= 26
        assert (np.diff(columns) >= 0).all()


def test_every_image_epoch_and_seed_has_draws_of_its_own(larger):
    parts = {"crop": [0.2, 0.5]}
    one = replace(larger, pixels=np.repeat(larger.pixels[:1], 96, axis=0))
    ((x, _), _) = batches(one, parts)
    assert len({image.numpy().tobytes() for image in x}) == len(x)
    assert same(batches(one, parts), batches(one, parts))
    assert not same(batches(one, parts), batches(one, parts, epoch=1))
    assert not same(batches(one, parts), batches(one, parts, seed=1))


def test_an_image_does_not_depend_on_its_place_in_the_epoch(larger):
    parts = AUGMENTATION | {"mixup": 0, "cutmix": 0, "erasing": 0}
    forwards, backwards = (Augmented(larger, parts, size=32) for _ in range(2))
    first = [x for x, _ in forwards.epoch([[1, 2], [3, 4]], 0, 0)]
    second = [x for x, _ in backwards.epoch([[4, 3], [2, 1]], 0, 0)]
    assert torch.equal(first[0], second[1].flip(0))
    assert torch.equal(first[1], second[0].flip(0))


def test_the_number_of_processes_does_not_matter(larger):
    alone = batches(larger, AUGMENTATION)
    assert same(alone, batches(larger, AUGMENTATION, workers=1))
    assert same(alone, batches(larger, AUGMENTATION, workers=3))


def test_the_generators_of_all_else_are_left_alone(larger):
    with seeded("test"):
        expected = draws()
    for workers in (0, 2):
        with seeded("test"):
            steps = Augmented(larger, AUGMENTATION, size=32, workers=workers).epoch(
                ORDER, 0, 0
            )
            next(steps)
            assert draws() == expected
            list(steps)


def test_generators_are_set_back_after_an_error():
    with seeded("test"):
        expected = draws()
    with seeded("test"):
        with contextlib.suppress(KeyError), seeded("other"):
            draws()
            raise KeyError
        assert draws() == expected


@pytest.mark.parametrize("parts", [{"mixup": 0.8}, {"cutmix": 1.0}, AUGMENTATION])
def test_mixed_labels_are_shares_of_the_images_that_are_mixed(images, parts):
    for rows, (x, labels) in zip(ORDER, batches(images, parts), strict=True):
        assert x.shape == (12, 3, 32, 32)
        assert labels.shape == (12, 3)
        torch.testing.assert_close(labels.sum(1), torch.ones(12))
        assert (labels >= 0).all()
        own = torch.from_numpy(images.labels[rows])
        named = torch.zeros(12, 3).scatter_(1, own[:, None], 1)
        named.scatter_(1, own.flip(0)[:, None], 1)
        assert (labels[named == 0] == 0).all()


def test_mixup_is_the_same_mixture_of_images_and_labels(images):
    ((x, labels), _) = batches(images, {"mixup": 0.8})
    rows = ORDER[0]
    own, others = plain(images, rows), plain(images, rows[::-1])
    share = float(((x - others) * (own - others)).sum() / ((own - others) ** 2).sum())
    assert 0 < share < 1
    torch.testing.assert_close(x, share * own + (1 - share) * others, atol=1e-4, rtol=0)
    target = mixup_target(torch.from_numpy(images.labels[rows]), 3, share)
    torch.testing.assert_close(labels, target, atol=1e-4, rtol=0)


def test_cutmix_takes_a_rectangle_of_the_share_that_labels_say(images):
    for (x, labels), rows in zip(batches(images, {"cutmix": 1.0}), ORDER, strict=True):
        own = plain(images, rows)
        kept = torch.isclose(x, own).all(1)
        share = kept.float().mean((1, 2))
        for image in range(12):
            first, second = images.labels[rows[image]], images.labels[rows[-1 - image]]
            expected = 1.0 if first == second else float(share[image])
            assert float(labels[image, first]) == pytest.approx(expected, abs=0.01)


def test_the_loss_smooths_mixed_labels_as_timm_does():
    labels, logits = torch.tensor([0, 2, 1, 1]), torch.randn(4, 3)
    ours = mixup_target(labels, 3, 0.7)
    theirs = mixup_target(labels, 3, 0.7, smoothing=0.1)
    torch.testing.assert_close(
        torch.nn.functional.cross_entropy(logits, ours, label_smoothing=0.1),
        torch.nn.functional.cross_entropy(logits, theirs),
    )


def test_an_odd_batch_cannot_be_mixed(images):
    augmented = Augmented(images, {"mixup": 0.8}, size=32)
    with pytest.raises(UserError, match="a batch has 3 images, and mixup and cutmix"):
        next(augmented.epoch([[0, 1, 2]], 0, 0))


def test_erased_parts_are_noise_on_the_normalized_image(images):
    ((x, _), _) = batches(images, {"erasing": 1.0})
    kept = torch.isclose(x, plain(images, ORDER[0])).all(1)
    share = 1 - kept.float().mean((1, 2))
    assert (share > 0.01).all()
    assert (share < 0.45).all()
    # Rectangles: whatever row is touched is touched at the same columns.
    for image in kept:
        assert len({tuple(row.tolist()) for row in image if not row.all()}) == 1


def test_jitter_acts_without_randaugment_and_not_beside_it(images):
    both = {"randaugment": "rand-m0-n1", "color_jitter": 0.4}
    assert same(batches(images, both), batches(images, both | {"color_jitter": 0}))
    assert not same(batches(images, {"color_jitter": 0.4}), batches(images, {}))


@pytest.mark.parametrize(("bits", "left"), [(-1, 0), (0, 0), (1, 128), (4, 176)])
def test_no_bits_of_a_color_are_black(bits, left):
    image = Image.new("RGB", (2, 2), (180, 180, 180))
    assert augmentation._posterize(image, bits).getpixel((0, 0)) == (left,) * 3


def test_the_highest_level_of_randaugment_is_met_and_survived(images, monkeypatch):
    met = []
    darkened = augmentation._posterize
    monkeypatch.setattr(
        augmentation,
        "_posterize",
        lambda image, bits, **how: met.append(bits) or darkened(image, bits, **how),
    )
    augmented = Augmented(images, {"randaugment": "rand-m10-inc1"}, size=32)
    for row in range(len(images.labels)):
        augmented[row]
    assert met
    assert set(met) == {0}


KILLED = """
import fcntl, sys
import numpy as np
from peftdiff.training.augmentation import Augmented
from peftdiff.data.images import Images

pixels = np.zeros((640, 96, 96, 3), np.uint8)
images = Images(pixels, np.zeros(640, np.int64), (("a",),), 0.5, 0.28, "x")
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
order = np.arange(640).reshape(10, 64).tolist()
steps = Augmented(images, {"flip": 0.5}, size=96, workers=2).epoch(order, 0, 0)
next(steps)  # the workers are ahead, and wait to hand over
print("working", flush=True)
sys.stdin.read()
"""


def test_workers_of_a_killed_job_end_and_free_its_locks(tmp_path):
    lock = tmp_path / "lock"
    job = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED, lock],
        env=os.environ | {"PYTHONPATH": str(Path(augmentation.__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with job:
        assert job.stdout.readline() == b"working\n"
        job.kill()
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits as long as a worker lives


def trained(architecture, images, checkpoint=None, **how):
    model = new_model(architecture)  # an adapter with dropout
    how |= {"seed": 5, "name": "test", "setting": Setting(), "checkpoint": checkpoint}
    fit(model, images, RECIPE, size=32, **how)
    return model.state_dict()


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_training_resumed_or_with_helpers_ends_bit_equal(architecture, larger):
    whole = trained(architecture, larger)
    memory = Memory(stop=1)
    with pytest.raises(KeyboardInterrupt):
        trained(architecture, larger, memory)
    memory.stop = None
    draws()  # whatever else has happened in between
    assert equal(whole, trained(architecture, larger, memory))
    assert equal(whole, trained(architecture, larger, workers=2))


def test_without_augmentation_larger_images_are_cropped_to_the_input(
    architecture, larger
):
    states = []
    for images in (larger, larger.center(32)):
        model = new_model(architecture)
        how = {"seed": 5, "name": "test", "setting": Setting()}
        fit(model, images, replace(RECIPE, augmentation=None), size=32, **how)
        states.append(model.state_dict())
    assert equal(*states)
