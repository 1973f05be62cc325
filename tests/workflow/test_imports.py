"""What can be imported without loading what is heavy, or the engine."""

import json
import subprocess
import sys

import pytest

from peftdiff.reporting import figures
from tests.helpers.project import LIBRARY, ROOT

SCRIPTS = sorted(path.stem for path in ROOT.glob("workflow/scripts/*.py"))
WITH_TORCH = {"embed_task"}  # the training scripts import it when they train
FIGURES = sorted(path.stem for path in LIBRARY.glob("reporting/figures/*.py"))
HEAVY = {"torch", "timm", "sklearn", "scipy", "pandas", "matplotlib"}

FIGURES_TABLE = "from peftdiff.reporting.figures import FIGURES\n"
METHODS_TABLE = """
from peftdiff.methods import METHODS, hyperparameters
for method in METHODS:
    hyperparameters(method)
"""
OTHER_TABLES = """
import peftdiff.metrics, peftdiff.tasks
peftdiff.metrics.METRICS, peftdiff.tasks.TASKS
"""
CONFIGURATION = """
import peftdiff.config, peftdiff.evaluation.correlation, peftdiff.metrics.scoring
import peftdiff.stages.experiment
"""
LABELS = """
from peftdiff.reporting import labels
labels.method_label("lora"), labels.task_label("digits")
labels.metric_label("peftdiff")
"""


def importing(*modules):
    return "".join(f"import {module}\n" for module in modules)


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (FIGURES_TABLE + METHODS_TABLE, HEAVY | {"numpy"}),
        (OTHER_TABLES, HEAVY),
        (
            CONFIGURATION + importing(*sorted(set(SCRIPTS) - WITH_TORCH)),
            {"torch", "timm", "snakemake"},
        ),
        (
            LABELS + importing(*(f"{figures.__name__}.{name}" for name in FIGURES)),
            {"torch", "matplotlib.pyplot"},
        ),
    ],
    ids=["figures and methods", "metrics and tasks", "scripts", "drawing"],
)
def test_what_is_read_often_loads_little(code, absent):
    code += "import json, sys\nprint(json.dumps(sorted(sys.modules)))"
    path = f"{ROOT / 'workflow'}:{ROOT / 'workflow/scripts'}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not absent & set(json.loads(done.stdout))
