"""`snakemake published` from a fresh copy, where torch cannot be imported."""

import shutil

import pandas as pd
import pytest

from tests.helpers.engine import call
from tests.helpers.project import ROOT

pytestmark = pytest.mark.e2e

ONE = ("--cores", "1")
TABLES = ("averages", "taus", "agreement", "ceilings")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the workflow without results, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("published") / "a project"
    folder.mkdir()
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("profiles", "workflow", "envs"):
        shutil.copytree(ROOT / name, folder / name)
    # A torch that cannot be imported stands for one that is not there.
    (folder / "workflow/torch.py").write_text("raise ImportError('no torch')\n")
    return folder


@pytest.fixture(scope="module")
def drawn(project):
    """The copy after `snakemake published`."""
    code, text = call(project, *ONE, "published")
    assert code == 0, text
    assert "4 of 4 steps (100%) done" in text
    return project


def test_it_needs_no_training_and_no_torch(drawn):
    results = drawn / "results/published"
    for kind in ("png", "svg"):
        assert (results / f"figures/published.{kind}").stat().st_size > 20_000
    tables = {
        name: pd.read_csv(results / f"tables/published_{name}.csv") for name in TABLES
    }
    assert {name: len(table) for name, table in tables.items()} == {
        "averages": 20 + 4 + 4 + 4 + 3,
        "taus": (5 + 4 + 6) * 19,
        "agreement": (5 + 4 + 6) * 4,
        "ceilings": 4,
    }
    for name, value in (
        ("averages", "recomputed"),
        ("taus", "weighted_tau"),
        ("agreement", "weighted_tau"),
        ("ceilings", "ceiling"),
    ):
        assert not (tables[name][value].isna() & tables[name]["note"].isna()).any()
    page = (results / "tables/published.md").read_text()
    assert page.startswith("# Published figures, computed again")
    _, text = call(drawn, *ONE, "published")
    assert "Nothing to be done" in text


def test_the_report_shows_page_and_figure(drawn):
    code, text = call(drawn, *ONE, "published", "--report", "report.html")
    assert code == 0, text
    page = (drawn / "report.html").read_text()
    assert "Published figures" in page
    assert "published metrics and ground truths" in page


def test_it_runs_from_another_folder(project, tmp_path):
    shutil.copy(project / "config.yaml", tmp_path)
    snakefile = str(project / "Snakefile")
    code, text = call(tmp_path, "-s", snakefile, "--dry-run", "published")
    assert code == 0, text


def test_a_broken_table_is_named_in_a_sentence(project, tmp_path):
    folder = tmp_path / "a project"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("results"))
    table = folder / "workflow/resources/published/improvements.csv"
    table.write_text("metric,per_cent\nlogme,68.95\n")
    code, text = call(folder, *ONE, "--", "results/published/tables/published.md")
    assert code != 0
    wanted = "improvements.csv lacks the columns percent; restore it"
    assert wanted in text
