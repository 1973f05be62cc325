"""The opening: which method where, how sure, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from peftdiff.evaluation import verdict as chance
from peftdiff.evaluation.correlation import RANDOM, mean_accuracies
from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.evaluation.replicates import BASELINES, STATIC
from peftdiff.reporting.labels import (
    method_label,
    metric_label,
    order_tasks,
    task_label,
)
from peftdiff.reporting.webpage.cells import (
    BAD,
    GOOD,
    OPEN,
    counted,
    interval,
    listed,
    number,
    points,
)
from peftdiff.reporting.webpage.cost import cost_sentence

SUBJECT = "peftdiff"

HEADLINES = {
    chance.BEYOND: (GOOD, "{} ranks the methods better than chance here."),
    chance.UNCORRECTED_ONLY: (GOOD, "{} ranks the methods better than chance here."),
    chance.NOT_SIGNIFICANT: (
        BAD,
        "Do not choose by {} here: its ranking cannot be told from chance.",
    ),
    chance.WORSE: (BAD, "Do not choose by {} here: it ranks worse than chance does."),
    chance.UNKNOWN: (
        OPEN,
        "Whether {} ranks better than chance is not known here.",
    ),
}


SMALL = 192  # width of a transformer that is called tiny; below it is a toy
Rows = Mapping[str, Mapping[str, Any]]


class Answer(NamedTuple):
    """The opening of the page: a headline and points, each with a name."""

    state: str
    headline: str
    advice: str
    points: list[tuple[str, str]]


def subject_of(summary: pd.DataFrame) -> str:
    """Return the metric that the page is about: peftdiff, or else the first."""
    metrics = list(summary["metric"])
    return SUBJECT if SUBJECT in metrics else str(metrics[0])


def answer(
    tables: Mapping[str, pd.DataFrame],
    config: Mapping[str, Any],
) -> Answer:
    """Return the opening.

    Parameters
    ----------
    tables
        By name: summary, scores, ground_truth, reliability, and timing if there is one.
    config
        The experiment's configuration; what it does not say is left out.
    """
    summary, truth = tables["summary"], tables["ground_truth"]
    subject, rows = subject_of(summary), _rows(summary)
    state, headline = HEADLINES[rows[subject]["verdict"]]
    said = [
        ("How sure", _how_sure(subject, rows, len(_tasks(truth)))),
        ("What it is worth", _worth(subject, rows)),
        (
            "What it cost",
            cost_sentence(subject, tables["scores"], truth, tables.get("timing")),
        ),
        ("Other metrics", _others(subject, rows)),
        ("One method for all tasks", _one_for_all(truth, rows)),
        (
            "Can the accuracies be trusted?",
            _reliability(tables["reliability"], rows, published_source(truth)),
        ),
        ("How far it holds", _scope(truth, config)),
    ]
    return Answer(
        state,
        headline.format(metric_label(subject)),
        _advice(state, subject, rows, truth),
        [(name, text) for name, text in said if text],
    )


def _rows(summary: pd.DataFrame) -> Rows:
    """Return what is known of each metric and baseline, its verdict with it."""
    verdicts = chance.verdicts(summary).reset_index()
    table = summary.merge(verdicts, how="left", on="metric").set_index("metric")
    return {str(metric): dict(row) for metric, row in table.iterrows()}


def _rivals(subject: str, rows: Rows, verdict: str) -> list[str]:
    """Return the other metrics of a verdict, the highest mean tau first."""
    rivals = [
        metric
        for metric, row in rows.items()
        if metric not in (subject, *BASELINES) and row["verdict"] == verdict
    ]
    return sorted(rivals, key=lambda metric: -rows[metric]["mean_weighted_tau"])


def _advice(state: str, subject: str, rows: Rows, truth: pd.DataFrame) -> str:
    """Say what to do: follow the metric, or what else there is."""
    lost = rows[subject]["regret_at_1"]
    if state == GOOD:
        return f"Its first choice loses {points(lost)} of accuracy on average."
    ways = [
        f"rank by {metric_label(rival)}, which is beyond chance here"
        f" ({points(rows[rival]['regret_at_1'])} of accuracy lost on average)"
        for rival in _rivals(subject, rows, chance.BEYOND)[:1]
    ]
    fixed = _best_on_average(truth)
    if fixed is not None:
        method, lost, _, _ = fixed
        ways.append(
            f"take {method_label(method)} on every task ({points(lost)} lost, in"
            " hindsight)"
        )
    return f"Instead: {', or '.join(ways)}." if ways else ""


def _best_on_average(
    truth: pd.DataFrame,
) -> tuple[str, float, int, pd.DataFrame] | None:
    """Return the method of the highest mean accuracy, what it loses, where it wins."""
    means = mean_accuracies(truth).dropna()
    if means.empty or len(means.columns) < 2:
        return None
    best = str(means.mean().idxmax())
    highest = means.max(axis=1)
    lost = float((highest - means[best]).mean())
    return best, lost, int((means[best] == highest).sum()), means


def _how_sure(subject: str, rows: Rows, n_tasks: int) -> str:
    row = rows[subject]
    if math.isnan(row["mean_weighted_tau"]):
        return f"{metric_label(subject)} has no weighted tau on any task."
    extent = interval(row["ci_low"], row["ci_high"])
    within = f"95 % interval {extent}" if extent else "too few tasks for an interval"
    p = "" if math.isnan(row["p"]) else f", p\u00a0{_p(row['p'])}"
    return (
        f"Its scores and the accuracies agree at a mean weighted tau of"
        f" {number(row['mean_weighted_tau'])} over {_of(row['n_tasks'], n_tasks)}"
        f" ({within}{p}); 1 is a perfect ranking, 0 what chance gives, with a standard"
        f" deviation of {number(row['null_sd'])}."
    )


def _worth(subject: str, rows: Rows) -> str:
    own, drawn = rows[subject], rows.get(RANDOM)
    if math.isnan(own["regret_at_1"]):
        return ""
    text = f"Its first choice loses {points(own['regret_at_1'])} of accuracy on average"
    if drawn is None or math.isnan(drawn["regret_at_1"]):
        return f"{text}."
    more = "more" if own["regret_at_1"] > drawn["regret_at_1"] else "less"
    return (
        f"{text}, {more} than a method drawn at random"
        f" ({number(drawn['regret_at_1'], 1)}). Among its first three choices the best"
        f" method is found on {_percent(own['top_3_hit_rate'])} of tasks; by chance on"
        f" {_percent(drawn['top_3_hit_rate'])}."
    )


def _others(subject: str, rows: Rows) -> str:
    if not set(rows) - {subject, *BASELINES}:
        return ""
    tried = counted(int(rows[subject]["n_tries"]), "metric")
    tried = f"once it is allowed for that {tried} were tried"
    names = [
        f"{metric_label(metric)} ({number(row['mean_weighted_tau'])},"
        f" p\u00a0{_p(row['p'])}; its first choice loses"
        f" {points(row['regret_at_1'])})"
        for metric in _rivals(subject, rows, chance.BEYOND)
        for row in [rows[metric]]
    ]
    text = f"No other metric is beyond chance {tried}"
    if names:
        text = f"Beyond chance {tried}: {listed(names)}"
    seeming = [metric_label(m) for m in _rivals(subject, rows, chance.UNCORRECTED_ONLY)]
    if seeming:
        verb = "has" if len(seeming) == 1 else "have"
        text += f". {listed(seeming)} {verb} p up to 0.05, but only if tried alone"
    return f"{text}."


def _one_for_all(truth: pd.DataFrame, rows: Rows) -> str:
    found = _best_on_average(truth)
    if found is None:
        return ""
    best, lost, wins, means = found
    text = (
        f"{method_label(best)} has the highest mean accuracy"
        f" ({number(means[best].mean(), 1)} %) and is the best on"
        f" {_of(wins, len(means))}; taken everywhere, it loses {points(lost)} on"
        " average. That is hindsight"
    )
    static = rows.get(STATIC, {}).get("regret_at_1", math.nan)
    if math.isnan(static):
        return f"{text}."
    return (
        f"{text}: a method taken on each task for its mean rank on the other tasks"
        f" (the static order) loses {number(static, 1)}."
    )


def _reliability(reliability: pd.DataFrame, rows: Rows, source: str) -> str:
    halves = reliability["reliability"].mean()
    if source:
        return (
            f"Not known: they are published ({source_label(source)}), without seeds;"
            " nothing was fine-tuned here."
        )
    if math.isnan(halves):
        return "Not known: it takes two seeds to compare one half with the other."
    text = (
        "One half of the seeds ranks the methods as the other half does at a weighted"
        f" tau of {number(halves)}"
    )
    ceilings = [row["ceiling"] for m, row in rows.items() if m not in BASELINES]
    known = [value for value in ceilings if not math.isnan(value)]
    if not known:
        return f"{text}."
    low, high = number(min(known)), number(max(known))
    reach = f"about {low}" if low == high else f"{low} to {high}"
    return (
        f"{text}. With the noise of the scores, that limits the metrics to a tau of"
        f" {reach}."
    )


def _scope(truth: pd.DataFrame, config: Mapping[str, Any]) -> str:
    pool = truth[truth["in_pool"].astype(bool)]
    tasks = _tasks(truth)
    wanted = config.get("tasks", tasks)
    source = published_source(truth)
    replicates = counted(pool["seed"].nunique(), "seed")
    text = (
        f"{_of(len(tasks), max(len(wanted), len(tasks)))},"
        f" {counted(pool['method'].nunique(), 'method')},"
        f" {'published accuracies' if source else replicates}"
    )
    missing = [task_label(task) for task in wanted if task not in tasks]
    if missing:
        text += f" (missing: {listed(missing)})"
    return (
        f"{text[0].upper()}{text[1:]}{_backbone(config)}. Other tasks and other"
        " backbones may give another answer."
    )


def _backbone(config: Mapping[str, Any]) -> str:
    sizes = config.get("backbone", {}).get("architecture")
    if isinstance(sizes, str):
        return f", backbone {sizes}"
    if not sizes or not {"width", "depth"} <= set(sizes):
        return ""
    size = "small " if sizes["width"] < SMALL else ""
    return (
        f", a {size}vision transformer ({sizes['depth']} layers, {sizes['width']} wide)"
    )


def _tasks(truth: pd.DataFrame) -> list[str]:
    return order_tasks(truth["task"])


def _of(count: Any, total: int) -> str:
    """Return "8 tasks", or "7 of 8 tasks" where some are missing."""
    whole = counted(total, "task")
    return whole if int(count) == total else f"{int(count)} of {whole}"


def _percent(share: float) -> str:
    return f"{number(100 * share, 0)}\u00a0%"


def _p(value: float) -> str:
    return "<\u00a00.001" if value < 0.001 else f"=\u00a0{number(value, 3)}"
