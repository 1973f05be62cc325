"""The scoring library stands alone: without torch, the workflow's engine and the rest.

Checked in a child process where the optional packages cannot be imported.
"""

import re
import subprocess
import sys
import tomllib

from tests.helpers.project import LIBRARY, ROOT

OPTIONAL = (
    "PIL",
    "faiss",
    "huggingface_hub",
    "matplotlib",
    "pyarrow",
    "pydantic",
    "pydiffmap",
    "pooch",
    "pynndescent",
    "requests",
    "safetensors",
    "snakemake",
    "tabulate",
    "timm",
    "torch",
    "torchvision",
    "usearch",
    "yaml",
)

WITHOUT = f"""
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Absent())
"""

USE = """
import numpy as np

import peftdiff.diffusion
import peftdiff.metrics
import peftdiff.statistics

rng = np.random.default_rng(0)
labels = np.arange(90) % 3
features = rng.normal(size=(90, 8)) + labels[:, None]
for name, metric in peftdiff.metrics.METRICS.items():
    value = peftdiff.metrics.compute(name, features, labels)
    if metric.needs_pool:
        value = peftdiff.metrics.combine(name, {"lora": value, "vpt": value}, value)
    print(name, value)
print(peftdiff.diffusion.diffusion_score(features, labels).intra)
print(peftdiff.statistics.weighted_tau([1, 2, 3], [1, 3, 2]))
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_metric_works_without_the_optional_packages():
    done = run(WITHOUT + USE)
    assert done.returncode == 0, done.stderr
    assert "parc" in done.stdout


def test_the_blockade_blocks():
    done = run(WITHOUT + "import yaml")
    assert "No module named 'yaml'" in done.stderr
    assert run("import yaml").returncode == 0


def test_the_base_installation_asks_for_none_of_them():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]}
    assert {"numpy", "scipy", "pandas", "scikit-learn"} <= names
    assert not names & {*OPTIONAL, "pyyaml", "faiss-cpu"}


def test_every_folder_of_the_library_is_a_package():
    # Only packages are installed.
    folders = {path.parent for path in LIBRARY.rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)
    others = [path for path in LIBRARY.rglob("*") if path.is_file()]
    assert {path.suffix for path in others} <= {".py", ".pyc"}
