"""Times: minutes of scoring by each metric, beside those of fine-tuning.

One panel per group and one for all tasks, as in the poster's table; a row per metric.
The minutes span orders of magnitude: the axis is logarithmic, and dots, not bars, mark
them, because there is no zero for a bar to start from.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from peftdiff.evaluation.studies.times import TOTAL
from peftdiff.reporting import labels, text
from peftdiff.reporting.figures import rows, style, tables

COLUMNS = ("metric", "group", "n_tasks", "scoring_minutes", "speed_up")
OURS = "peftdiff"
ROW_HEIGHT = 5.5
DASHED = (0, (4, 2))
TUNING_COLOR = style.METHOD_COLORS[1]


@style.context()
def draw(times: pd.DataFrame) -> Figure:
    """Draw minutes per group and metric.

    Parameters
    ----------
    times
        Rows of ``times.csv``. Minutes of which a part is empty are not drawn.

    Raises
    ------
    ValueError
        If a column or every row is missing.
    """
    tables.check(times, "times.csv", COLUMNS)
    metrics = labels.order_metrics(times["metric"])
    groups = [g for g in labels.order_groups(times["group"]) if g != TOTAL]
    figure = style.figure(42 + ROW_HEIGHT * len(metrics))
    # One group alone is all tasks.
    shown = [*groups, TOTAL] if len(groups) > 1 else [TOTAL]
    first = None
    for place, group in enumerate(shown):
        panel = figure.add_subplot(1, len(shown), place + 1, sharex=first)
        first = first or panel
        own = times[times["group"] == group].set_index("metric")
        _draw_panel(panel, own.reindex(metrics), named=place == 0)
        count = int(own["n_tasks"].max())
        name = "All" if group == TOTAL else labels.group_label(group)
        panel.set_title(f"{name}\n{count} task{'' if count == 1 else 's'}", loc="left")
        rows.head(panel, "speed-up", 1)
    figure.supxlabel("minutes, logarithmic", fontsize=8)
    _add_legend(figure)
    return figure


def _draw_panel(panel: Axes, minutes: pd.DataFrame, named: bool) -> None:
    """Draw the metrics of one group over the lines of embedding and fine-tuning."""
    panel.set_xscale("log")
    for height, (metric, row) in enumerate(minutes.iterrows()):
        bold = metric == OURS
        color, marker = (style.ACCENT, "D") if bold else (style.GREY, "o")
        for column, filled in (("metric_minutes", False), ("scoring_minutes", True)):
            if row[column] > 0:
                look = rows.mark(color, marker, filled=filled)
                panel.plot(row[column], height, **look)
        _write(panel, height, float(row["speed_up"]), bold)
    for column, color, dashes in (
        ("embedding_minutes", style.GREY, DASHED),
        ("fine_tuning_minutes", TUNING_COLOR, "-"),
    ):
        # Metrics that need the backbone embed one model more: the least is shown.
        value = float(minutes[column].min())
        if value > 0:
            panel.axvline(value, color=color, linestyle=dashes, linewidth=1, zorder=1)
    panel.set_ylim(len(minutes) - 0.4, -0.6)
    panel.set_yticks(
        range(len(minutes)),
        [labels.metric_label(str(m)) if named else "" for m in minutes.index],
    )
    for label, metric in zip(panel.get_yticklabels(), minutes.index, strict=True):
        label.set_fontweight("bold" if metric == OURS else "normal")
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x")
    panel.spines["left"].set_visible(False)
    panel.xaxis.set_major_locator(LogLocator(base=100, numticks=4))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


def _write(panel: Axes, height: float, speed_up: float, bold: bool) -> None:
    """Write a speed-up to the right of the panel."""
    panel.annotate(
        f"{text.three_digits(speed_up)}×" if speed_up > 0 else "n/a",
        xy=(1, height),
        xycoords=panel.get_yaxis_transform(),
        xytext=(rows.NUMBER_WIDTH, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=style.INK,
        fontweight="bold" if bold else "normal",
    )


def _add_legend(figure: Figure) -> None:
    entries = {
        "scoring: embedding and metric": rows.legend_mark(style.ACCENT, "D"),
        "metric alone": rows.legend_mark(style.ACCENT, "D", filled=False),
        "embedding alone": Line2D([], [], color=style.GREY, linestyle=DASHED),
        "fine-tuning": Line2D([], [], color=TUNING_COLOR),
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=4
    )
