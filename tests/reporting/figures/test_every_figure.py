"""What holds for every figure alike."""

import io

import numpy as np
import pytest
from matplotlib import _pylab_helpers
from matplotlib.figure import Figure

from peftdiff.evaluation.studies.times import times_by_group
from peftdiff.reporting.figures import (
    FIGURES,
    FigureEntry,
    contact_sheet,
    draw_figure,
    figure_table,
    figures_with,
    style,
)
from tests.helpers import study_tables

FROM_TABLES = [name for name, entry in FIGURES.items() if not entry.arrays]


@pytest.fixture
def sources(make):
    """A function that returns small tables and arrays of each figure, by name."""
    tasks = {"natural": ("digits",), "structured": ("dsori", "my task")}
    truth = make.truth(tasks, ("lora", "vpt", "mine"))
    correlation = make.correlation(tasks, ("peftdiff", "static"))
    taus, agreement = study_tables.published()
    made = {
        **make.judged(truth),
        "scores": make.scores(truth),
        "correlation": correlation,
        "summary": make.summary(correlation),
        "friedman": make.friedman(),
        "ablation": study_tables.ablation(tasks),
        "grid": study_tables.grid(tasks),
        "grid_choice": study_tables.grid_choice(tasks),
        "choices": study_tables.choices(tasks),
        "times": times_by_group(study_tables.timing(tasks)),
        "complexity": study_tables.complexity(tasks),
        "scree": study_tables.scree(tasks),
        "published_taus": taus,
        "published_agreement": agreement,
        "diffusion_map": {
            "panels": np.array(["Backbone"]),
            "coordinates": np.random.default_rng(0).normal(size=(1, 40, 2)),
            "labels": np.arange(40) % 4,
            "class_names": np.array(list("abcd")),
            "title": np.array("Digits"),
        },
    }

    def of(name):
        entry = FIGURES[name]
        return {source: made[source] for source in (*entry.tables, *entry.arrays)}

    return of


@pytest.fixture
def sheet():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    names = ["low", "high", "left", "right"]
    return contact_sheet.draw(images, np.arange(40) % 4, names, "digits")


def svg(figure):
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


@pytest.mark.parametrize("name", FIGURES)
def test_drawn_twice_the_bytes_are_equal(sources, name):
    first, second = (svg(draw_figure(name, sources(name))) for _ in range(2))
    assert first == second
    assert first.startswith(b"<?xml")


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_free_of_pyplot_and_its_settings(sources, name):
    assert type(draw_figure(name, sources(name))) is Figure
    assert _pylab_helpers.Gcf.get_all_fig_managers() == []


@pytest.mark.parametrize("name", FROM_TABLES)
def test_tables_are_left_as_they_were(sources, name):
    tables = sources(name)
    copies = {key: table.copy(deep=True) for key, table in tables.items()}
    draw_figure(name, tables)
    for key, copy in copies.items():
        assert tables[key].equals(copy)


@pytest.mark.parametrize("name", FROM_TABLES)
def test_rows_may_come_with_any_index(sources, name):
    tables = sources(name)
    changed = {
        key: table.set_index(np.arange(len(table)) % 7) for key, table in tables.items()
    }
    assert svg(draw_figure(name, changed)) == svg(draw_figure(name, tables))


@pytest.mark.parametrize(
    ("name", "table", "column"),
    [
        ("accuracy", "ground_truth", "in_pool"),
        ("accuracy", "ground_truth", "experiment"),
        ("scores", "scores", "score"),
        ("accuracy", "standings", "among_best"),
        ("accuracy", "tasks", "majority_share"),
        ("scores", "ground_truth", "accuracy"),
        ("scores", "correlation", "weighted_tau"),
        ("tau", "correlation", "null_sd"),
        ("tau", "summary", "mean_weighted_tau"),
        ("tau", "summary", "null_sd_shared_permutation"),
        ("critical_difference", "friedman", "mean_rank"),
        ("ablation", "ablation", "variant"),
        ("grid_curves", "grid", "weighted_tau"),
        ("grid_curves", "grid_choice", "chance_sd"),
        ("grid_maps", "grid", "neighbors"),
        ("grid_maps", "grid_choice", "choice"),
        ("choices", "choices", "agreement"),
        ("start_seeds", "choices", "run_agreement"),
        ("times", "times", "speed_up"),
        ("scree", "complexity", "fraction_95"),
        ("published", "published_taus", "weighted_tau"),
        ("published", "published_agreement", "null_sd"),
    ],
)
def test_missing_column_or_rows_are_named(sources, name, table, column):
    given = sources(name)
    lacking = given | {table: given[table].drop(columns=column)}
    with pytest.raises(ValueError, match=f"{table}.csv lacks the column {column} "):
        draw_figure(name, lacking)
    with pytest.raises(ValueError, match=f"{table}.csv has no rows"):
        draw_figure(name, given | {table: given[table].iloc[:0]})


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_smaller_than_eight_points(sources, texts, name):
    figure = draw_figure(name, sources(name))
    assert min(text.get_fontsize() for text in texts(figure)) >= 8


def test_a_contact_sheet_is_a_figure_like_the_others(sheet, texts):
    assert type(sheet) is Figure
    assert svg(sheet) == svg(sheet)
    assert min(text.get_fontsize() for text in texts(sheet)) >= 8


def test_a_name_twice_in_the_table_raises():
    with pytest.raises(ValueError, match="'tau' is in the table twice"):
        figure_table([FigureEntry("tau", "one"), FigureEntry("tau", "another")])


def test_a_study_is_drawn_where_all_its_tables_are():
    assert figures_with("Studies", ["grid", "choices"]) == ["choices", "start_seeds"]
    assert "grid_maps" in figures_with("Studies", ["grid", "grid_choice"])
    assert figures_with("Studies", []) == []
