"""The published figures, as a page of text for people."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from peftdiff.evaluation.published.agreement import source_label
from peftdiff.metrics import METRICS
from peftdiff.reporting.pages.markdown import markdown

TITLES = {
    "average": "Average weighted tau",
    "improvement": "Improvement of PEFTDiff, from the printed averages (%)",
    "improvement_from_tasks": "The same, from the taus on the tasks both have (%)",
    "speed_up": "Fine-tuning minutes / PEFTDiff minutes",
    "ablation": "PEFTDiff's parts, average weighted tau",
}

NAMED = {
    "metric": {"metric": "ranking"},
    "agreement": {"one ground truth": "ranking", "another": "truth"},
    "static": {"ground truth": "truth"},
}
"""For each kind of ranking, the columns that name a line, and what they hold."""

WORDS = (
    "name",
    "group",
    "printed as",
    "note",
    "metric",
    "one ground truth",
    "another",
    "ground truth",
    "from",
    "from ",
)
"""Columns of text, which are set flush left."""

POSTER_WORDS = """\
The range is what the rounding of the poster's numbers allows. Where some value in it
would be printed so, `inputs rounded` says it. A percentage of an average that may be
zero by chance (see below) means little."""

TAU_WORDS = """\
`chance` is two standard deviations of the mean tau by chance, around zero; +- is the
standard error over tasks. For sources and static orders, chance shuffles the names of
the methods on one side, in all tasks alike: what is alike in all tasks does not average
out. The poster prints no scores, so that for its metrics chance ranks each task for
itself; that is too narrow if a metric ranks alike in many tasks."""

STATIC_WORDS = """\
Which ground truth the poster's taus were computed with is not known. Beside them, the
static order of any one source is a comparison across ground truths."""

CEILING_WORDS = """\
The ceiling of a source is its best agreement with another source: the tau that a metric
reaches there if it predicts that other source perfectly. It is no upper bound: a metric
can pass it that shares the habits of the source (its recipe, its seeds, its mistakes),
or that knows a truth free of noise, which both sources only approach. Nor is it noise
alone: sources differ by recipe, tuning and code, and two versions of one table share
cells. The tables hold no single seeds, so that no source's own reliability is known.

The static order is no metric: it ranks a method by its mean rank on the other tasks of
the same source, which have to be fine-tuned first. It shares the source's habits."""


def published_page(
    poster: pd.DataFrame, means: pd.DataFrame, ceilings: pd.DataFrame
) -> str:
    """Return the tables of the published figures with the words they need.

    Parameters
    ----------
    poster
        Of `peftdiff.evaluation.published.recompute`.
    means
        Of `means_over_tasks`, of the metrics as well as of the sources.
    ceilings
        Of `ceilings`.
    """
    return "\n\n".join(
        [
            "# Published figures, computed again",
            "## What the poster prints, and what its own numbers give",
            POSTER_WORDS,
            *_poster_tables(poster),
            "## Agreement",
            TAU_WORDS,
            "### Metrics with the poster's ground truth",
            _mean_table(means, "metric"),
            "### One published ground truth with another",
            _mean_table(means, "agreement"),
            "### Static order",
            _mean_table(means, "static"),
            STATIC_WORDS,
            "## What a metric could reach on one source by predicting another",
            _ceiling_table(ceilings),
            CEILING_WORDS + "\n",
        ]
    )


def _poster_tables(poster: pd.DataFrame) -> Iterable[str]:
    for quantity, table in poster.groupby("quantity", sort=False):
        printed = "+.3f" if quantity in ("average", "ablation") else ".2f"
        finer = printed.replace("3", "4").replace("2", "3")
        low, high = (_numbers(table[end], finer) for end in ("low", "high"))
        yield f"### {TITLES[str(quantity)]}"
        yield _markdown(
            {
                "name": map(_label, table["name"]),
                "group": table["group"],
                "tasks": map(_count, table["n_tasks"]),
                "printed": _numbers(table["printed"], printed),
                "recomputed": _numbers(table["recomputed"], finer),
                "range": [
                    f"{ends[0]} to {ends[1]}" if ends[0] else ""
                    for ends in zip(low, high, strict=True)
                ],
                "printed as": table["printed_as"],
                "note": table["note"],
            }
        )


def _mean_table(means: pd.DataFrame, kind: str) -> str:
    """Return the means of one kind, the greatest first, with those of the groups."""
    means = means[means["kind"] == kind]
    if means.empty:
        return "There is nothing to compare."
    overall = means[means["group"] == "all"].sort_values(
        "weighted_tau", ascending=False, kind="stable"
    )
    groups = [str(group) for group in means["group"].unique() if group != "all"]
    columns: dict[str, Iterable[object]] = {
        title: map(_label, overall[name]) for title, name in NAMED[kind].items()
    }
    columns |= {
        "mean": _numbers(overall["weighted_tau"]),
        "+-": _numbers(overall["standard_error"], ".2f"),
        "chance": _numbers(2 * overall["null_sd"], ".2f"),
        **{group: _numbers(_of_group(means, overall, group)) for group in groups},
        "methods": map(_count, overall["n_methods"]),
        "tasks": [
            f"{count} of {listed}"
            for count, listed in overall[["n_tasks", "n_tasks_listed"]].to_numpy()
        ],
        "note": overall["note"],
    }
    return _markdown(columns)


def _of_group(means: pd.DataFrame, overall: pd.DataFrame, group: str) -> pd.Series:
    """Return the means over one group, in the order of `overall`."""
    keys = ["ranking", "truth"]
    chosen = means[means["group"] == group].set_index(keys)["weighted_tau"]
    return chosen.reindex(pd.MultiIndex.from_frame(overall[keys]))


def _ceiling_table(ceilings: pd.DataFrame) -> str:
    return _markdown(
        {
            "ground truth": map(_label, ceilings["truth"]),
            "static order": _numbers(ceilings["static"]),
            "ceiling": _numbers(ceilings["ceiling"]),
            "from": map(_label, ceilings["ceiling_from"]),
            "lowest": _numbers(ceilings["lowest"]),
            "from ": map(_label, ceilings["lowest_from"]),
            "methods": map(_count, ceilings["n_methods"]),
            "tasks": map(_count, ceilings["n_tasks"]),
            "other sources": ceilings["n_sources"],
            "note": ceilings["note"],
        }
    )


def _label(slug: str | float) -> str:
    """Return the name for people of a metric or a source."""
    if pd.isna(slug):
        return ""
    name = str(slug)
    return METRICS[name].label if name in METRICS else source_label(name)


def _numbers(values: pd.Series, style: str = "+.2f") -> list[str]:
    return ["" if pd.isna(value) else format(value, style) for value in values]


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.0f}"


def _markdown(columns: dict[str, Iterable[object]]) -> str:
    page = pd.DataFrame({name: list(values) for name, values in columns.items()})
    shown = [name for name in page if name != "note" or (page[name] != "").any()]
    return markdown(page[shown], WORDS)
