"""The studies: what the score's parts, settings and choices are worth; its cost."""

from __future__ import annotations

import pandas as pd

from peftdiff.reporting.labels import (
    group_label,
    method_label,
    metric_label,
    order_groups,
    order_metrics,
)
from peftdiff.reporting.webpage.by_task import Groups, task_table, texts, wide
from peftdiff.reporting.webpage.cells import (
    Cell,
    Column,
    Row,
    Table,
    counts,
    listed,
    numeric,
    word,
)
from peftdiff.reporting.webpage.cost import EMBED, SOURCE, TUNE, stage_of

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
STAGES = {EMBED: "Embedding", TUNE: "Fine-tuning", SOURCE: "Source training"}
TIMES, TOTAL = ("Minutes", "Speed-up"), "total"
SETTING = ("diffusion_time", "neighbors", "components")
MODELS = {"backbone": "Backbone", "cnn": "CNN reference"}


def ablation_table(ablation: pd.DataFrame, groups: Groups) -> Table:
    """Return weighted tau of the score's parts, tasks as columns."""
    return task_table(
        "ablation",
        "Weighted tau of PEFTDiff's parts",
        wide(ablation, "variant", "weighted_tau"),
        groups,
        heading="Variant",
        label=lambda slug: VARIANTS.get(slug, slug),
        notes=texts(ablation, "variant"),
    )


def ablation_sentence(printed: pd.DataFrame) -> str:
    """Return the poster's three numbers."""
    known = printed.set_index("score")["weighted_tau"]
    said = [f"{str(k).replace('_', ' ')} {v:g}" for k, v in known.items()]
    return f"The poster, on VTAB-1k: {listed(said)}."


def grid_table(choice: pd.DataFrame, groups: Groups) -> Table:
    """Return weighted tau of chosen settings, tasks as columns."""
    return task_table(
        "grid",
        "Weighted tau of PEFTDiff with its setting chosen in four ways",
        wide(choice, "choice", "weighted_tau"),
        groups,
        heading="Setting",
        label=lambda slug: CHOICES.get(slug, slug),
        notes=texts(choice, "choice"),
        hints=_settings(choice),
        ranked=False,
        legend="The setting itself shows on pointing at a number.",
    )


def chance_table(choice: pd.DataFrame) -> Table:
    """Return what each way to choose a setting reaches, and reaches by chance."""
    rows = [
        Row(
            [
                word(CHOICES.get(row["choice"], row["choice"])),
                numeric(row["mean_weighted_tau"]),
                numeric(row["chance_mean"]),
                numeric(row["chance_sd"]),
                counts(row["n_tasks"]),
            ]
        )
        for row in choice.drop_duplicates("choice").to_dict("records")
    ]
    columns = (
        Column("Setting"),
        Column("Mean tau"),
        Column("Chance: mean", hint="with accuracies shuffled among the methods"),
        Column("Chance: sd"),
        Column("Tasks"),
    )
    return Table("grid_chance", "What choosing a setting is worth", columns, rows)


def choices_table(choices: pd.DataFrame) -> Table:
    """Return what each choice of the definition changes, over tasks and starts."""
    rows = []
    for (choice, value), runs in choices.groupby(["choice", "value"], sort=False):
        notes = runs.loc[runs["weighted_tau"].isna(), "note"].dropna().unique()
        tasks = runs.groupby("task", sort=False)["weighted_tau"].mean().dropna()
        total = runs["task"].nunique()
        why = "; ".join([f"over {len(tasks)} of {total} tasks", *map(str, notes)])
        note = why if len(tasks) < total else ""
        cells = [
            word(str(choice).replace("_", " ")),
            word("" if choice == value else str(value)),
            numeric(tasks.mean() if len(tasks) else float("nan"), 2, note),
            _blank(runs["agreement"].mean()),
            _blank(runs["run_agreement"].mean()),
            counts(runs["start_seed"].nunique()),
        ]
        rows.append(Row(cells))
    columns = (
        Column("Choice"),
        Column("Value"),
        Column("Mean tau", hint="with the accuracies"),
        Column("Agreement", hint="mean tau with the default's scores"),
        Column(
            "Between runs", hint="mean tau between the scores from two start vectors"
        ),
        Column("Starts", hint="start vectors of the eigensolver"),
    )
    return Table("choices", "What each choice of the definition changes", columns, rows)


def times_table(timing: pd.DataFrame) -> Table:
    """Return minutes of scoring and of fine-tuning per group, in the poster's layout.

    A metric's time is that of the embedding and of its scores; the speed-up is
    fine-tuning's time over it.
    """
    groups = [group for group in order_groups(timing["group"].dropna()) if group]
    minutes = _minutes(timing, groups)
    metrics = order_metrics(
        stage.removeprefix("score:") for stage in minutes if stage.startswith("score:")
    )
    nothing = dict.fromkeys([*groups, TOTAL], 0.0)
    embedded, tuned = minutes.get(EMBED, nothing), minutes.get(TUNE, nothing)
    rows = []
    for metric in metrics:
        cells = [word(metric_label(metric))]
        for group, scored in minutes[stage_of(metric)].items():
            spent = scored + embedded[group]
            cells += [_time(spent), _speed_up(tuned[group], spent)]
        rows.append(Row(cells))
    for stage in (TUNE, SOURCE):
        if stage in minutes:
            cells = [word(STAGES[stage])]
            for spent in minutes[stage].values():
                cells += [_time(spent), Cell("")]
            rows.append(Row(cells, "reference"))
    columns = [Column("Stage")]
    for group in nothing:
        columns += [Column(label, group_label(group)) for label in TIMES]
    legend = (
        "Minutes of embedding and scoring; speed-up: fine-tuning's minutes over them."
    )
    if EMBED not in minutes:
        legend = "Minutes of scoring without embedding; speed-up over that alone."
    return Table("times", "Minutes, and what they spare", columns, rows, legend)


def seconds_table(scores: pd.DataFrame) -> Table:
    """Return the seconds of every metric's scores, from scores.csv."""
    rows = []
    for metric in order_metrics(scores["metric"]):
        seconds = scores.loc[scores["metric"] == metric, "seconds"]
        cells = [
            word(metric_label(metric)),
            numeric(seconds.sum(min_count=1), 1),
            numeric(1000 * seconds.mean(), 1),
        ]
        rows.append(Row(cells))
    columns = (
        Column("Metric"),
        Column("Seconds", hint="for all tasks, methods and seeds"),
        Column("Milliseconds each", hint="of one method and seed on one task"),
    )
    return Table(
        "seconds", "What the scores cost (embedding not counted)", columns, rows
    )


def complexity_table(complexity: pd.DataFrame, groups: Groups) -> Table:
    """Return the share of components with 95 % of the variance, tasks as columns."""
    percent = complexity.assign(share=100 * complexity["fraction_95"])
    hints = {
        (model, task): f"{number:.0f} of {dimension:.0f} components"
        for (model, task), number, dimension in zip(
            zip(percent["model"], percent["task"], strict=True),
            percent["components_95"],
            percent["dimension"],
            strict=True,
        )
        if not pd.isna(number)
    }
    return task_table(
        "complexity",
        "Principal components that hold 95 % of the variance, percent of the dimension",
        wide(percent, "model", "share"),
        groups,
        heading="Embedding of",
        label=lambda slug: MODELS.get(slug, method_label(slug)),
        notes=texts(complexity, "model"),
        hints=hints,
        ranked=False,
        decimals=0,
        legend="The poster: about 7 % for a ResNet-152, 30 to 50 % for PEFT methods.",
    )


def _settings(choice: pd.DataFrame) -> dict[tuple[str, str], str]:
    hints = {}
    for row in choice.to_dict("records"):
        if not any(pd.isna(row[name]) for name in SETTING):
            words = [f"{name.replace('_', ' ')} {row[name]:g}" for name in SETTING]
            hints[row["choice"], row["task"]] = ", ".join(words)
    return hints


def _blank(value: float) -> Cell:
    """Return a number, or an empty cell where the question does not arise."""
    return Cell("") if pd.isna(value) else numeric(value)


def _minutes(timing: pd.DataFrame, groups: list[str]) -> dict[str, dict[str, float]]:
    """Return minutes by stage, then by group and in total; NaN where none are known.

    A stage may have a time that belongs to no group: it counts in the total alone.
    """
    found: dict[str, dict[str, float]] = {}
    for stage, rows in timing.groupby("stage", sort=False):
        times = {
            group: float(rows.loc[rows["group"] == group, "seconds"].sum(min_count=1))
            for group in groups
        }
        times[TOTAL] = float(rows["seconds"].sum(min_count=1))
        found[str(stage)] = {group: times[group] / 60 for group in times}
    return found


def _time(minutes: float) -> Cell:
    note = "no time of its own" if minutes != minutes else ""
    return numeric(minutes, 2 if minutes < 10 else 1, note)


def _speed_up(tuned: float, spent: float) -> Cell:
    if not (tuned > 0 and spent > 0):
        return numeric(float("nan"), note="no fine-tuning time")
    return numeric(tuned / spent, 1)
