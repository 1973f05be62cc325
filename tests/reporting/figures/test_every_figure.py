"""What holds for every figure alike."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import _pylab_helpers
from matplotlib.figure import Figure

from peftdiff.reporting.figures import (
    ablation,
    accuracy,
    choices,
    contact_sheet,
    critical_difference,
    diffusion_map,
    grid_curves,
    grid_maps,
    scores,
    scree,
    start_seeds,
    style,
    tau,
    times,
)
from tests.helpers import study_tables

STUDIES = ("ablation", "grid_curves", "grid_maps", "choices", "start_seeds", "times")
TABLES = ("accuracy", "scores", "tau", "critical_difference", *STUDIES)
NAMES = (*TABLES, "scree", "diffusion_map", "contact_sheet")


@pytest.fixture
def inputs(make):
    tasks = {"natural": ("digits",), "structured": ("dsori", "my task")}
    truth = make.truth(tasks, ("lora", "vpt", "mine"))
    correlation = make.correlation(tasks, ("peftdiff", "static"))
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 4
    images = rng.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    grid = [study_tables.grid(tasks), study_tables.grid_choice(tasks)]
    return {
        "ablation": (ablation.draw, [study_tables.ablation(tasks)]),
        "grid_curves": (grid_curves.draw, [*grid]),
        "grid_maps": (grid_maps.draw, [*grid]),
        "choices": (choices.draw, [study_tables.choices(tasks)]),
        "start_seeds": (start_seeds.draw, [study_tables.choices(tasks)]),
        "times": (times.draw, [study_tables.timing(tasks)]),
        "scree": (
            scree.draw,
            [study_tables.complexity(tasks), study_tables.scree(tasks)],
        ),
        "accuracy": (accuracy.draw, [truth]),
        "scores": (scores.draw, [make.scores(truth), truth, correlation]),
        "tau": (tau.draw, [correlation, make.summary(correlation)]),
        "critical_difference": (critical_difference.draw, [make.friedman()]),
        "diffusion_map": (
            diffusion_map.draw,
            [{"Backbone": rng.normal(size=(40, 2))}, labels, list("abcd")],
        ),
        "contact_sheet": (
            contact_sheet.draw,
            [images, labels, ["low", "high", "left", "right"], "digits"],
        ),
    }


def svg(figure):
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_drawn_twice_the_bytes_are_equal(inputs, name):
    draw, arguments = inputs[name]
    first, second = svg(draw(*arguments)), svg(draw(*arguments))
    assert first == second
    assert first.startswith(b"<?xml")


@pytest.mark.parametrize("name", NAMES)
def test_figure_is_free_of_pyplot_and_its_settings(inputs, name):
    draw, arguments = inputs[name]
    figure = draw(*arguments)
    assert type(figure) is Figure
    assert _pylab_helpers.Gcf.get_all_fig_managers() == []


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_left_as_they_were(inputs, name):
    draw, arguments = inputs[name]
    copies = [table.copy(deep=True) for table in arguments]
    draw(*arguments)
    for table, copy in zip(arguments, copies, strict=True):
        assert table.equals(copy)


@pytest.mark.parametrize("name", TABLES)
def test_rows_may_come_with_any_index(inputs, name):
    draw, arguments = inputs[name]
    expected = svg(draw(*arguments))
    changed = [table.set_index(np.arange(len(table)) % 7) for table in arguments]
    assert svg(draw(*changed)) == expected


@pytest.mark.parametrize(
    ("name", "position", "table", "column"),
    [
        ("accuracy", 0, "ground_truth.csv", "in_pool"),
        ("accuracy", 0, "ground_truth.csv", "experiment"),
        ("scores", 0, "scores.csv", "score"),
        ("scores", 1, "ground_truth.csv", "accuracy"),
        ("scores", 2, "correlation.csv", "weighted_tau"),
        ("tau", 0, "correlation.csv", "null_sd"),
        ("tau", 1, "summary.csv", "null_sd_shared_permutation"),
        ("critical_difference", 0, "friedman.csv", "mean_rank"),
        ("ablation", 0, "ablation.csv", "variant"),
        ("grid_curves", 0, "grid.csv", "weighted_tau"),
        ("grid_curves", 1, "grid_choice.csv", "chance_sd"),
        ("grid_maps", 0, "grid.csv", "neighbors"),
        ("grid_maps", 1, "grid_choice.csv", "choice"),
        ("choices", 0, "choices.csv", "agreement"),
        ("start_seeds", 0, "choices.csv", "run_agreement"),
        ("times", 0, "timing.csv", "stage"),
        ("scree", 0, "complexity.csv", "fraction_95"),
    ],
)
def test_missing_column_or_rows_are_named(inputs, name, position, table, column):
    draw, arguments = inputs[name]
    whole = arguments[position]
    arguments[position] = whole.drop(columns=column)
    with pytest.raises(ValueError, match=f"{table} lacks the column {column} "):
        draw(*arguments)
    arguments[position] = whole.iloc[:0]
    with pytest.raises(ValueError, match=f"{table} has no rows"):
        draw(*arguments)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_smaller_than_eight_points(inputs, texts, name):
    draw, arguments = inputs[name]
    figure = draw(*arguments)
    assert min(text.get_fontsize() for text in texts(figure)) >= 8


def test_figures_need_neither_torch_nor_pyplot():
    modules = ", ".join(NAMES)
    program = (
        f"import sys; from peftdiff.reporting.figures import {modules}\n"
        "from peftdiff.reporting import labels\n"
        "labels.method_label('lora'), labels.task_label('digits')\n"
        "labels.metric_label('peftdiff')\n"
        "print(*{'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    paths = [path for path in sys.path if path]
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == ""
