"""Weighted tau along each parameter of the score, and what is gained by choosing them.

Above, the poster's view: one parameter varies, the others stay at the best setting, and
the bold line is the mean over tasks. That setting was chosen by the very taus that are
shown. Below, the honest view: what the same way of choosing reaches on a task that was
not used for the choice, and what it reaches by chance.
"""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from peftdiff.evaluation.studies.grid import one_at_a_time
from peftdiff.reporting.figures import rows, style, tables

GRID_COLUMNS = ("task", "diffusion_time", "neighbors", "components", "weighted_tau")
CHOICE_COLUMNS = (
    "choice",
    "task",
    "diffusion_time",
    "neighbors",
    "components",
    "mean_weighted_tau",
    "n_tasks",
    "chance_mean",
    "chance_sd",
)
PARAMETERS = {
    "diffusion_time": "diffusion time t",
    "neighbors": "neighbors k",
    "components": "components c",
}
CHOICES = {
    "best_on_the_task": "best on the task itself",
    "best_on_all_tasks": "best on all tasks",
    "best_on_the_other_tasks": "best on all other tasks",
    "default": "the default, not chosen",
}
INFLATED = ("best_on_the_task", "best_on_all_tasks")
HONEST = "best_on_the_other_tasks"
LABEL_SPACE = 22  # characters that fit below a curve
DASHED = (0, (4, 2))


@style.context()
def draw(grid: pd.DataFrame, grid_choice: pd.DataFrame) -> Figure:
    """Draw the curves of the three parameters, and the ways to choose a setting.

    Parameters
    ----------
    grid
        Rows of ``grid.csv``: experiment, task, diffusion_time, neighbors, components,
        weighted_tau.
    grid_choice
        Rows of ``grid_choice.csv``: experiment, choice, task, the setting,
        mean_weighted_tau, n_tasks, chance_mean, chance_sd.

    Raises
    ------
    ValueError
        If a column or every row is missing, or no setting has a weighted tau.
    """
    best = best_setting(grid, grid_choice)
    figure = style.figure(118)
    grid_spec = figure.add_gridspec(2, 3, height_ratios=(5, 3))
    honest = _summary(grid_choice, HONEST)["mean_weighted_tau"]
    deviation = _summary(grid_choice, "default")["chance_sd"]
    first = None
    for column, (name, curve) in enumerate(one_at_a_time(grid, best).items()):
        panel = figure.add_subplot(grid_spec[0, column], sharey=first)
        _draw_curve(panel, curve, best[name])
        _draw_reference(panel, honest, deviation)
        panel.set_xlabel(PARAMETERS[name])
        if first is None:
            panel.set_ylabel("weighted τ with accuracies")
            first = panel
        else:
            panel.tick_params(labelleft=False)
        others = [
            f"{short(other)} = {best[other]:g}" for other in best if other != name
        ]
        panel.set_title(", ".join(others), loc="left")
    _draw_choices(figure.add_subplot(grid_spec[1, :]), grid_choice)
    _add_legend(figure)
    return figure


def best_setting(grid: pd.DataFrame, choice: pd.DataFrame) -> dict[str, float]:
    """Check the tables, and return the setting that is best on all tasks."""
    tables.check(grid, "grid.csv", GRID_COLUMNS)
    tables.check(choice, "grid_choice.csv", CHOICE_COLUMNS)
    of_best = choice[choice["choice"] == "best_on_all_tasks"]
    settings = of_best[list(PARAMETERS)].dropna()
    if settings.empty:
        raise ValueError(
            "grid_choice.csv names no setting that is best on all tasks: "
            "no weighted tau is defined"
        )
    return {name: float(settings[name].iloc[0]) for name in PARAMETERS}


def short(parameter: str) -> str:
    """Return a parameter's letter."""
    return PARAMETERS[parameter].split()[-1]


def _summary(choice: pd.DataFrame, name: str) -> pd.Series:
    """Return the first row of one way to choose, or an empty one if there is none."""
    found = choice[choice["choice"] == name]
    return found.iloc[0] if len(found) else pd.Series(math.nan, index=choice.columns)


def _draw_curve(panel: Axes, curve: pd.DataFrame, best: float) -> None:
    """Draw each task's taus, their mean, and the best value of the parameter."""
    places = np.arange(len(curve))
    panel.plot(places, curve.to_numpy(), color="#AAAAAA", linewidth=0.7)
    means = curve.mean(axis=1, skipna=False)
    panel.plot(places, means, color=style.ACCENT, marker="o", markersize=3.5)
    at = list(curve.index).index(best)
    panel.plot(at, means.iloc[at], **rows.mark(style.ACCENT, "D", size=7))
    values = [f"{value:g}" for value in curve.index]
    crowded = sum(len(value) + 1 for value in values) > LABEL_SPACE
    panel.set_xticks(places, values, rotation=90 if crowded else 0)
    panel.grid(axis="y")
    panel.set_ylim(-1.05, 1.05)


def _draw_reference(panel: Axes, honest: float, deviation: float) -> None:
    """Draw the tau of settings chosen on other tasks, and the band of chance."""
    if not math.isnan(deviation):
        for count, color in zip((2, 1), style.BANDS, strict=True):
            reach = count * deviation
            panel.axhspan(-reach, reach, color=color, linewidth=0, zorder=0)
    panel.axhline(0, color=style.GREY, linewidth=0.6, zorder=1)
    if not math.isnan(honest):
        panel.axhline(honest, color=style.METHOD_COLORS[1], linestyle=DASHED)


def _draw_choices(panel: Axes, choice: pd.DataFrame) -> None:
    """Draw the mean tau of each way to choose over what it reaches by chance."""
    lines = []
    for height, (name, label) in enumerate(CHOICES.items()):
        summary = _summary(choice, name)
        tau = summary["mean_weighted_tau"]
        label += " (inflated)" if name in INFLATED else ""
        lines.append(rows.Row(height, label, name == HONEST, name))
        rows.draw_bands(panel, height, summary["chance_sd"], summary["chance_mean"])
        if not math.isnan(tau):
            color = style.METHOD_COLORS[1] if name == HONEST else style.ACCENT
            hollow = name in INFLATED
            panel.plot(tau, height, **rows.mark(color, "D", not hollow, size=6))
        rows.write(panel, height, tau, name == HONEST)
    rows.finish(panel, lines)
    count, total = int(choice["n_tasks"].max()), choice["task"].nunique()
    over = f"{count} of {total}" if count < total else total
    panel.set_xlabel(f"mean weighted τ over {over} task{'' if total == 1 else 's'}")


def _add_legend(figure: Figure) -> None:
    color = style.METHOD_COLORS[1]
    entries = {
        "mean over tasks": Line2D(
            [], [], color=style.ACCENT, marker="o", markersize=3.5
        ),
        "single tasks": Line2D([], [], color="#AAAAAA", linewidth=0.7),
        "best on all tasks": rows.legend_mark(style.ACCENT, "D", size=7),
        "setting chosen on the other tasks": Line2D(
            [], [], color=color, linestyle=DASHED
        ),
        **rows.band_legend("by chance"),
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=3
    )
