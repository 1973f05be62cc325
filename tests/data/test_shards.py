"""Images of each class drawn from as few files as hold them."""

import numpy as np
import pytest

from peftdiff.data.shards import draw_from_shards
from peftdiff.runtime import UserError
from tests.helpers import shards

CLASSES = ("0", "1", "2")


def dataset(seed, files=8, rows=30, shuffled=True):
    """Return the labels of the rows of each file."""
    labels = np.random.default_rng(seed).integers(0, len(CLASSES), files * rows)
    labels = labels if shuffled else np.sort(labels)
    parts = np.split(labels, files)
    return {f"{number}.parquet": part.tolist() for number, part in enumerate(parts)}


def draw(known, shots, seed, names=CLASSES):
    """Return what is drawn, and the files in the order of their reading."""
    read = []

    def labels(file):
        read.append(file)
        return [str(label) for label in known[file]], names

    return draw_from_shards(list(known), labels, shots, seed), read


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("shots", [1, 9, 40])
@pytest.mark.parametrize("seed", range(5))
def test_the_draw_is_that_by_hand(shuffled, shots, seed):
    known = dataset(seed, shuffled=shuffled)
    drawn, read = draw(known, shots, seed)
    rows = {file: [(label, None) for label in labels] for file, labels in known.items()}
    expected, places = shards.draw(rows, shots, seed)
    assert read == [shard.file for shard in drawn] == expected
    found = {
        (shard.file, int(row)): int(shard.labels[row])
        for shard in drawn
        for row in shard.rows
    }
    assert found == places
    assert all((np.diff(shard.rows) > 0).all() for shard in drawn)
    assert np.bincount(list(found.values())).tolist() == [shots] * 3


def test_neither_the_order_of_files_nor_of_the_reading_has_a_say():
    known = dataset(0)
    backwards = dict(reversed(known.items()))
    first, _ = draw(known, 12, 4)
    again, _ = draw(backwards, 12, 4)
    for one, other in zip(first, again, strict=True):
        assert one.file == other.file
        np.testing.assert_array_equal(one.rows, other.rows)


@pytest.mark.parametrize("shuffled", [True, False])
def test_every_image_of_a_class_is_as_likely_as_any_other(shuffled):
    """If all files are read; the counts of 3,000 draws are binomial."""
    known = dataset(1, files=3, rows=10, shuffled=shuffled)
    labels = [label for part in known.values() for label in part]
    of_class = np.bincount(labels)
    shots, draws = int(of_class.min()) - 1, 3000
    counts = dict.fromkeys([(file, row) for file in known for row in range(10)], 0)
    for seed in range(draws):
        for shard in draw(known, shots, seed, names=None)[0]:
            for row in shard.rows:
                counts[shard.file, int(row)] += 1
    for (file, row), count in counts.items():
        share = shots / of_class[known[file][row]]
        spread = np.sqrt(draws * share * (1 - share))
        assert abs(count - draws * share) < 4.5 * spread


def test_a_file_without_rows_is_no_obstacle():
    known = dataset(2, files=3) | {"empty.parquet": []}
    drawn, read = draw(known, 20, 0, names=None)
    assert sum(len(shard.rows) for shard in drawn) == 60
    assert set(read) == set(known)


def test_without_names_every_file_is_read():
    known = dataset(3, shuffled=False)
    drawn, read = draw(known, 1, 0, names=None)
    assert len(read) == len(known)
    assert sum(len(shard.rows) for shard in drawn) == 3


def test_a_class_with_too_few_images_is_named():
    known = dataset(4)
    with pytest.raises(UserError, match=r"class 3 has 0 images in all 8 files of"):
        draw(known, 2, 0, names=(*CLASSES, "3"))
    with pytest.raises(UserError, match=r"fewer than 'source\.shots' wants \(200\)"):
        draw(known, 200, 0)


def test_files_of_other_classes_do_not_mix():
    def labels(file):
        return ["a", "b"], ("a", "b") if file == "0" else ("a", "b", "c")

    with pytest.raises(UserError, match="has other classes than"):
        draw_from_shards(["0", "1"], labels, 5, 0)
