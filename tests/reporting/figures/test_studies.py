"""The figures of the studies: marks stand where the tables say."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from peftdiff.reporting.figures import (
    ablation,
    choices,
    grid_curves,
    grid_maps,
    rows,
    start_seeds,
    style,
)
from tests.helpers import study_tables


def bands(panel, height):
    """Return the bands' left and right ends in a row, the wide band first."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width())
        for bar in panel.patches
        if bar.get_y() + bar.get_height() / 2 == pytest.approx(height)
    ]


def height_of(panel, label):
    """Return the place of a row, or of the value below a name ("inter/root")."""
    shown = [text.get_text() for text in panel.get_yticklabels()]
    *names, last = label.split("/")
    start = shown.index(names[0]) if names else 0
    return panel.get_yticks()[shown.index(last, start)]


def numbers(panel, height):
    return [t.get_text() for t in panel.texts if t.xy[1] == pytest.approx(height)]


def test_long_axes_turn_their_numbers(make, overlaps):
    grid, choice = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    # The values between are those of further settings, of no other interest here.
    more = [
        grid[grid["neighbors"] == 20].assign(neighbors=value)
        for value in (10, 15, 30, 50, 75, 100)
    ]
    figure = grid_curves.draw(pd.concat([grid, *more], ignore_index=True), choice)
    turned = [axes.get_xticklabels()[0].get_rotation() for axes in figure.axes[:3]]
    assert turned == [0, 90, 0]
    assert overlaps(figure) == []


@pytest.mark.parametrize("count", ["six", "nineteen"])
def test_no_texts_overlap(make, count, overlaps):
    tasks = getattr(make, count)
    grid, choice = study_tables.grid(tasks), study_tables.grid_choice(tasks)
    table = study_tables.choices(tasks)
    for figure in (
        ablation.draw(study_tables.ablation(tasks)),
        grid_curves.draw(grid, choice),
        grid_maps.draw(grid, choice),
        choices.draw(table),
        start_seeds.draw(table),
    ):
        assert overlaps(figure) == []


def test_ablation_shows_each_tau_and_the_mean(make):
    table = study_tables.ablation(make.six)
    table.loc[0, ["weighted_tau", "note"]] = math.nan, "all scores are equal"
    (panel,) = ablation.draw(table).axes
    mean = table.groupby("variant")["weighted_tau"].mean()
    order = ["intra_only", "inter_only", "combined"]
    assert numbers(panel, 0) == [style.number(mean[variant]) for variant in order]
    digits = height_of(panel, "Digits")
    chosen = table[table["task"] == "digits"]["weighted_tau"]
    wanted = ["n/a", *map(style.number, chosen.iloc[1:])]
    assert numbers(panel, digits) == wanted
    drawn = sorted(float(line.get_xdata()[0]) for line in panel.lines[:-1])
    assert drawn == pytest.approx(sorted([*table["weighted_tau"].dropna(), *mean]))
    wide, narrow = bands(panel, digits)
    assert wide == pytest.approx((-0.6, 0.6))
    assert narrow == pytest.approx((-0.3, 0.3))
    assert bands(panel, 0)[0][1] == pytest.approx(0.4)


def test_curves_follow_the_grid_with_the_others_at_their_best(make):
    tasks = make.six
    grid, choice = study_tables.grid(tasks), study_tables.grid_choice(tasks)
    figure = grid_curves.draw(grid, choice)
    setting = dict(zip(study_tables.SETTING, study_tables.BEST, strict=True))
    for panel, (name, axis) in zip(
        figure.axes, zip(setting, study_tables.AXES, strict=True), strict=False
    ):
        fixed = grid[
            np.logical_and.reduce(
                [grid[k] == v for k, v in setting.items() if k != name]
            )
        ]
        means = fixed.groupby(name)["weighted_tau"].mean()
        (curve,) = [line for line in panel.lines if line.get_markersize() == 3.5]
        assert list(curve.get_ydata()) == pytest.approx(list(means))
        assert [t.get_text() for t in panel.get_xticklabels()] == [
            f"{value:g}" for value in axis
        ]
        (best,) = [line for line in panel.lines if line.get_markersize() == 7]
        assert best.get_xdata()[0] == axis.index(setting[name])
        assert best.get_ydata()[0] == pytest.approx(means[setting[name]])
        honest = [line for line in panel.lines if list(line.get_ydata()) == [-0.1] * 2]
        assert len(honest) == 1
        spans = [(p.get_y(), p.get_y() + p.get_height()) for p in panel.patches]
        assert spans[0] == pytest.approx((-0.24, 0.24))


def test_each_way_to_choose_stands_over_its_own_chance(make):
    tables = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    panel = grid_curves.draw(*tables).axes[3]
    marks = [line for line in panel.lines if line.get_marker() == "D"]
    for height, (name, line) in enumerate(
        zip(study_tables.CHOICES, marks, strict=True)
    ):
        mean, chance, deviation = study_tables.CHOICES[name]
        assert (line.get_xdata()[0], line.get_ydata()[0]) == (mean, height)
        inflated = name in ("best_on_the_task", "best_on_all_tasks")
        assert same_color(line.get_markerfacecolor(), "white") == inflated
        wide = bands(panel, height)[0]
        assert wide == pytest.approx((chance - 2 * deviation, chance + 2 * deviation))
        assert numbers(panel, height) == [style.number(mean)]


def test_without_other_tasks_the_honest_line_is_missing(make):
    tasks = {"natural": ("digits",)}
    choice = study_tables.grid_choice(tasks)
    lost = choice["choice"] == "best_on_the_other_tasks"
    columns = ["mean_weighted_tau", "chance_mean", "chance_sd", *study_tables.SETTING]
    choice[columns] = choice[columns].astype(float)
    choice.loc[lost, columns] = np.nan
    figure = grid_curves.draw(study_tables.grid(tasks), choice)
    assert numbers(figure.axes[3], 2) == ["n/a"]
    assert not [x for x in figure.axes[0].lines if x.get_linestyle() == "--"]


def test_maps_hold_the_means_and_mark_best_and_default(make):
    grid, choice = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    figure = grid_maps.draw(grid, choice)
    panel = figure.axes[0]  # diffusion time up, neighbors across; 8 components
    image = panel.images[0].get_array()
    at = grid[grid["components"] == 8]
    means = at.pivot_table("weighted_tau", "diffusion_time", "neighbors")
    assert np.asarray(image) == pytest.approx(means.to_numpy())
    marks = {
        line.get_marker(): (line.get_xdata()[0], line.get_ydata()[0])
        for line in panel.lines
    }
    assert marks == {"D": (1, 1), "o": (1, 2)}
    low, high = panel.images[0].get_clim()
    assert low == -high


def test_choices_show_tasks_and_their_mean(make, marks):
    table = study_tables.choices(make.six)
    left, right = choices.draw(table).axes
    for panel, column in ((left, "weighted_tau"), (right, "agreement")):
        for key in ("default", "symmetrize/mutual", "variant/as_published"):
            choice, value = key.split("/") if "/" in key else (key, key)
            chosen = table[(table["choice"] == choice) & (table["value"] == value)]
            taus = chosen.groupby("task")[column].mean()
            height = height_of(left, key)
            drawn = [x for x, y in marks(panel, 3) if y == height]
            assert sorted(drawn) == pytest.approx(sorted(taus))
            assert numbers(panel, height)[0] == style.number(taus.mean())
    assert bands(left, 0)[0][1] == pytest.approx(0.4)
    assert bands(right, 0) == []


def test_a_choice_that_lacks_a_task_says_over_how_many_its_mean_runs(make):
    table = study_tables.choices(make.six)
    lost = (table["choice"] == "inter") & (table["task"] == "land")
    table.loc[lost, "weighted_tau"] = np.nan
    left, right = choices.draw(table).axes
    height = height_of(left, "inter/root")
    assert "5 of 6 tasks" in [t.get_text() for t in left.texts]
    assert "5 of 6 tasks" not in [t.get_text() for t in right.texts]
    assert bands(left, height)[0][1] == pytest.approx(0.4)


def test_start_seeds_show_each_run_and_how_well_runs_agree(make, marks):
    table = study_tables.choices(make.six)
    published, symmetric = start_seeds.draw(table).axes
    for panel, value in ((published, "as_published"), (symmetric, "symmetric")):
        runs = table[table["value"] == value]
        height = height_of(published, "Digits")
        digits = runs[runs["task"] == "digits"]
        drawn = [x for x, y in marks(panel, 4.5) if y == height]
        assert drawn == pytest.approx(list(digits["weighted_tau"]))
        agreement = style.number(digits["run_agreement"].mean())
        assert numbers(panel, height) == [agreement]
        means = runs.groupby("start_seed")["weighted_tau"].mean()
        drawn = [x for x, y in marks(panel, 4.5) if y == 0]
        assert drawn == pytest.approx(list(means))
    assert numbers(symmetric, 0) == ["1.00"]


def test_tables_that_cannot_be_drawn_say_why(make):
    table = study_tables.choices(make.six)
    with pytest.raises(ValueError, match="no row of the default"):
        choices.draw(table[table["choice"] != "default"])
    with pytest.raises(ValueError, match="no row of the choice variant"):
        start_seeds.draw(table[table["choice"] != "variant"])
    odd = study_tables.ablation(make.six).assign(variant="outer_only")
    with pytest.raises(ValueError, match="unknown variant outer_only"):
        ablation.draw(odd)
    grid, choice = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    none = choice.assign(**dict.fromkeys(study_tables.SETTING, np.nan))
    for module in (grid_curves, grid_maps):
        with pytest.raises(ValueError, match="no weighted tau is defined"):
            module.draw(grid, none)


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        ((), "Mean over 6 tasks"),
        ((6, 6), "Mean over 6 tasks"),
        ((5, 5), "Mean over 5 of 6 tasks"),
        ((6, 4, 5), "Mean over 4 to 6 of 6 tasks"),
        ((0,), "Mean over 0 of 6 tasks"),
    ],
)
def test_a_mean_says_over_how_many_tasks_it_runs(make, counts, label):
    assert rows.task_rows(make.six, counts=counts)[0].label == label


def test_a_study_that_lacks_a_task_says_so(make, texts):
    table = study_tables.ablation(make.six)
    lost = (table["task"] == "land") & (table["variant"] == "intra_only")
    table.loc[lost, "weighted_tau"] = np.nan
    assert "Mean over 5 to 6 of 6 tasks" in [
        t.get_text() for t in texts(ablation.draw(table))
    ]
    runs = study_tables.choices(make.six)
    runs.loc[runs["task"] == "land", "weighted_tau"] = np.nan
    assert "Mean over 5 of 6 tasks" in [
        t.get_text() for t in texts(start_seeds.draw(runs))
    ]
    grid, choice = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    shown = [
        t.get_text() for t in texts(grid_curves.draw(grid, choice.assign(n_tasks=5)))
    ]
    assert "mean weighted τ over 5 of 6 tasks" in shown


def test_a_default_that_is_not_on_the_grid_is_not_marked(make):
    grid, choice = study_tables.grid(make.six), study_tables.grid_choice(make.six)
    lost = choice["choice"] == "default"
    choice = choice.astype(dict.fromkeys(study_tables.SETTING, float))
    choice.loc[lost, list(study_tables.SETTING)] = np.nan
    panel = grid_maps.draw(grid, choice).axes[0]
    assert [line.get_marker() for line in panel.lines] == ["D"]
    assert pd.notna(grid_curves.best_setting(grid, choice)["neighbors"])
