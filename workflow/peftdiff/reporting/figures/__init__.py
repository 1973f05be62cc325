"""The FIGURES table: a figure is one module here, one line below and a caption.

A module's ``draw`` takes the tables and arrays of its line by keyword and returns a
Figure, which :func:`peftdiff.reporting.figures.style.save` writes; ``draw`` itself
neither reads nor writes files, and ``matplotlib.pyplot`` is not used. The caption is
``<name>.rst`` among those of the report. The table imports no module, so that it can be
read without matplotlib.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Category = Literal["Results", "Studies", "Published figures"]


@dataclass(frozen=True)
class FigureEntry:
    """One line of the FIGURES table.

    Parameters
    ----------
    name
        The module that draws the figure, and the stem of its files and of its caption.
    title
        What the figure shows, as a text alternative.
    tables, arrays
        Names of the ``tables/<name>.csv`` and ``arrays/<name>.npz`` that it is drawn
        from.
    category
        "Results" belong to the main job, "Studies" to those that ask for them, and
        "Published figures" to no experiment.
    """

    name: str
    title: str
    tables: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    category: Category = "Results"


def figure_table(entries: Iterable[FigureEntry]) -> dict[str, FigureEntry]:
    """Index figures by name; a name that occurs twice raises ValueError."""
    by_name: dict[str, FigureEntry] = {}
    for entry in entries:
        if entry.name in by_name:
            raise ValueError(f"the figure {entry.name!r} is in the table twice")
        by_name[entry.name] = entry
    return by_name


FIGURES = figure_table(
    [
        FigureEntry(
            "accuracy",
            "accuracy of every method",
            ("ground_truth", "standings", "tasks"),
        ),
        FigureEntry(
            "scores",
            "score against accuracy",
            ("scores", "ground_truth", "correlation"),
        ),
        FigureEntry("tau", "weighted tau of every metric", ("correlation", "summary")),
        FigureEntry("critical_difference", "mean rank of every metric", ("friedman",)),
        FigureEntry("diffusion_map", "diffusion maps", arrays=("diffusion_map",)),
        FigureEntry(
            "ablation",
            "either class distance alone",
            ("ablation",),
            category="Studies",
        ),
        FigureEntry(
            "grid_curves",
            "settings, one at a time",
            ("grid", "grid_choice"),
            category="Studies",
        ),
        FigureEntry(
            "grid_maps",
            "settings, two at a time",
            ("grid", "grid_choice"),
            category="Studies",
        ),
        FigureEntry(
            "choices",
            "choices of the definition",
            ("choices",),
            category="Studies",
        ),
        FigureEntry(
            "start_seeds",
            "spread over start vectors",
            ("choices",),
            category="Studies",
        ),
        FigureEntry(
            "times",
            "minutes of scoring and fine-tuning",
            ("times",),
            category="Studies",
        ),
        FigureEntry(
            "scree",
            "complexity of the embeddings",
            ("complexity",),
            ("scree",),
            category="Studies",
        ),
        FigureEntry(
            "published",
            "published metrics and ground truths",
            ("published_taus", "published_agreement"),
            category="Published figures",
        ),
    ]
)


def figures_of(category: Category) -> list[str]:
    """Return the names of a category's figures."""
    return [name for name, entry in FIGURES.items() if entry.category == category]


def figures_with(category: Category, tables: Collection[str]) -> list[str]:
    """Return the names of a category's figures whose tables are among `tables`."""
    return [
        name for name in figures_of(category) if {*FIGURES[name].tables} <= {*tables}
    ]


def draw_figure(name: str, sources: Mapping[str, Any]) -> Figure:
    """Draw a figure of the table from its tables and arrays, given by name."""
    module = import_module(f"{__name__}.{name}")
    figure: Figure = module.draw(**sources)
    return figure
