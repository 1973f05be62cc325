"""The tables of the studies: the score's parts, settings and choices, and its cost."""

from __future__ import annotations

import math

import pandas as pd

from peftdiff.evaluation.studies.choice_comparison import summarize_choices
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.times import (
    TOTAL,
    seconds_by_metric,
    source_minutes,
)
from peftdiff.reporting.glossary import GLOSSARY
from peftdiff.reporting.labels import (
    group_label,
    method_label,
    metric_label,
    order_groups,
    order_metrics,
)
from peftdiff.reporting.text import three_digits
from peftdiff.reporting.webpage.by_task import Groups, task_table, wide
from peftdiff.reporting.webpage.tables import (
    Column,
    Table,
    decimals,
    make_table,
    notes_of,
)

VARIANTS = {
    "intra_only": "Intra only (tightness)",
    "inter_only": "Inter only (distance)",
    "combined": "Combined (the score)",
}
CHOICES = {
    "default": "The configured setting",
    "best_on_the_task": "Best on the task itself (inflated)",
    "best_on_all_tasks": "Best on all tasks (inflated)",
    "best_on_the_other_tasks": "Best on the other tasks",
}
MODELS = {"backbone": "Backbone", "cnn": "CNN reference"}
TUNING, SOURCE = "Fine-tuning", "Source training"


def ablation_table(ablation: pd.DataFrame, groups: Groups) -> Table:
    """Return weighted tau of the score's parts, tasks as columns."""
    return task_table(
        "ablation",
        wide(ablation, "variant", "weighted_tau"),
        groups,
        heading="Variant",
        label=lambda slug: VARIANTS.get(slug, slug),
        notes=notes_of(ablation, "variant", "task"),
    )


def grid_table(choice: pd.DataFrame, groups: Groups) -> Table:
    """Return weighted tau of chosen settings, tasks as columns."""
    chosen = choice.dropna(subset=list(SETTING))
    hints = {
        (row["choice"], row["task"]): ", ".join(
            f"{name.replace('_', ' ')} {row[name]:g}" for name in SETTING
        )
        for row in chosen.to_dict("records")
    }
    return task_table(
        "grid",
        wide(choice, "choice", "weighted_tau"),
        groups,
        heading="Setting",
        label=lambda slug: CHOICES.get(slug, slug),
        best="",
        notes=notes_of(choice, "choice", "task"),
        hints=hints,
    )


def chance_table(choice: pd.DataFrame) -> Table:
    """Return what each way to choose a setting reaches, and reaches by chance."""
    columns = (
        Column("choice", "Setting", lambda slug: CHOICES.get(slug, slug)),
        Column("mean_weighted_tau", "Mean tau", missing="undefined"),
        Column(
            "chance_mean",
            "Chance: mean",
            hint="with accuracies shuffled among the methods",
            missing="undefined",
        ),
        Column("chance_sd", "Chance: sd", missing="undefined"),
        Column("n_tasks", "Tasks", decimals(0)),
    )
    return make_table("grid_chance", choice.drop_duplicates("choice"), columns)


def choices_table(choices: pd.DataFrame) -> Table:
    """Return what each choice of the definition changes, over tasks and starts."""
    frame = summarize_choices(choices)
    notes = {
        (place, "mean_weighted_tau"): note
        for place, note in frame["note"].items()
        if note
    }
    default = frame["choice"] == frame["value"]
    frame = frame.assign(
        choice=frame["choice"].str.replace("_", " "),
        value=frame["value"].mask(default),
    )
    columns = (
        Column("choice", "Choice"),
        Column("value", "Value"),
        Column("mean_weighted_tau", "Mean tau", hint="with the accuracies"),
        Column("agreement", "Agreement", hint="mean tau with the default's scores"),
        Column(
            "run_agreement",
            "Between runs",
            hint="mean tau between the scores from two start vectors",
        ),
        Column(
            "n_starts",
            "Starts",
            decimals(0),
            hint="start vectors of the eigensolver",
        ),
    )
    return make_table("choices", frame, columns, notes=notes)


def times_table(times: pd.DataFrame, timing: pd.DataFrame) -> Table:
    """Return minutes of scoring and of fine-tuning per group, in the poster's layout.

    A metric's time is that of the embedding and of its scores. `times` are rows of
    times.csv, `timing` those of timing.csv, for the source training.
    """
    groups = [g for g in order_groups(times["group"]) if g and g != TOTAL]
    tuned = times.drop_duplicates("group").set_index("group")["fine_tuning_minutes"]
    times = times.set_index(["metric", "group"])
    notes_by_group = times["note"].to_dict()
    rows: dict[str, dict[str, float]] = {}
    for metric in order_metrics(times.index.unique("metric")):
        own = times.loc[metric]
        rows[metric] = {
            **_keyed("minutes", own["scoring_minutes"]),
            **_keyed("speed_up", own["speed_up"]),
        }
    rows[TUNING] = _keyed("minutes", tuned)
    if source_minutes(timing) > 0:
        rows[SOURCE] = {f"minutes {TOTAL}": source_minutes(timing)}
    columns = [Column("stage", "Stage", metric_label)]
    notes: dict[tuple[str, str], str] = {}
    for group in [*groups, TOTAL]:
        minutes, gained = f"minutes {group}", f"speed_up {group}"
        label = group_label(group)
        columns += [
            Column(minutes, "Minutes", three_digits, label),
            Column(
                gained,
                "Speed-up",
                three_digits,
                label,
                hint=GLOSSARY["speed-up"],
            ),
        ]
        for metric in times.index.unique("metric"):
            note = notes_by_group.get((metric, group))
            if isinstance(note, str) and note:
                notes |= {(metric, minutes): note, (metric, gained): note}
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame = frame.reindex(columns=[column.key for column in columns])
    frame["stage"] = frame.index
    kinds = dict.fromkeys((TUNING, SOURCE), "reference")
    return make_table("times", frame, columns, kinds=kinds, notes=notes)


def _keyed(name: str, by_group: pd.Series) -> dict[str, float]:
    return {f"{name} {group}": float(value) for group, value in by_group.items()}


def seconds_table(scores: pd.DataFrame) -> Table:
    """Return the seconds of every metric's scores, from scores.csv."""
    found = seconds_by_metric(scores)
    found = found.reindex(order_metrics(found.index))
    columns = (
        Column("metric", "Metric", metric_label),
        Column(
            "seconds",
            "Seconds",
            three_digits,
            hint="for all tasks, methods and seeds",
            missing="not recorded",
        ),
        Column(
            "milliseconds",
            "Milliseconds each",
            three_digits,
            hint="of one method and seed on one task",
            missing="not recorded",
        ),
    )
    return make_table("seconds", found.assign(metric=found.index), columns)


def complexity_table(complexity: pd.DataFrame, groups: Groups) -> Table:
    """Return the share of components with 95 % of the variance, tasks as columns."""
    percent = complexity.assign(share=100 * complexity["fraction_95"])
    hints = {
        (row["model"], row["task"]): (
            f"{row['components_95']:.0f} of {row['dimension']:.0f} components"
        )
        for row in percent.to_dict("records")
        if not math.isnan(row["share"])
    }
    return task_table(
        "complexity",
        wide(percent, "model", "share"),
        groups,
        heading="Embedding of",
        label=lambda slug: MODELS.get(slug, method_label(slug)),
        best="",
        digits=0,
        notes=notes_of(complexity, "model", "task"),
        hints=hints,
    )
