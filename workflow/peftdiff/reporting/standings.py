"""What can be said of a task and of a ranking, in sentences that all pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from peftdiff.evaluation import standings as found
from peftdiff.reporting.labels import method_label
from peftdiff.reporting.text import accuracy, counted, listed, number, points
from peftdiff.statistics import FEWEST

MOST_NAMED = 4  # methods; more of them are counted

Row = Mapping[Any, Any]


def constant_answer(task: Row) -> str:
    """Return what needs no image and is right most often: guessing, or one answer.

    Parameters
    ----------
    task
        A row of tasks.csv. "" where its test images were not counted.
    """
    chance, share = task["chance"], task["majority_share"]
    if pd.isna(chance) or pd.isna(share):
        return ""
    if share <= chance + 1e-9:  # All classes are as frequent.
        return f"guessing ({accuracy(chance)})"
    name = task["majority_class"]
    always = "the most frequent class" if pd.isna(name) else f"'{name}'"
    return f"always answering {always} ({accuracy(share)})"


def constant_accuracy(task: Row) -> float:
    """Return the percent that `constant_answer` gets right; NaN where it is unknown."""
    return max(float(task["chance"]), float(task["majority_share"]))


def standing(task: Row, standings: pd.DataFrame) -> str:
    """Return what fine-tuning says of a task, in a sentence or two.

    Parameters
    ----------
    task
        A row of tasks.csv.
    standings
        The task's rows of standings.csv.
    """
    said = task["verdict"]
    known = standings[standings["accuracy"].notna()].sort_values(
        "behind", kind="stable"
    )
    methods = list(known["method"])
    if said == found.NO_ACCURACY:
        return "There are no accuracies."
    if said == found.AT_CHANCE:
        return f"{_at_chance(task, methods)}."
    best = f"{method_label(task['best'])} ({accuracy(task['best_accuracy'])})"
    if said == found.ALONE:
        floor = constant_answer(task)
        beyond = f", beyond {floor}" if floor else ""
        return f"{best} is the only method{beyond}."
    if said == found.NOT_TOLD:
        return (
            f"{best} has the highest accuracy; whether another is as good cannot be"
            f" told from {_too_little(task)}."
        )
    if said == found.ALL_ALIKE:
        same = known["accuracy"].nunique() == 1
        reach = f": each reaches {accuracy(task['best_accuracy'])}" if same else ""
        return f"{_all(methods)} cannot be told apart{reach}. {_cheapest(task)}".strip()
    if said == found.SOME_ALIKE:
        among = known.loc[known["among_best"].eq(True), "method"]
        others = _named([m for m in among if m != task["best"]])
        return (
            f"{best} has the highest accuracy, but {others} cannot be told from it."
            f" {_cheapest(task)}"
        ).strip()
    second = known.iloc[1]
    return (
        f"{best} is the best: {method_label(second['method'])} is"
        f" {points(second['behind'])} behind, which is more than {_noise(task)}."
    )


def undecidable(smallest: float, n_methods: int, n_tasks: int) -> str:
    """Say that no ranking of so few methods on so few tasks could be told from chance.

    Parameters
    ----------
    smallest
        The smallest p-value that is possible.
    """
    if n_methods < 2:
        return "With one method there is nothing to rank."
    return (
        f"With {counted(n_methods, 'method')} on {counted(n_tasks, 'task')} no ranking"
        f" can be told from chance: the smallest p-value possible is"
        f" {number(smallest, 3)}."
    )


def meaningless(verdicts: Sequence[str]) -> str:
    """Say that no ranking means anything, as accuracies tell no method from another.

    Parameters
    ----------
    verdicts
        On each task: on none of them can methods be told from chance and apart.
    """
    n_tasks = sum(verdict != found.NO_ACCURACY for verdict in verdicts)
    parts = ["chance"] if found.AT_CHANCE in verdicts else []
    parts += ["one another"] if found.ALL_ALIKE in verdicts else []
    if not parts:
        return "No ranking can be judged here: there are no accuracies."
    if n_tasks > 1:
        cannot = f"on none of the {n_tasks} tasks can fine-tuning itself tell"
    else:
        cannot = "fine-tuning itself cannot tell"
    return (
        f"No ranking of the methods means anything here: {cannot} them from"
        f" {' or from '.join(parts)}."
    )


def _at_chance(task: Row, methods: list[str]) -> str:
    subject = "No method" if len(methods) > 1 else method_label(methods[0])
    can = "can" if len(methods) > 1 else "cannot"
    text = f"{subject} {can} be told from {constant_answer(task)}"
    too_few = found.TOO_FEW_IMAGES.format(f"{task['n_test_images']:.0f}")
    return f"{text}; {too_few}" if too_few in str(task["note"]) else text


def _too_little(task: Row) -> str:
    if not task["n_seeds"]:
        return "published accuracies, which have neither seeds nor test images here"
    seeds = counted(task["n_seeds"], "seed")
    return f"{seeds} and an unknown number of test images"


def _noise(task: Row) -> str:
    """Return the noise that is allowed for."""
    images, seeds = task["n_test_images"], task["n_seeds"]
    parts: list[str] = [] if pd.isna(images) else [f"{images:.0f} test images"]
    if seeds >= FEWEST:
        parts.append(counted(seeds, "seed"))
        return f"the noise of {listed(parts)}"
    return (
        f"the noise of {listed(parts)}; how far seeds differ cannot be told from"
        f" {counted(seeds, 'seed')}"
    )


def _cheapest(task: Row) -> str:
    # Read from a file, an empty text is a NaN.
    if not isinstance(task["take"], str) or not task["take"]:
        return ""
    return f"Of these {method_label(task['take'])} trains the fewest parameters."


def _all(methods: list[str]) -> str:
    if len(methods) > MOST_NAMED:
        return f"The {len(methods)} methods"
    return listed(map(method_label, methods))


def _named(methods: list[str]) -> str:
    if len(methods) > MOST_NAMED:
        return f"{len(methods)} others"
    return listed(map(method_label, methods))
