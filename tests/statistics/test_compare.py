import pytest

from tests.helpers.project import CACHED
from tests.statistics.compare import compare


@pytest.mark.parametrize("experiment", ["mini", "mini_long"])
def test_the_cached_tables_hold_what_a_second_way_gives(experiment):
    found = compare(experiment)
    assert (found["numbers"] > 0).all()
    off = found[found["largest difference"] > found["allowed"]]
    assert off.empty, off.to_string()


def test_every_cached_experiment_is_compared():
    assert {path.name for path in CACHED.iterdir() if path.is_dir()} == {
        "mini",
        "mini_long",
    }
