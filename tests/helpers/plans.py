"""What the plans of an experiment are made of, beside its configuration."""

from peftdiff.models.device import Setting
from peftdiff.stages.experiment import referenced_runs
from tests.helpers.configuration import changed, load

CPU = Setting()
CHECKSUMS = {
    "pretraining": {"train": "p"},
    "source": {"train": "s"},
    **{t: {"train": f"{t}-train", "test": f"{t}-test"} for t in load()["tasks"]},
}


def runs(**changes):
    """Return the keys of the runs that a changed configuration refers to."""
    return referenced_runs(changed(**changes), CHECKSUMS, CPU)
