"""NOAH's search at smoke size: what it finds is what is trained, and kept."""

import json

import pytest

from peftdiff.records import read_arrays

pytestmark = pytest.mark.e2e

LITE = {
    "recipe": {"epochs": 2},
    "evolution": {
        **{"population": 4, "generations": 1, "parents": 2},
        **{"mutations": 1, "crossovers": 1},
    },
}
SEARCH = {"search": "lite", "levels": {"lite": LITE}}
OVERLAY = {"methods": ["lora", "noah"], "noah": SEARCH}
TRUTH = "results/smoke/parts/ground_truth/digits.csv"
EMBEDDING = "results/smoke/embeddings/digits.safetensors"


def trained_sizes(path):
    """Return the sizes of NOAH's modules by the shapes of its weights."""
    found = {}
    ends = {"adapter.down": "adapter", "delta.A": "lora", "prompt": "prompts"}
    for name, array in read_arrays(path).items():
        for end, module in ends.items():
            if name.startswith("0/") and name.endswith(end):
                found[module, int(name.split(".")[1])] = len(array)
    return found


def test_noah_is_what_the_search_found(project):
    others = project.runs().keys()
    project.run("--", TRUTH, EMBEDDING, overlay=OVERLAY)
    record = json.loads((project.live / "tables/noah_sizes.json").read_text())
    wanted = {
        (module, layer): size
        for module, vector in record["sizes"].items()
        for layer, size in enumerate(vector)
        if size
    }
    assert trained_sizes(project.live / "models/noah.safetensors") == wanted
    text = project.run("--", TRUTH, EMBEDDING, overlay=OVERLAY)
    assert "Nothing to be done" in text

    # The runs of the search and of what it found are the configuration's.
    before = project.runs()
    project.run("--", "prune_runs", overlay=OVERLAY)
    after = project.runs()
    assert before.keys() - others <= after.keys()
    assert after.keys() < before.keys()  # of methods and tasks that are not asked for

    # Hyper-parameters are looked at beside what was found.
    rank = OVERLAY | {"hyperparameters": {"lora": {"rank": 3}}}
    project.run("--", TRUTH, EMBEDDING, overlay=rank)
    new = project.runs().keys() - before.keys()
    identities = [project.identity(run) for run in new]
    assert {identity["method"] for identity in identities} == {"lora"}
    assert {identity["stage"] for identity in identities} == {
        "train_method",
        "fine_tune",
    }

    # Without the search NOAH is trained at its fixed sizes.
    fixed = {"noah": {"search": "none"}, "hyperparameters": {"noah": {"adapter": 3}}}
    project.run("--", "results/smoke/models/noah.safetensors", overlay=OVERLAY | fixed)
    sizes = trained_sizes(project.live / "models/noah.safetensors")
    assert [sizes["adapter", layer] for layer in range(2)] == [3, 3]
