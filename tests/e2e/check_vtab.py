"""All 19 tasks of VTAB-1k, downloaded, through the whole chain to the table of taus.

Not collected by itself, since it takes minutes: `make test-vtab`. Of two tasks and a
folder of one's own `test_image_tasks.py` does the same in less.
"""

import re

import pandas as pd
import pytest

from peftdiff.data.files import file_checksum
from tests.helpers import vtab
from tests.helpers.server import Served, serve

pytestmark = pytest.mark.e2e

TABLE = "results/smoke/tables/tau.md"


def test_nineteen_tasks_end_in_a_table_of_taus(fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    root = vtab.make(tmp_path / "vtab", vtab.ALL, distinct=400)
    archive = vtab.pack(root, tmp_path / "vtab.zip")
    with serve(Served(archive.read_bytes(), cuts=[100_000])) as served:
        overlay = {
            "tasks": vtab.ALL,
            "methods": ["lora", "bitfit"],
            "metrics": ["peftdiff", "logme"],
            "figures": {"map_task": "cifar"},
            "data": {
                "vtab_hub": None,
                "vtab_url": f"{served.url}/vtab.zip",
                "vtab_sha256": file_checksum(archive),
            },
            "source": {"seeds": [0]},
            "embedding": {"max_images": 300},
            "ground_truth": {"seeds": [0], "references": [], "recipe": {"epochs": 1}},
        }
        fresh.run("--", TABLE, overlay=overlay)
    accuracies = pd.read_csv(fresh.live / "tables/ground_truth.csv")
    assert list(accuracies["task"].unique()) == vtab.ALL
    assert accuracies["accuracy"].between(0, 100).all()
    scores = pd.read_csv(fresh.live / "tables/scores.csv")
    assert scores.groupby("metric")["task"].nunique().eq(19).all()
    correlation = pd.read_csv(fresh.live / "tables/correlation.csv")
    taus = correlation[correlation["metric"] == "logme"]["weighted_tau"]
    assert len(taus) == 19
    # Of two methods a ranking is right or wrong.
    assert set(taus.dropna().abs().round(9)) <= {1.0}
    assert re.search(r"^\| logme .*\|$", (fresh.root / TABLE).read_text(), re.M)
