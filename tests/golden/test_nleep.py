import numpy as np
import pytest
import sklearn

from peftdiff.metrics import compute, nleep
from peftdiff.metrics.validity import UndefinedScore


# Only sets whose values do not spread by more over the seeds.
@pytest.mark.parametrize("name", ["D", "E0", "E8"])
def test_published_nleep_on_average(name, load, printed):
    arrays = load(name)
    values = nleep.restart_scores(arrays["X"], arrays["y"], restarts=3)
    published = [printed[name][f"nleep_seed{seed}"] for seed in range(3)]
    assert values.mean() == pytest.approx(np.mean(published), abs=0.05)


@pytest.mark.skipif(
    sklearn.__version__ != "1.9.1", reason="published with scikit-learn 1.9.1"
)
@pytest.mark.parametrize("name", ["D", "E0", "E2", "E4", "E8", "E10"])
def test_published_nleep_for_rows_as_they_come(name, load, printed, monkeypatch):
    # The random starts depend on the order of the rows, unless they are sorted first.
    monkeypatch.setattr(nleep, "_canonical_order", lambda rows: np.arange(len(rows)))
    arrays = load(name)
    value = compute("nleep", arrays["X"], arrays["y"], seed=1)
    assert value == pytest.approx(printed[name]["nleep_seed1"], rel=1e-6)


def test_constant_features_have_no_score(load):
    # The published code finds 0.25, the share of each class, by dividing 0 by 0.
    arrays = load("E1")
    with pytest.raises(UndefinedScore, match="1 different rows"):
        compute("nleep", arrays["X"], arrays["y"])
