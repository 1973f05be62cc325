"""The times as a page of text, beside the poster's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from peftdiff.evaluation.studies.times import (
    EMBED,
    FINE_TUNE,
    NOT_RECORDED,
    SCORE,
    SOURCE,
    TOTAL,
    source_minutes,
)
from peftdiff.reporting.glossary import GLOSSARY
from peftdiff.reporting.pages.markdown import markdown, paragraph
from peftdiff.reporting.text import three_digits

OURS = "peftdiff"
MEASURED = (
    "Seconds are those of a clock, measured in the jobs: embedding after an untimed"
    " batch and scoring after an untimed call, the median of three where a call takes"
    " less than a tenth of a second. Jobs may have run side by side on these cores, so"
    " that each may have waited for others."
)
COUNTED = (
    "Scoring is embedding and metric. A metric that is normalized over the pool"
    " (peftdiff, ncti) embeds and scores the backbone as well, once for all seeds."
    " Fine-tuning is the training of the pool alone: its accuracies on test images, the"
    " references (linear, full), a selection of recipes and the backbone's pre-training"
    " are not counted."
)
POSTER = (
    "The poster's minutes are those it prints (ViT-B/16, 9 methods, 19 tasks); it names"
    " neither its machine nor its number of images, so that only the ratios compare."
)


def times_page(
    times: pd.DataFrame,
    timing: pd.DataFrame,
    poster: pd.DataFrame,
    machine: Mapping[str, Any],
) -> str:
    """Return the page of `compare_times`, as wide as a terminal.

    Parameters
    ----------
    times, timing
        Rows of times.csv and of timing.csv.
    poster
        What the poster prints: group, peftdiff_minutes, fine_tuning_minutes, speed_up.
    machine
        Of `provenance.describe_machine`.
    """
    texts = [
        *_gaps(timing),
        _contents(timing),
        *_unequal_seeds(times),
        _source_sentence(timing),
        _device_sentence(timing, machine),
        MEASURED,
        COUNTED,
        GLOSSARY["speed-up"],
        POSTER,
    ]
    parts = [
        f"# Minutes of scoring and of fine-tuning: {timing['experiment'].iloc[0]}",
        "## Minutes in the poster's layout",
        _poster_table(times, poster),
        "## Minutes of every metric, embedding included",
        _metric_table(times),
        "\n\n".join(map(paragraph, texts)),
    ]
    return "\n\n".join(parts) + "\n"


def _poster_table(summary: pd.DataFrame, poster: pd.DataFrame) -> str:
    """Return our minutes and the poster's, a row for each group that either has."""
    header = ["group", "tasks", "PEFTDiff", "fine-tuning", "speed-up"]
    header += ["poster: Ours", "Fine-tuning", "Speed-up"]
    own = summary[summary["metric"] == OURS].set_index("group")
    printed = poster.set_index("group")
    rows = []
    groups = [*(group for group in own.index if group != TOTAL), *printed.index]
    for group in dict.fromkeys([*(g for g in groups if g != TOTAL), TOTAL]):
        row, cells = str(group), [""] * 4
        if group in own.index:
            ours = own.loc[group]
            cells = [str(ours["n_tasks"]), *map(_minutes, _values(ours))]
            cells.append(_times(ours["speed_up"]))
        theirs = [""] * 3
        if group in printed.index:
            names = ["peftdiff_minutes", "fine_tuning_minutes"]
            theirs = [f"{value:g}" for value in printed.loc[group, names]]
            theirs.append(f"{printed.loc[group, 'speed_up']:g}x")
        rows.append([row, *cells, *theirs])
    return markdown(pd.DataFrame(rows, columns=header))


def _values(ours: pd.Series) -> list[float]:
    return [float(ours["scoring_minutes"]), float(ours["fine_tuning_minutes"])]


def _metric_table(summary: pd.DataFrame) -> str:
    groups = list(summary["group"].unique())
    rows: list[list[str]] = []
    for metric, table in summary.groupby("metric", sort=False):
        own = table.set_index("group").reindex(groups)
        total: Any = own.loc[TOTAL]
        rows.append(
            [
                str(metric),
                *map(_minutes, own["scoring_minutes"]),
                _minutes(float(total["metric_minutes"])),
                _times(float(total["speed_up"])),
            ]
        )
    tuned = summary.drop_duplicates("group").set_index("group").loc[groups]
    rows.append(["(fine-tuning)", *map(_minutes, tuned["fine_tuning_minutes"]), "", ""])
    header = ["metric", *map(str, groups), "metric alone", "speed-up"]
    return markdown(pd.DataFrame(rows, columns=header))


def _gaps(timing: pd.DataFrame) -> Iterable[str]:
    """Say which seconds nobody recorded."""
    missing = timing[timing["seconds"].isna()]
    rows = timing["stage"].value_counts()
    listed = [
        f"{stage} ({len(table)} of {rows[stage]} models)"
        for stage, table in missing.groupby("stage", sort=False)
    ]
    if listed:
        yield (
            f"Seconds that were {NOT_RECORDED}: {', '.join(listed)};"
            " what they belong to is n/a above."
        )


def _contents(timing: pd.DataFrame) -> str:
    """Say how many models, seeds and images the minutes are for."""
    scored = timing[timing["stage"].str.startswith(SCORE) & timing["seed"].notna()]
    tuned = timing[timing["stage"] == FINE_TUNE]
    images = _numbers(timing.loc[timing["stage"] == EMBED, "n_images"])
    epochs = _numbers(tuned["epochs"])
    embedded = f", {images} images a task" if images else ""
    length = f", {epochs} epochs each" if epochs else ""
    trained = f"{_counts(tuned)}{length}"
    if tuned["seed"].isna().all():
        trained = "nothing here, the accuracies are published"
    return (
        f"Scored: {_counts(scored)}{embedded}. Fine-tuned: {trained}."
        " Minutes are the sums over all of them."
    )


def _unequal_seeds(summary: pd.DataFrame) -> Iterable[str]:
    first = summary[summary["group"] == TOTAL].iloc[0]
    if first["fine_tuned_seeds"] not in (0, first["scored_seeds"]):
        yield (
            "There are other seeds on either side, and the speed-up is not that of the"
            " sums above."
        )


def _source_sentence(timing: pd.DataFrame) -> str:
    source = timing[timing["stage"] == SOURCE]
    minutes = _minutes(source_minutes(timing))
    return (
        f"Source training: {minutes} minutes ({_counts(source)}), paid once for all"
        " tasks, and by either way to choose; it is in no column above."
    )


def _device_sentence(timing: pd.DataFrame, machine: Mapping[str, Any]) -> str:
    stages = {"embedding": EMBED, "metrics": SCORE, "fine-tuning": FINE_TUNE}
    used = []
    for name, stage in stages.items():
        own = timing[timing["stage"].str.startswith(stage)]
        used.append(f"{name} on {_listed(own['device'].dropna().unique()) or '?'}")
    return (
        f"Device: {', '.join(used)}; {machine['system']}, {machine['architecture']},"
        f" {machine['cores']} cores, Python {machine['python']}."
    )


def _counts(timing: pd.DataFrame) -> str:
    methods, seeds = timing["model"].nunique(), timing["seed"].nunique()
    return (
        f"{methods} method{'' if methods == 1 else 's'} x"
        f" {seeds} seed{'' if seeds == 1 else 's'}"
    )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _numbers(values: pd.Series) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values.dropna().unique()))


def _minutes(value: float) -> str:
    return three_digits(value) or "n/a"


def _times(value: float) -> str:
    return f"{three_digits(value)}x" if value > 0 else "n/a"
