"""What to use on each task, in two or three sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from peftdiff.evaluation.first_choice import Choice, Lead
from peftdiff.reporting.labels import (
    group_label,
    method_label,
    metric_label,
    order_tasks,
    task_label,
)
from peftdiff.reporting.webpage.cells import (
    BAD,
    GOOD,
    NEAR,
    OPEN,
    counted,
    listed,
    number,
    ordinal,
    points,
)


class Card(NamedTuple):
    """One task's answer; `badge` says how the metric did, `state` how well."""

    task: str
    group: str
    use: str
    state: str
    badge: str
    sentences: list[str]


def cards(
    chosen: Sequence[Choice], groups: Mapping[str, str], metric: str
) -> list[Card]:
    """Return what to use on each task, in the order of tasks."""
    by_task = {choice.task: choice for choice in chosen}
    return [
        _card(by_task[task], groups.get(task, ""), metric_label(metric))
        for task in order_tasks(by_task)
    ]


def _card(choice: Choice, group: str, metric: str) -> Card:
    names = (task_label(choice.task), group_label(group))
    state, badge = _outcome(choice, metric)
    if not choice.best:
        use = listed(map(method_label, choice.first), "or") or "unknown"
        said = [_without_accuracies(choice, metric)]
        return Card(*names, use, state, badge, said)
    said = [f"Best after fine-tuning: {number(choice.best_accuracy, 1)} %."]
    said += [_first_choice(choice, metric)]
    # Where the first choice is the runner-up, its sentence has said it all.
    if choice.first != [choice.runner_up]:
        said.append(_runner_up(choice))
    use = listed(map(method_label, choice.best), "or")
    return Card(*names, use, state, badge, [text for text in said if text])


def _outcome(choice: Choice, metric: str) -> tuple[str, str]:
    if not choice.first:
        return OPEN, f"{metric}: no ranking"
    if math.isnan(choice.lost):
        return OPEN, f"{metric}: cannot be judged"
    if choice.lost == 0:
        return GOOD, f"{metric} agrees"
    if choice.lead_over_first.low <= 0:
        return NEAR, f"{metric} within the noise"
    return BAD, f"{metric} loses {number(choice.lost, 1)}"


def _without_accuracies(choice: Choice, metric: str) -> str:
    if choice.first:
        return f"{metric}'s first choice; there are no accuracies to compare with."
    return f"Neither accuracies nor a whole ranking by {metric}."


def _first_choice(choice: Choice, metric: str) -> str:
    first = [method_label(method) for method in choice.first]
    if not first:
        return f"{metric} does not score every method, so that it has no first choice."
    if math.isnan(choice.lost):
        return f"{metric}'s first choice, {listed(first, 'or')}, has no accuracy."
    if len(first) > 1:
        lost = f"{points(choice.lost)} lost on average"
        return f"{metric} cannot decide between {listed(first)}: {lost}."
    if choice.lost == 0:
        return f"Also {metric}'s first choice."
    return (
        f"{metric}'s first choice, {first[0]}, reaches"
        f" {number(choice.first_accuracy, 1)} %,"
        f" {ordinal(choice.place)} of {choice.of}: {points(choice.lost)} lost,"
        f" {_spread(choice.lead_over_first)}."
    )


def _runner_up(choice: Choice) -> str:
    if not choice.runner_up or math.isnan(choice.lead.mean):
        return "There is no other method to compare with."
    other, lead = method_label(choice.runner_up), points(choice.lead.mean)
    if choice.lead.low <= 0:
        return f"{other} may be as good: {lead} behind, {_spread(choice.lead)}."
    return f"Ahead of {other} by {lead}, {_spread(choice.lead)}."


def _spread(lead: Lead) -> str:
    """Say whether a difference is more than the seeds' spread."""
    if not lead.n_seeds:
        return "and without seeds there is no telling how sure"
    seeds = counted(lead.n_seeds, "seed")
    if math.isnan(lead.low):
        return f"by {seeds}, too few to be sure"
    return f"{'beyond' if lead.low > 0 else 'within'} the spread of {seeds}"
