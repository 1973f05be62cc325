"""Source images from a folder: which are drawn."""

import pytest
from PIL import Image

from peftdiff.data.files import ImageFiles
from peftdiff.data.folders import read_source_folder
from peftdiff.data.sampling import draw_images, draw_shots
from peftdiff.data.splits import WHOLE
from peftdiff.runtime import UserError

CLASSES = ("n01", "n02", "n03")


def make(root, sizes=(5, 4, 6), order=1):
    """Make class folders; the files are made in one order or in its reverse."""
    places = [
        root / name / f"{name}_{number}.JPEG"
        for name, size in zip(CLASSES, sizes, strict=True)
        for number in range(size)
    ]
    for place in places[::order]:
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(place)
    return root


def drawn(root, shots=3, seed=0):
    found = read_source_folder(root)
    return draw_shots(found.splits[WHOLE], found.classes, shots, seed)


def test_every_class_has_its_shots_without_repetition(tmp_path):
    files = drawn(make(tmp_path))
    assert list(files.labels) == [0] * 3 + [1] * 3 + [2] * 3
    assert len(set(files.names)) == 9
    assert all(
        name.startswith(CLASSES[label])
        for name, label in zip(files.names, files.labels, strict=True)
    )


def test_the_draw_is_seeded(tmp_path):
    make(tmp_path)
    assert drawn(tmp_path).names == drawn(tmp_path).names
    assert len({drawn(tmp_path, seed=seed).names for seed in range(10)}) > 1


def test_neither_files_nor_rows_have_a_say_by_their_order(tmp_path):
    one = drawn(make(tmp_path / "one"))
    other = drawn(make(tmp_path / "other", order=-1))
    assert one.names == other.names
    found = read_source_folder(tmp_path / "one")
    files, classes = found.splits[WHOLE], found.classes
    turned = ImageFiles(files.folder, files.names[::-1], files.labels[::-1])
    assert draw_shots(turned, classes, 3, 0).names == one.names
    expected = draw_images(files, 7, 0)
    assert draw_images(turned, 7, 0).names == expected.names
    assert list(expected.names) == sorted(expected.names)


@pytest.mark.parametrize("others", [(), ("val",), ("val", "test")])
def test_of_a_folder_with_splits_the_training_images_are_taken(tmp_path, others):
    make(tmp_path / "train")
    for other in others:
        make(tmp_path / other)
    found = read_source_folder(tmp_path)
    assert found.classes == CLASSES
    assert len(found.splits[WHOLE].names) == 15


def test_a_class_may_be_called_train(tmp_path):
    for name in ("car", "train"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name / "a.png")
    assert read_source_folder(tmp_path).classes == ("car", "train")


def test_a_table_will_do(tmp_path):
    make(tmp_path / "images")
    table = tmp_path / "images.csv"
    rows = [f"images/{c}/{c}_{n}.JPEG,{c}\n" for c in CLASSES[1:] for n in (3, 1)]
    table.write_text("path,label\n" + "".join(rows))
    files = drawn(table, shots=1)
    assert list(files.labels) == [0, 1]


def test_mistakes_are_sentences(tmp_path):
    make(tmp_path)
    with pytest.raises(
        UserError, match=r"class n02 of .* has 4 images, fewer .* \(5\)"
    ):
        drawn(tmp_path, shots=5)
    files = read_source_folder(tmp_path).splits[WHOLE]
    with pytest.raises(
        UserError, match=r"has 15 images, .* 'source.images' wants \(16"
    ):
        draw_images(files, 16, 0)
    with pytest.raises(UserError, match=r"correct it in config key 'source\.folder'"):
        read_source_folder(tmp_path / "nowhere")
    with pytest.raises(UserError, match="has images of 0 classes; at least two are"):
        read_source_folder(tmp_path / "n01")
