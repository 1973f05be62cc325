"""Display labels and order of methods, tasks, metrics and groups.

Figures take slugs from tables; these functions look them up. A table of cached results
may name a slug that this version does not know: it is shown as it is, after the others.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

GROUPS = ("natural", "specialized", "structured")

BASELINES = {
    "static": "Static order",
    "parameter_count": "Parameter count",
    "random": "Random",
}
"""Rows of ``correlation.csv`` that are no transferability metric."""


def method_label(slug: str) -> str:
    """Return a method's display label."""
    return _label("methods", slug)


def task_label(slug: str) -> str:
    """Return a task's display label."""
    return _label("tasks", slug)


def task_group(slug: str) -> str:
    """Return a task's group, or an empty string where it is unknown."""
    entry = _table("tasks").get(slug)
    return "" if entry is None else entry.group


def metric_label(slug: str) -> str:
    """Return the display label of a metric or of a baseline."""
    return BASELINES.get(slug) or _label("metrics", slug)


def group_label(slug: str) -> str:
    """Return a task group's display label; a task without group has an empty one."""
    return slug[:1].upper() + slug[1:]


def order_methods(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of METHODS, unknown ones last."""
    return _ordered(slugs, _table("methods"))


def order_metrics(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of METRICS, then the baselines."""
    return _ordered(slugs, [*_table("metrics"), *BASELINES])


def order_groups(slugs: Iterable[str]) -> list[str]:
    """Return the distinct groups: natural, specialized, structured, then others."""
    return _ordered(slugs, GROUPS)


def order_tasks(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of TASKS, unknown ones last."""
    return _ordered(slugs, _table("tasks"))


def method_position(slug: str, slugs: Iterable[str]) -> int:
    """Return a method's place among METHODS and the unknown ones of ``slugs``."""
    known = list(_table("methods"))
    return [*known, *(s for s in order_methods(slugs) if s not in known)].index(slug)


def _table(package: str) -> Mapping[str, Any]:
    """Return METHODS, TASKS or METRICS, imported late: they are many modules."""
    try:
        module = import_module(f"peftdiff.{package}")
    except ModuleNotFoundError:
        return {}
    return getattr(module, package.upper(), {})


def _label(package: str, slug: str) -> str:
    entry = _table(package).get(slug)
    return slug if entry is None else entry.label


def _ordered(slugs: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return distinct slugs: the known in their order, the others as they came."""
    distinct = list(dict.fromkeys(slugs))
    first = [slug for slug in known if slug in distinct]
    return first + [slug for slug in distinct if slug not in first]
