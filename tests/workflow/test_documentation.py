"""What the README and docs/ say is true: commands, snippets, links, paths and names."""

import contextlib
import functools
import itertools
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.helpers import engine
from tests.helpers.project import CACHED, ROOT

README = ROOT / "README.md"
PAGES = [
    README,
    *(ROOT / "CONTRIBUTING.md", ROOT / "results/README.md"),
    *(ROOT / "benchmarks/README.md", ROOT / "tests/golden/README.md"),
    ROOT / "workflow/resources/published/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

# Commands that nothing runs here. The section that shows one has to say "untried".
UNTRIED = (
    ".venv/bin/hf auth login",
    "make bench-gpu",
    ".venv/bin/snakemake --cores all --software-deployment-method conda",
)
# Commands that another test runs: how they begin, and the file that has them.
ELSEWHERE = {
    "apptainer build": "tests/container/check_container.py",
    "apptainer run": "tests/container/check_container.py",
}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
ENGINE, PYTHON = ".venv/bin/snakemake ", ".venv/bin/python -m "


@dataclass(frozen=True)
class Command:
    """A line of a shell block, and the section of the page that it stands in."""

    page: Path
    section: str
    text: str


def sections(page):
    """Return a page's text, cut before each heading; a fenced block has none."""
    text = page.read_text(encoding="utf-8")
    masked = FENCED.sub(lambda block: block.group().replace("\n#", "\n "), text)
    starts = [heading.start() for heading in re.finditer(r"^#+ ", masked, re.M)]
    return [text[a:b] for a, b in itertools.pairwise([0, *starts, len(text)])]


def blocks(page, language):
    """Yield each fenced block of a language, with the section that it stands in."""
    for section in sections(page):
        for block in FENCED.finditer(section):
            if block.group(1) == language:
                yield section, block.group(2)


def commands():
    return [
        Command(page, section, line.split(" #")[0].strip())
        for page in PAGES
        for section, block in blocks(page, "sh")
        for line in block.splitlines()
        if not line.startswith("export ")
    ]


def started(beginning):
    """Return the distinct commands that begin so, but for the untried ones."""
    texts = dict.fromkeys(command.text for command in commands())
    return [t for t in texts if f"{t} ".startswith(beginning) and t not in UNTRIED]


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory):
    """Make the reader's own files: those that YAML blocks show, and image folders."""
    folder = tmp_path_factory.mktemp("somewhere")
    for name, text in own_files().items():
        (folder / name).write_text(text.replace("/somewhere", str(folder)))
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    for place in ("pets/cat", "pets/dog", "imagenet/train/one", "imagenet/train/two"):
        (folder / place).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / place / "0.png")
    return folder


@functools.cache
def own_files():
    """Return the YAML blocks of all pages by the name in their first line."""
    found = [block for page in PAGES for _, block in blocks(page, "yaml")]
    return {re.match(r"# (\w+\.yaml)\n", block).group(1): block for block in found}


def plan(somewhere, arguments):
    """Dry-run the engine, the reader's own files in their place."""
    text = [a.replace("/somewhere", str(somewhere)) for a in arguments]
    placed = [str(somewhere / a) if a in own_files() else a for a in text]
    code, printed = engine.call(ROOT, "--dry-run", "--nolock", *placed)
    assert code == 0, printed


def test_every_command_is_run_or_named_as_untried():
    known = {*started(ENGINE), *started(PYTHON), *started("make "), *UNTRIED}
    for command in commands():
        elsewhere = any(command.text.startswith(start) for start in ELSEWHERE)
        assert command.text in known or elsewhere, command
    assert shutil.which("hf", path=Path(sys.executable).parent)  # to log in by


@pytest.mark.parametrize("text", UNTRIED)
def test_what_is_untried_is_named_so_beside_it(text):
    shown = [command for command in commands() if command.text == text]
    assert shown
    for command in shown:
        assert "untried" in command.section.lower(), command.page


def test_what_is_run_elsewhere_is():
    for beginning, path in ELSEWHERE.items():
        argument = beginning.split()[-1]
        assert f'"{argument}"' in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", started(ENGINE))
def test_every_workflow_command_plans(text, somewhere):
    if "--report" in text:
        pytest.skip("needs a finished experiment: tests/e2e makes a report")
    plan(somewhere, shlex.split(text)[1:])


@pytest.mark.parametrize("name", own_files())
def test_every_configuration_shown_is_one(name, somewhere):
    plan(somewhere, ["--configfile", name])


@pytest.mark.parametrize("text", started("make "))
def test_every_make_command_plans(text, somewhere):
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(text)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run = re.search(r"workflow/run\.py (?:run|status|report) (.*)", done.stdout)
    if run:
        plan(somewhere, shlex.split(run.group(1)))


@pytest.mark.parametrize("text", started(PYTHON))
def test_every_module_that_is_run_exists_and_has_its_options(text):
    module, *arguments = shlex.split(text)[2:]
    spec = find_spec(module)
    assert spec is not None
    if module == "pytest":
        assert (ROOT / arguments[-1]).exists()
        return
    main = find_spec(f"{module}.__main__") if spec.submodule_search_locations else spec
    source = Path(main.origin).read_text(encoding="utf-8")
    for option in (a for a in arguments if a.startswith("--")):
        assert f'"{option}"' in source


def test_the_library_example_runs_and_ranks(capsys):
    ((_, block),) = blocks(README, "python")
    exec(block, {})
    scores, logme = capsys.readouterr().out.splitlines()
    assert eval(scores)["lora"] > eval(scores)["vpt"]
    assert float(logme)


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        # That of the metrics has a test of its own: test_metrics_page.py.
        if page not in (README, ROOT / "docs/metrics.md") and [*blocks(page, "python")]
    ],
    ids=lambda page: page.name,
)
def test_python_blocks_run(page, capsys):
    names = {}
    for _, block in blocks(page, "python"):
        exec(block, names)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = [re.match(r"#+ (.+)", section) for section in sections(page)]
    titles = [heading.group(1).lower() for heading in headings if heading]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def links(page):
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in found if not link.startswith("https://")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_readme():
    reached, left = set(), {README}
    while left:
        reached |= left
        found = [(page, link) for page in left for link in links(page)]
        paths = {(p.parent / link.partition("#")[0]).resolve() for p, link in found}
        left = {path for path in paths if path.suffix == ".md"} - reached
    assert {*PAGES} <= reached


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_paths_and_modules_exist(page):
    text = page.read_text(encoding="utf-8")
    folders = "benchmarks|configs|docs|envs|profiles|results/cached|tests|workflow"
    for path in re.findall(rf"`((?:{folders})/[^`<*{{]*)`", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"`(peftdiff(?:\.\w+)+)", text):
        find(name)


def find(name):
    """Import what a dotted name stands for: a module, or what is in one."""
    module, attributes = name, []
    while True:
        with contextlib.suppress(ModuleNotFoundError):
            found = import_module(module)
            break
        module, _, attribute = module.rpartition(".")
        attributes.insert(0, attribute)
    return functools.reduce(getattr, attributes, found)


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_tree_is_that_of_the_project():
    ((_, tree),) = blocks(README, "text")
    lines = [line for line in tree.splitlines() if not line.startswith(" ")]
    shown = {path for line in lines for path in re.split("  ", line)[0].split(", ")}
    for path in shown:
        assert (ROOT / path).exists(), path
    tops = {path.split("/")[0] for path in shown}
    ignored = ("build", "dist", "__pycache__")
    for folder, named in ((ROOT, tops), (ROOT / "workflow", tops | places(shown))):
        folders = {p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."}
        assert folders - {*ignored} <= named


def places(shown):
    """Return what is shown of the folder workflow/, and what only others mention."""
    return {path.split("/")[1] for path in shown if path.startswith("workflow/")}


def test_the_headline_numbers_are_the_cached_ones():
    text = README.read_text(encoding="utf-8")
    for experiment, metrics in {
        "mini_long": ("peftdiff", "transrate", "parameter_count"),
        "mini": ("peftdiff", "gbc"),
    }.items():
        summary = pd.read_csv(CACHED / experiment / "tables/summary.csv")
        means = summary.set_index("metric")["mean_weighted_tau"]
        for metric in metrics:
            assert f"{means[metric]:+.2f}" in text
