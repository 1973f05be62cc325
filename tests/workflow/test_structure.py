"""The house rules: who may import whom, and what every rule and script has."""

import ast
import re

import pytest

from peftdiff.paths import STUDY_TABLES, TABLES
from peftdiff.reporting.figures import FIGURES
from tests.helpers.project import LIBRARY, ROOT

# From the top down: a part imports parts of lower floors alone, none of its own floor.
FLOORS = [
    ["reporting", "stages", "startup"],
    ["evaluation", "training", "config"],
    ["metrics", "models", "tasks"],
    ["embeddings", "data"],
    ["diffusion", "methods"],
    ["statistics"],
    ["records"],
    ["parameters", "paths", "runtime", "threads"],
]
LEVEL = {name: -floor for floor, names in enumerate(FLOORS) for name in names}
# What needs torch imports it in these parts alone, and elsewhere nowhere at start.
TORCH = {"methods", "models", "stages", "training"}
LOOSE_MODULES = 8  # at most, beside the packages
MODULES = sorted(LIBRARY.rglob("*.py"))


def imports(path):
    """Yield the modules that a file imports, inside functions too."""
    package = path.relative_to(ROOT / "workflow").parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
            yield base


def packages(path):
    """Return the packages that a file imports, inside functions too."""
    return {name.split(".")[0] for name in imports(path)}


def part_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "peftdiff" and len(parts) > 1 else None


def own_part(path):
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_imports_run_one_way(path):
    own = own_part(path)
    if own == "__init__":
        return
    parts = {part_of(module) for module in imports(path)} - {None, own}
    above = {part for part in parts & set(LEVEL) if LEVEL[part] >= LEVEL[own]}
    assert not above, f"{own} imports {above}"


def test_the_architecture_page_shows_the_floors():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = page.split("## The library")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.M)
    assert [re.findall(r"`(\w+)`", row) for row in rows] == FLOORS


def test_every_part_of_the_library_has_its_floor():
    parts = {own_part(path) for path in MODULES} - {"__init__"}
    assert parts == set(LEVEL)
    assert len(list(LIBRARY.glob("*.py"))) - 1 <= LOOSE_MODULES


def test_the_library_does_not_know_the_engine():
    for path in MODULES:
        nodes = ast.walk(ast.parse(path.read_text()))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert "snakemake" not in names | packages(path), path


def test_torch_stays_where_models_run():
    for path in MODULES:
        if own_part(path) not in TORCH:
            assert "torch" not in packages(path), path
    for path in [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]:
        assert "import torch" not in path.read_text()


# Scripts that several rules share; any other has the name of its one rule.
SHARED = {
    "collect_tables": {"choose_recipe", "collect_scores", "collect_truth"},
    "draw_figure": {"draw_{entry.name}"},
}


def rules():
    """Yield name, text and file of every rule."""
    for path in sorted(ROOT.glob("workflow/rules/*.smk")):
        text = path.read_text()
        assert text.startswith('"""'), path
        for rule in re.split(r"^ *rule\b", text, flags=re.M)[1:]:
            (name,) = re.findall(r'\A (\w+):|name:\s+f"(.+)"', rule)
            yield "".join(name), rule, path


def test_scripts_are_named_as_their_rules():
    of_script = {}
    for name, rule, path in rules():
        (script,) = re.findall(r'"\.\./scripts/(\w+)\.py"', rule)
        assert of_script.setdefault(script, set()).isdisjoint({name}), (name, path)
        of_script[script].add(name)
    files = {path.stem for path in ROOT.glob("workflow/scripts/*.py")}
    assert of_script == {name: SHARED.get(name, {name}) for name in files}


def test_every_rule_says_what_it_does():
    for name, rule, path in rules():
        for directive in ("message:", "log:", "conda:"):
            assert re.search(rf"^ +{directive}", rule, re.M), (path, name, directive)


def test_every_figure_and_table_has_its_caption():
    captions = {path.stem for path in ROOT.glob("workflow/report/*.rst")}
    tables = {f"table_{name}" for name in (*TABLES, *STUDY_TABLES, "provenance")}
    pages = {"tau_table", "times_table", "complexity_table", "published_table"}
    others = {"contact_sheet", "summary", "workflow"}
    assert captions == {*FIGURES, *tables, *pages, *others}


def test_every_figure_has_its_module_and_its_place():
    assert FIGURES
    for entry in FIGURES.values():
        path = LIBRARY / "reporting/figures" / f"{entry.name}.py"
        assert "def draw(" in path.read_text(), path
        assert entry.tables or entry.arrays, entry.name


def test_versions_agree():
    def numbers(pattern, file):
        return re.search(pattern, (ROOT / file).read_text(), re.M).group(1)

    version = numbers(r'^version = "(.+)"', "pyproject.toml")
    assert numbers(r"^version: (.+)$", "CITATION.cff") == version
    engine = numbers(r'^min_version\("(.+)"\)', "Snakefile")
    assert numbers(r'"snakemake>=([\d.]+),', "pyproject.toml") == engine


def test_the_lock_names_versions_only_and_holds_every_requirement():
    lock = (ROOT / "envs/requirements.lock").read_text()
    assert "http:" not in lock
    assert "https:" not in lock
    assert "--" not in lock
    locked = {re.split(r"[=<>; ]", line)[0] for line in lock.splitlines()}
    text = (ROOT / "pyproject.toml").read_text()
    wanted = set(re.findall(r'^    "([A-Za-z0-9_-]+)[>=<"]', text, re.M))
    assert {name.lower() for name in wanted} <= {name.lower() for name in locked}


def test_no_test_imports_a_test():
    for path in ROOT.glob("tests/**/*.py"):
        named = re.findall(r"^from (tests\.[\w.]+) import", path.read_text(), re.M)
        others = {name.split(".")[-1] for name in named}
        assert not [name for name in others if re.match("test_|conftest", name)], path
