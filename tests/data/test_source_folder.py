"""The scripts around a source of image files: drawn, stored, trained on."""

import numpy as np
import pytest
import torch
from PIL import Image

import prepare_source_folder
import prepare_sources
import train_method
from peftdiff.data.images import read_checksums, read_images, read_origin
from peftdiff.models.vit import build_backbone
from peftdiff.runtime import UserError
from peftdiff.stages import TrainingContext
from peftdiff.stages.store import Run, read_models, write_models
from peftdiff.training.recipe import Recipe
from tests.helpers.training import AUGMENTATION

# torch warns of more processes than cores, which are few where tests run.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")

PREPARATION = {"size": 32, "interpolation": "bicubic", "stored_bytes": 0}
NORMALIZATION = {"mean": 0.5, "std": 0.28}
MODES = ("RGB", "L", "CMYK", "P")
RECIPE = {
    "epochs": 2,
    "batch_size": 8,
    "learning_rate": 0.01,
    "weight_decay": 0.0,
    "label_smoothing": 0.1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images of three classes: some grey, some CMYK or of a palette, none a square."""
    root = tmp_path_factory.mktemp("imagenet")
    rng = np.random.default_rng(0)
    for number in range(36):
        path = root / "train" / f"n0{number % 3}" / f"{number}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 90, (50 + number, 70, 3), np.uint8)
        pixels[..., number % 3] += 60
        mode = MODES[number % 4]
        kind = "PNG" if mode == "P" else "JPEG"  # read by content, not by name
        Image.fromarray(pixels).convert(mode).save(path, kind)
    return root


def prepare(folder, path, **changes):
    how = {"images": 20, "shots": 8, "seed": 0, "stored_size": 40}
    how |= {"unreadable": "error", "preparation": PREPARATION} | changes
    prepare_source_folder.main(str(path), images_path=str(folder), **how)
    return str(path)


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    return prepare(folder, tmp_path_factory.mktemp("data") / "source.safetensors")


def test_images_are_stored_larger_than_the_input_with_their_origin(folder, prepared):
    images = read_images(prepared, "train", NORMALIZATION)
    assert images.pixels.shape == (24, 40, 40, 3)
    assert images.class_names == (("n00", "n01", "n02"),)
    assert np.bincount(images.labels).tolist() == [8, 8, 8]
    source = read_origin(prepared)
    expected = {"kind": "folder", "path": str(folder), "shots": 8, "draw_seed": 0}
    assert source["from"] == expected
    assert source["images"] == {"train": {"n00": 8, "n01": 8, "n02": 8}}
    assert read_checksums(prepared).keys() == {"train"}


def test_preparing_twice_gives_the_same_bytes(folder, prepared, tmp_path):
    again = prepare(folder, tmp_path / "source.safetensors")
    with open(prepared, "rb") as first, open(again, "rb") as second:
        assert first.read() == second.read()
    other = prepare(folder, tmp_path / "other.safetensors", seed=1)
    assert read_checksums(other) != read_checksums(prepared)


def test_without_shots_images_are_drawn_from_all(folder, tmp_path):
    path = prepare(folder, tmp_path / "a.safetensors", shots=None, stored_size=None)
    assert read_images(path, "train", NORMALIZATION).pixels.shape == (20, 32, 32, 3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"shots": 13}, r"class n00 of .* has 12 images, fewer than"),
        ({"stored_size": 31}, "'source.stored_size' is 31, less than the backbone's"),
    ],
)
def test_mistakes_leave_no_source(folder, tmp_path, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        prepare(folder, tmp_path / "source.safetensors", **changes)
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_image_leaves_no_source(tmp_path):
    for name in ("a", "b"):
        path = tmp_path / "images" / name / "x.JPEG"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"no image")
    with pytest.raises(UserError, match=r"2 of .* decoded.* a/x\.JPEG .*b/x"):
        prepare(tmp_path / "images", tmp_path / "source.safetensors", shots=1)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_the_embedded_source_is_left_out_where_images_are_given(tmp_path):
    paths = [str(tmp_path / f"{name}.safetensors") for name in "abc"]
    sizes = {"pretraining_size": 5, "source_size": 5}
    prepare_sources.main(paths[0], paths[1], **sizes)
    prepare_sources.main(paths[2], None, **sizes)
    assert read_checksums(paths[0]) == read_checksums(paths[2])
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.fixture(scope="module")
def backbone(architecture, tmp_path_factory):
    torch.manual_seed(0)
    weights = build_backbone(architecture).state_dict()
    run = Run("backbone", {}, {name: w.numpy() for name, w in weights.items()})
    path = str(tmp_path_factory.mktemp("models") / "backbone.safetensors")
    write_models(path, {0: run})
    return path


@pytest.mark.parametrize("augmentation", [{}, {"augmentation": AUGMENTATION}])
def test_a_method_is_trained_on_it(
    prepared, backbone, tmp_path, architecture, augmentation
):
    made = []
    for workers in (0, 2):
        path = str(tmp_path / f"{workers}.safetensors")
        train_method.main(
            *(prepared, backbone, path),
            method="lora",
            architecture=architecture,
            hyperparameters={"rank": 2},
            sizes_path=None,
            recipe=Recipe(**RECIPE | augmentation),
            seeds=[0],
            context=TrainingContext.prepare(
                store=str(tmp_path / f"runs{workers}"),
                retrain=False,
                device="cpu",
                precision="float32",
                normalization=NORMALIZATION,
            ),
            workers=workers,
        )
        made.append(read_models(path)[0])
    assert made[0].key == made[1].key
    # LoRA's second matrices are zero at the start: all that is trained has moved.
    assert all(array.any() for array in made[0].weights.values())
    for name, array in made[0].weights.items():
        np.testing.assert_array_equal(array, made[1].weights[name])
