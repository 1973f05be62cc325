"""Scripts are modules: importable without the engine, torch only where models run."""

import json
import subprocess
import sys

import pytest

from tests.helpers.project import ROOT

SCRIPTS = sorted(path.stem for path in ROOT.glob("workflow/scripts/*.py"))
WITH_TORCH = {"embed_task"}  # the training scripts import it when they train


def imported_by(*scripts):
    code = "import json, sys\n" + "\n".join(f"import {name}" for name in scripts)
    code += "\nprint(json.dumps(sorted(sys.modules)))"
    path = f"{ROOT / 'workflow'}:{ROOT / 'workflow/scripts'}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_scripts_import_without_the_engine_and_without_torch():
    modules = imported_by(*sorted(set(SCRIPTS) - WITH_TORCH))
    assert "snakemake" not in modules
    assert "torch" not in modules
    assert "timm" not in modules


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_a_screenful_with_a_short_tail(name):
    text = (ROOT / "workflow/scripts" / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 90
    body, tail = text.split('if __name__ == "__main__":')
    assert "snakemake" not in body
    assert "with job(snakemake.log[0]):" in tail
