"""The contract of every entry of the TASKS table."""

import numpy as np
import pytest

from peftdiff.tasks import GROUPS, TASKS, DrawnTask, Task, VtabTask, generate_task
from peftdiff.tasks.table import task_table

DRAWN = [slug for slug, task in TASKS.items() if isinstance(task, DrawnTask)]


@pytest.mark.parametrize("slug", DRAWN)
def test_images_of_a_drawn_task_differ_and_its_labels_are_in_range(slug):
    images = generate_task(slug, 40, 40)
    assert len(images.class_names) >= 2
    assert len(set(images.class_names)) == len(images.class_names)
    for pixels, labels in (
        (images.train_images, images.train_labels),
        (images.test_images, images.test_labels),
    ):
        assert pixels.shape == (40, 32, 32, 3)
        assert pixels.dtype == np.uint8
        assert labels.shape == (40,)
        assert labels.dtype == np.int64
        assert labels.min() >= 0
        assert labels.max() < len(images.class_names)
        spread = pixels.reshape(40, -1).std(axis=1)
        assert spread.min() > 1
        assert len(np.unique(pixels.reshape(40, -1), axis=0)) == 40
    assert not np.array_equal(images.train_images, images.test_images)


def test_vtab_1k_has_its_tasks_groups_and_sizes():
    tasks = [task for task in TASKS.values() if isinstance(task, VtabTask)]
    groups = [task.group for task in tasks]
    assert [groups.count(group) for group in GROUPS] == [7, 4, 8]
    assert sum(task.test_images for task in tasks) == 387_904
    names = [name for task in tasks for name in (task.slug, *task.aliases)]
    assert len(set(names)) == len(names)
    assert not set(names) & set(DRAWN)


def test_labels_in_figures_are_unique():
    assert len({task.label for task in TASKS.values()}) == len(TASKS)


def test_two_tasks_in_each_group_at_least():
    groups = [task.group for task in TASKS.values()]
    assert all(groups.count(group) >= 2 for group in GROUPS)


def test_duplicate_slug_raises():
    task = DrawnTask("twice", "Twice", "natural")
    with pytest.raises(ValueError, match="'twice' is in the table twice"):
        task_table([task, task])


def test_unknown_group_raises():
    with pytest.raises(ValueError, match="unknown group 'artificial'"):
        task_table([Task("a", "A", "artificial")])


def test_unknown_task_raises_and_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown task 'digit'.*digits, texture"):
        generate_task("digit", 10, 10)
    with pytest.raises(ValueError, match="unknown task 'cifar'"):
        generate_task("cifar", 10, 10)


@pytest.mark.parametrize(("train", "test"), [(0, 10), (10, 0), (-1, 10)])
def test_sizes_below_one_raise(train, test):
    with pytest.raises(ValueError, match=r"dsloc: the t.+ set needs at least 1 "):
        generate_task("dsloc", train, test)
