"""Display labels and order of methods, tasks, metrics and groups.

Figures take slugs from tables; these functions look them up. A table of cached results
may name a slug that this version does not know: it is shown as it is, after the others.
"""

from collections.abc import Iterable

from peftdiff.evaluation.replicates import BASELINES
from peftdiff.methods import METHODS
from peftdiff.metrics import METRICS
from peftdiff.tasks import GROUPS, TASKS


def method_label(slug: str) -> str:
    """Return a method's display label."""
    return METHODS[slug].label if slug in METHODS else slug


def task_label(slug: str) -> str:
    """Return a task's display label."""
    return TASKS[slug].label if slug in TASKS else slug


def task_group(slug: str) -> str:
    """Return a task's group, or an empty string where it is unknown."""
    return TASKS[slug].group if slug in TASKS else ""


def metric_label(slug: str) -> str:
    """Return the display label of a metric or of a baseline."""
    if slug in BASELINES:
        return BASELINES[slug]
    return METRICS[slug].label if slug in METRICS else slug


def group_label(slug: str) -> str:
    """Return a task group's display label; a task without group has an empty one."""
    return slug[:1].upper() + slug[1:]


def order_methods(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of METHODS, unknown ones last."""
    return _ordered(slugs, METHODS)


def order_metrics(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of METRICS, then the baselines."""
    return _ordered(slugs, [*METRICS, *BASELINES])


def order_groups(slugs: Iterable[str]) -> list[str]:
    """Return the distinct groups: natural, specialized, structured, then others."""
    return _ordered(slugs, GROUPS)


def order_tasks(slugs: Iterable[str]) -> list[str]:
    """Return the distinct slugs in the order of TASKS, unknown ones last."""
    return _ordered(slugs, TASKS)


def method_position(slug: str, slugs: Iterable[str]) -> int:
    """Return a method's place among METHODS and the unknown ones of ``slugs``."""
    unknown = (other for other in order_methods(slugs) if other not in METHODS)
    return [*METHODS, *unknown].index(slug)


def _ordered(slugs: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return distinct slugs: the known in their order, the others as they came."""
    distinct = list(dict.fromkeys(slugs))
    first = [slug for slug in known if slug in distinct]
    return first + [slug for slug in distinct if slug not in first]
