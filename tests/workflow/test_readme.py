"""What the README says is true. Run as a script, this file writes its config table."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers import engine
from tests.helpers.project import ROOT

README = ROOT / "README.md"
TOOLS = {
    "run": "run.py run",
    "report": "run.py report",
    "test": "pytest",
    "bench-gpu": "benchmarks.models",
}
MARKS = ("from the schema -->\n", "\n<!-- end of the configuration table")


def config_table():
    """Return a Markdown table of all configuration keys, values and meanings."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    rows = ["| key | in `mini` | meaning |", "|---|---|---|"]

    def add(key, description, value):
        text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
        text = text.removesuffix("...").strip()
        rows.append(f"| `{key}` | {f'`{text}`' if text else ''} | {description} |")

    for name, section in schema["properties"].items():
        if "properties" not in section:
            add(name, section["description"], config[name])
            continue
        for key, entry in section["properties"].items():
            add(f"{name}.{key}", entry["description"], config[name][key])
    return "\n".join(rows)


def commands():
    """Return the command lines of the README's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.S)
    return [
        line.split("#")[0].strip() for block in blocks for line in block.splitlines()
    ]


def engine_calls():
    calls = [shlex.split(c) for c in commands() if c.startswith(".venv/bin/snakemake")]
    return [call[1:] for call in calls]


def test_the_configuration_table_is_complete():
    text = README.read_text()
    table = text.split(MARKS[0])[1].split(MARKS[1])[0]
    assert table == config_table(), f"run: python {Path(__file__).relative_to(ROOT)}"


def test_all_commands_are_known():
    assert len(engine_calls()) >= 7
    others = [c for c in commands() if not c.startswith(".venv/bin/snakemake")]
    assert {c for c in others if not c.startswith("make")} == {
        ".venv/bin/hf auth login"
    }
    assert shutil.which("hf", path=Path(sys.executable).parent)
    words = (c.split()[1] for c in others if c.startswith("make "))
    made = {word for word in words if "=" not in word}
    assert made <= {*TOOLS, ".venv/ready"}


@pytest.mark.parametrize("call", engine_calls(), ids=" ".join)
def test_every_workflow_command_plans(call):
    if "--report" in call:
        pytest.skip("needs a finished experiment: tests/e2e makes a report")
    code, text = engine.call(ROOT, "--dry-run", "--nolock", *call)
    assert code == 0, text


@pytest.mark.parametrize("target", TOOLS)
def test_the_make_targets_plan(target):
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert TOOLS[target] in done.stdout


def test_the_library_example_runs():
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    done = subprocess.run(
        [sys.executable, "-c", block],
        env={"PYTHONPATH": str(ROOT / "workflow"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    scores, logme = done.stdout.splitlines()
    assert eval(scores)["lora"] > eval(scores)["vpt"]
    assert float(logme)


def test_every_path_named_in_the_readme_exists():
    text = README.read_text()
    for path in re.findall(
        r"`((?:workflow|configs|profiles|results/cached)/[^`<]*)`", text
    ):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (ROOT / path).exists(), path


if __name__ == "__main__":
    before, rest = README.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    README.write_text(before + MARKS[0] + config_table() + MARKS[1] + after)
