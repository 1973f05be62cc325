"""Target tasks and training sources of the embedded experiment."""

from peftdiff.tasks.generation import (
    GENERATOR_VERSION,
    LabeledImages,
    SourceImages,
    TaskImages,
    checksum,
)
from peftdiff.tasks.sources import method_source, pretraining_source
from peftdiff.tasks.table import GROUPS, TASKS, Task, generate_task

__all__ = [
    "GENERATOR_VERSION",
    "GROUPS",
    "TASKS",
    "LabeledImages",
    "SourceImages",
    "Task",
    "TaskImages",
    "checksum",
    "generate_task",
    "method_source",
    "pretraining_source",
]
