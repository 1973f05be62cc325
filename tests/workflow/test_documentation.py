"""What the README and docs/ say is true: links, paths, names, the tree, the numbers."""

import contextlib
import functools
import re
from importlib import import_module

import pandas as pd
import pytest

from tests.helpers.documentation import PAGES, README, blocks, sections
from tests.helpers.project import CACHED, ROOT


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
    parts = {path.split("/")[1] for path in shown if path.startswith("workflow/")}
    for folder, named in ((ROOT, tops), (ROOT / "workflow", parts)):
        names = {path.name for path in folder.iterdir() if path.is_dir()}
        kept = {name for name in names if name[0] not in "._"}
        assert {name for name in kept if not name.endswith(".egg-info")} <= named


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
