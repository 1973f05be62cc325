"""Each key is read where its section goes: none is only checked."""

import re

import pytest

from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import bare, fields, tagged
from peftdiff.config.values import Section
from peftdiff.stages.experiment import experiment_plans
from tests.helpers.configuration import load
from tests.helpers.plans import CHECKSUMS, CPU
from tests.helpers.project import ROOT

# Sections that a job is given whole: the name that it has there, and the file.
WHOLE = {
    "data.vtab_hub": ("hub", "peftdiff/data/downloads.py"),
    "source.hub": ("hub", "scripts/fetch_source.py"),
    "backbone.architecture": ("architecture", "peftdiff/models/vit.py"),
    "studies.cnn.architecture": ("architecture", "peftdiff/models/cnn.py"),
    "studies.grid": ("axes", "peftdiff/evaluation/studies/grid.py"),
    "embedding": ("embedding", "scripts/embed_task.py"),
}
# Sections whose keys are keywords of a function, which takes no others; each of them is
# shown to act elsewhere (tests of methods, metrics, recipes and the search).
KEYWORDS = re.compile(r"(hyper|metric_)parameters\.|.*\.(recipe|evolution)\.")


class Recorded(dict):
    """A mapping that notes the path of what is asked for by name."""

    def __init__(self, values, path="", read=None):
        self.path, self.read = path, set() if read is None else read
        inner = dict(values)
        for name, value in inner.items():
            if isinstance(value, dict):
                inner[name] = Recorded(value, self.below(name), self.read)
        super().__init__(inner)

    def below(self, name):
        return f"{self.path}.{name}" if self.path else name

    def __getitem__(self, name):
        self.read.add(self.below(name))
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.add(self.below(name))
        return super().get(name, default)


def leaves(section=Configuration, above=""):
    """Yield every key that holds no further ones."""
    for name, kind in fields(section).items():
        inner = bare(tagged(bare(kind)).get("mapping", kind))
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from leaves(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}"


@pytest.fixture(scope="module")
def read():
    """The keys that rules ask for, and those that the plans of all runs ask for."""
    files = [*(ROOT / "workflow/rules").glob("*.smk"), ROOT / "Snakefile"]
    rules = "\n".join(path.read_text() for path in files)
    chains = re.findall(r'config((?:\["\w+"\])+)', rules)
    found = {".".join(re.findall(r'"(\w+)"', chain)) for chain in chains}
    for protocol in ("fixed", "val_selected"):
        for search in ("none", "lite", "full"):
            config = load()
            config["ground_truth"]["protocol"] = protocol
            config["noah"]["search"] = search
            recorded = Recorded(config)
            experiment_plans(recorded, CHECKSUMS, CPU)
            found |= recorded.read
    named = load()
    named["backbone"] |= {"architecture": "vit.name", "image_size": 32}
    recorded = Recorded(named)
    checksums = CHECKSUMS | {"backbone": {"weights": "w"}}
    experiment_plans(recorded, checksums, CPU)
    return found | recorded.read


@pytest.mark.parametrize("key", list(leaves()))
def test_a_key_is_read(key, read):
    if key in read or KEYWORDS.match(key):
        return
    section, _, name = key.rpartition(".")
    assert section in WHOLE, f"nothing reads {key}"
    word, path = WHOLE[section]
    code = (ROOT / "workflow" / path).read_text()
    assert f'{word}["{name}"]' in code or f"**{word}" in code


def test_a_key_that_nothing_reads_is_noticed(read):
    assert "source.images" in read
    assert (
        not {"source.threads", "backbone.seeds", "data.images", "figures.seed"} & read
    )
