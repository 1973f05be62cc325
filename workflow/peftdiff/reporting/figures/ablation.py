"""Ablation: weighted tau of either class distance alone, and of the score.

One row per task and the mean on top, where the null is narrower: there, one random
order of the methods serves all tasks, as tasks are alike. The three variants stand in
one row, as it is their order that matters. No variant is tested: the bands alone say
how far chance reaches.
"""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peftdiff.reporting.figures import rows, style, tables

COLUMNS = ("task", "group", "variant", "weighted_tau", "null_sd", "mean_null_sd")
ROW_HEIGHT = 7.5

# Label, short label, color, marker, and place within a row.
VARIANTS = {
    "intra_only": ("intra only", "intra", "#CC6677", "o", -0.27),
    "inter_only": ("inter only", "inter", "#117733", "s", 0.0),
    "combined": ("combined: the score", "both", style.ACCENT, "D", 0.27),
}


@style.context()
def draw(ablation: pd.DataFrame) -> Figure:
    """Draw weighted tau per task and variant.

    Parameters
    ----------
    ablation
        Rows of ``ablation.csv``: experiment, task, group, variant, weighted_tau,
        null_sd, mean_null_sd. An empty weighted_tau is left out of the mean, which then
        says over how many tasks it runs.

    Raises
    ------
    ValueError
        If a column or every row is missing, or a variant is unknown.
    """
    tables.check(ablation, "ablation.csv", COLUMNS)
    unknown = set(ablation["variant"]) - set(VARIANTS)
    if unknown:
        raise ValueError(f"ablation.csv has the unknown variant {min(unknown)}")
    counts = ablation.groupby("variant")["weighted_tau"].count()
    lines = rows.task_rows(tables.tasks_by_group(ablation), counts=list(counts))
    figure = style.figure(34 + ROW_HEIGHT * lines[-1].height, 140)
    panel = figure.add_subplot()
    for line in lines:
        if line.key is not None:
            _draw_row(panel, line, ablation)
    rows.finish(panel, lines)
    for column, (_, short, *_) in enumerate(VARIANTS.values(), 1):
        rows.head(panel, short, column)
    panel.set_xlabel("weighted τ between score and accuracy")
    _add_legend(figure)
    return figure


def _draw_row(panel: Axes, line: rows.Row, ablation: pd.DataFrame) -> None:
    """Draw the variants of one task, or their means."""
    for column, (variant, look) in enumerate(VARIANTS.items(), 1):
        _, _, color, marker, shift = look
        chosen = ablation[ablation["variant"] == variant]
        if line.key != "mean":
            chosen = chosen[chosen["task"] == line.key]
        defined = chosen[chosen["weighted_tau"].notna()]
        tau = defined["weighted_tau"].mean()
        null = "mean_null_sd" if line.key == "mean" else "null_sd"
        deviation = float(defined[null].mean())  # in all rows of a mean the same
        # Each variant's own: of the mean, they differ.
        place = line.height + (column - 2) / len(VARIANTS)
        rows.draw_bands(panel, place, deviation, width=1 / len(VARIANTS))
        if not math.isnan(tau):
            panel.plot(tau, line.height + shift, **rows.mark(color, marker))
        rows.write(panel, line.height, tau, line.bold, column)


def _add_legend(figure: Figure) -> None:
    entries = {
        label: rows.legend_mark(color, marker)
        for label, _, color, marker, _ in VARIANTS.values()
    }
    entries |= rows.band_legend()  # type: ignore[arg-type]
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=3
    )
