"""Target tasks, and the two source data sets of the embedded experiment."""

from peftdiff.tasks.availability import missing_tasks, present_tasks
from peftdiff.tasks.kinds import GROUPS, DrawnTask, Task, VtabTask
from peftdiff.tasks.synthetic.canvas import SIZE
from peftdiff.tasks.synthetic.generation import (
    GENERATOR_VERSION,
    LabeledImages,
    SourceImages,
    TaskImages,
)
from peftdiff.tasks.synthetic.sources import method_source, pretraining_source
from peftdiff.tasks.table import TASKS, generate_task, group_of

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
    "generate_task",
    "group_of",
    "method_source",
    "missing_tasks",
    "present_tasks",
    "pretraining_source",
]
