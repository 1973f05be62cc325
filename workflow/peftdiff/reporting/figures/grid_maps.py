"""Mean weighted tau along each pair of parameters of the score, as colored cells.

The third parameter stays at the best setting on all tasks, which was chosen by these
very taus: the figure shows how flat or ragged the surface is, not how good the score
is. Two lines on the color bar bound what a random ranking reaches.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from peftdiff.evaluation.studies.grid import two_at_a_time
from peftdiff.reporting.figures import rows, style
from peftdiff.reporting.figures.grid_curves import PARAMETERS, best_setting, short

COLORS = "PuOr_r"
ABSENT = "#BBBBBB"


@style.context()
def draw(grid: pd.DataFrame, grid_choice: pd.DataFrame) -> Figure:
    """Draw a map per pair of parameters.

    Parameters
    ----------
    grid
        Rows of ``grid.csv``.
    grid_choice
        Rows of ``grid_choice.csv``.

    Raises
    ------
    ValueError
        If a column or every row is missing, or no setting has a weighted tau.
    """
    best = best_setting(grid, grid_choice)
    default = grid_choice[grid_choice["choice"] == "default"]
    marked = {"D": best}
    if default["diffusion_time"].notna().any():
        marked["o"] = dict(default[list(PARAMETERS)].dropna().iloc[0])
    maps = two_at_a_time(grid, best)
    largest = max(float(np.nanmax(np.abs(table))) for table in maps.values())
    scale = Normalize(-largest, largest)
    figure = style.figure(74)
    for place, ((across, along), table) in enumerate(maps.items(), 1):
        panel = figure.add_subplot(1, 3, place)
        _draw_map(panel, table, scale)
        _mark(panel, table, across, along, marked)
        panel.set_ylabel(PARAMETERS[across])
        panel.set_xlabel(PARAMETERS[along])
        (third,) = set(PARAMETERS) - {across, along}
        panel.set_title(f"{short(third)} = {best[third]:g}", loc="left")
    _add_bar(figure, largest, default["chance_sd"].max())
    _add_legend(figure, len(marked) > 1)
    return figure


def _draw_map(panel: Axes, table: pd.DataFrame, scale: Normalize) -> None:
    panel.set_facecolor(ABSENT)
    panel.imshow(table, cmap=COLORS, norm=scale, origin="lower", aspect="auto")
    for axis, values in ((panel.xaxis, table.columns), (panel.yaxis, table.index)):
        axis.set_ticks(range(len(values)), [f"{value:g}" for value in values])
        axis.set_tick_params(length=0)
    panel.tick_params(axis="x", rotation=90)
    for spine in panel.spines.values():
        spine.set_visible(False)


def _mark(
    panel: Axes,
    table: pd.DataFrame,
    across: str,
    along: str,
    marked: Mapping[str, Mapping[str, float]],
) -> None:
    """Mark settings by two of their values, even if their third differs."""
    for marker, setting in marked.items():
        x = int(np.flatnonzero(table.columns == setting[along])[0])
        y = int(np.flatnonzero(table.index == setting[across])[0])
        panel.plot(x, y, **rows.mark(style.INK, marker, filled=False, size=5))


def _add_bar(figure: Figure, largest: float, deviation: float) -> None:
    """Add the scale of colors, with the range of chance marked on it."""
    colors = ScalarMappable(Normalize(-largest, largest), COLORS)
    bar = figure.colorbar(colors, ax=figure.axes, fraction=0.03, pad=0.01)
    bar.outline.set_visible(False)
    bar.set_label("mean weighted τ over tasks")
    if not math.isnan(deviation):
        for edge in (-2 * deviation, 2 * deviation):
            if abs(edge) < largest:
                bar.ax.axhline(edge, color=style.INK, linewidth=1)


def _add_legend(figure: Figure, default: bool) -> None:
    entries = {"best on all tasks": rows.legend_mark(style.INK, "D", filled=False)}
    if default:
        label = "default (its third value may differ)"
        entries[label] = rows.legend_mark(style.INK, "o", filled=False)
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=2
    )
