"""Target tasks, and the training sources of the embedded experiment."""

from peftdiff.tasks.available import group_of, missing_tasks, present_tasks
from peftdiff.tasks.canvas import SIZE
from peftdiff.tasks.generation import (
    GENERATOR_VERSION,
    LabeledImages,
    SourceImages,
    TaskImages,
    checksum,
)
from peftdiff.tasks.kinds import GROUPS, DrawnTask, Task, VtabTask
from peftdiff.tasks.sources import method_source, pretraining_source
from peftdiff.tasks.table import TASKS, generate_task

__all__ = [
    "GENERATOR_VERSION",
    "GROUPS",
    "SIZE",
    "TASKS",
    "DrawnTask",
    "LabeledImages",
    "SourceImages",
    "Task",
    "TaskImages",
    "VtabTask",
    "checksum",
    "generate_task",
    "group_of",
    "method_source",
    "missing_tasks",
    "present_tasks",
    "pretraining_source",
]
