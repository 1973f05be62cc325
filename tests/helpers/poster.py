"""The poster's printed tables."""

from peftdiff.paths import published_table
from peftdiff.records import read_table
from tests.helpers.project import ROOT

POSTER = ("weighted_tau", "averages", "improvements", "ablation")


def poster():
    """Return the tables that the page shows, by name."""
    return {name: read_table(ROOT / published_table(name)) for name in POSTER}
