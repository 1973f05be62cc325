"""The same bytes on every machine, in every process, at every size.

`golden.json` holds SHA-256 checksums. When one changes on purpose, raise
GENERATOR_VERSION and write the file again:
PYTHONPATH=workflow python tests/tasks/test_bytes.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from peftdiff.data.images import checksum
from peftdiff.tasks import (
    GENERATOR_VERSION,
    TASKS,
    DrawnTask,
    generate_task,
    method_source,
    pretraining_source,
)
from peftdiff.tasks.synthetic.generation import BLOCK, quantize

DRAWN = [slug for slug, task in TASKS.items() if isinstance(task, DrawnTask)]
GOLDEN = Path(__file__).with_name("golden.json")
# The sizes used by the embedded experiment, but for source A, of which it takes 36,000.
TRAIN, TEST = 1000, 2000
SOURCE_A, SOURCE_B = 6_000, 6_000
SMALL = 120


def small_checksums():
    """Return the checksums of the first images of everything."""
    sums = {}
    for slug in DRAWN:
        task = generate_task(slug, SMALL, SMALL)
        sums[f"{slug} train"] = checksum(task.train_images, task.train_labels)
        sums[f"{slug} test"] = checksum(task.test_images, task.test_labels)
    a, b = pretraining_source(SMALL), method_source(SMALL)
    sums["pretraining"] = checksum(a.images, a.targets)
    sums["method source"] = checksum(b.images, b.labels)
    return sums


def task_checksums(task):
    """Return the checksums of a task's full sets."""
    return {
        "train": checksum(task.train_images, task.train_labels),
        "test": checksum(task.test_images, task.test_labels),
    }


def source_checksums():
    """Return the checksums of the sources."""
    a, b = pretraining_source(SOURCE_A), method_source(SOURCE_B)
    return {
        "pretraining": checksum(a.images, a.targets),
        "method source": checksum(b.images, b.labels),
    }


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


def test_checksums_belong_to_this_version(golden):
    assert golden["version"] == GENERATOR_VERSION


def test_first_images(golden):
    assert small_checksums() == golden["small"]


def test_another_process_other_threads_and_without_vector_instructions(golden):
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    changed = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONHASHSEED": "1",
        "OMP_NUM_THREADS": "3",
        "OPENBLAS_NUM_THREADS": "3",
        "NPY_DISABLE_CPU_FEATURES": " ".join(simd.get("found", [])),
    }
    command = [sys.executable, __file__, "small"]
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | changed
    )
    assert json.loads(run.stdout) == golden["small"]


@pytest.mark.parametrize("slug", DRAWN)
def test_full_task(slug, golden):
    task = generate_task(slug, TRAIN, TEST)
    assert task_checksums(task) == golden["tasks"][slug]
    classes = np.arange(len(task.class_names))
    for labels in (task.train_labels, task.test_labels[:TRAIN]):
        assert np.array_equal(np.unique(labels), classes)
    share = np.bincount(task.test_labels) / TEST
    assert share.max() < 1.6 / len(classes)
    assert share.min() > 0.5 / len(classes)


def test_sources(golden):
    assert source_checksums() == golden["sources"]


@pytest.mark.parametrize("slug", DRAWN)
def test_fewer_images_are_the_first_of_more_and_splits_are_apart(slug):
    more = generate_task(slug, BLOCK + 20, 7)
    fewer = generate_task(slug, 7, BLOCK + 20)
    assert np.array_equal(more.train_images[:7], fewer.train_images)
    assert np.array_equal(more.train_labels[:7], fewer.train_labels)
    assert np.array_equal(fewer.test_images[:7], more.test_images)
    assert np.array_equal(fewer.test_labels[:7], more.test_labels)


@pytest.mark.parametrize("source", [pretraining_source, method_source])
def test_fewer_source_images_are_the_first_of_more(source):
    assert np.array_equal(source(9).images, source(BLOCK + 1).images[:9])


def test_blocks_differ():
    images = generate_task("dsloc", 2 * BLOCK, 1).train_images
    assert not np.array_equal(images[:BLOCK], images[BLOCK:])


def test_quantize_rounds_and_clips():
    values = np.array([-1.0, 0.0, 0.2, 1 / 255, 1.4 / 255, 1.6 / 255, 1.0, 7.0])
    pixels = quantize(np.tile(values[:, None, None, None], (1, 3, 32, 32)))
    assert pixels.dtype == np.uint8
    assert pixels[:, 5, 6, 1].tolist() == [0, 0, 51, 1, 1, 2, 255, 255]


def test_quantize_puts_channels_last():
    planes = np.zeros((1, 3, 32, 32))
    planes[0, 2, 4, 30] = 1
    assert np.argwhere(quantize(planes)).tolist() == [[0, 4, 30, 2]]


def test_checksum_covers_images_and_labels():
    images, labels = np.zeros((2, 4, 4, 3), np.uint8), np.arange(2)
    first = checksum(images, labels)
    assert len(first) == 64
    assert checksum(images, labels[::-1]) != first
    assert checksum(images + np.uint8(1), labels) != first
    assert checksum(images, labels.astype(np.int32)) == first


def main(what):
    if what == "small":
        print(json.dumps(small_checksums()))
        return
    tasks = {slug: task_checksums(generate_task(slug, TRAIN, TEST)) for slug in DRAWN}
    sums = {
        "version": GENERATOR_VERSION,
        "small": small_checksums(),
        "tasks": tasks,
        "sources": source_checksums(),
    }
    GOLDEN.write_text(json.dumps(sums, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "")
