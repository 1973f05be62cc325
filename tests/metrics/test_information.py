"""Whatever the data and the setting: a number, or a reason why there is none.

A number that any labels would get is announced, and what a formula claims not to
depend on does not change it, at any scale.
"""

import itertools
import warnings

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.exceptions import ConvergenceWarning

from peftdiff.diffusion import DisconnectedGraphWarning
from peftdiff.metrics import METRICS, compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore

SCALES = 10.0 ** np.arange(-9, 10, 3)
OFFSETS = 10.0 ** np.arange(2, 17, 2)
SEARCH_OF_SCORE = {"neighbors": 8, "components": 6}
SETTINGS = {
    "peftdiff": [
        SEARCH_OF_SCORE | dict(zip(("normalize", "kernel_width"), both, strict=True))
        for both in itertools.product((True, False), (1.0, "median", "self_tuning"))
    ]
    + [
        SEARCH_OF_SCORE | changes
        for changes in (
            {"self_loops": False},
            {"symmetrize": "mutual"},
            {"inter": "root"},
            {"components": 1},
            {"diffusion_time": 1e4},
            {"min_class_size": 9},
            {"variant": "as_published"},
        )
    ],
    "logme": [{}, {"compat": True}],
    "nleep": [{}, {"log": True}, {"limit_components": True, "covariance": "diag"}],
    "sfda": [{}, {"shrinkage": 0.1}],
    "ncti": [{}, {"svd_solver": "randomized"}],
    "gbc": [
        {},
        {"covariance": "spherical", "compat": True},
        {"variance_floor": 1e-30},
        {"svd_solver": "randomized"},
    ],
    "nearest_class_mean": [{}],
    "h_score": [{}, {"regularized": True}],
    "transrate": [{}, {"weighting": "uniform"}, {"normalize": True}],
    "parc": [{}, {"components": None}, {"distance": "cosine"}],
    "knn": [{}, {"neighbors": 5}, {"normalize": True}],
    "linear_probe": [{}, {"criterion": "squared_error"}],
    "pactran_gaussian": [{}, {"posterior": "diagonal"}, {"posterior": "as_published"}],
}
CASES = [(metric, setting) for metric in METRICS for setting in SETTINGS[metric]]
IDS = [f"{metric}-{setting}" for metric, setting in CASES]


def dataset(n, d, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return rng.normal(size=(n, d)) + rng.normal(size=(3, d))[labels], labels


def outcome(metric, features, labels, setting):
    """Return a metric's numbers; None where it says why they rank nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", SaturatedScore)
        # Neither says anything of the value's meaning.
        for harmless in (DisconnectedGraphWarning, ConvergenceWarning):
            warnings.simplefilter("ignore", harmless)
        try:
            value = compute(metric, features, labels, **setting)
        except UndefinedScore:
            return None
    assert len(caught) < 2, "it is said once"
    numbers = np.array(list(value.values()) if isinstance(value, dict) else [value])
    assert not np.isnan(numbers).any()
    return None if caught else numbers


def hard_cases(n, d):
    """Yield features of no, little or strange information, and their labels."""
    features, labels = dataset(n, d)
    rng = np.random.default_rng(1)
    for scale in (*SCALES, 1e-300, 1e-150, 1e150, 1e300):
        yield scale * features, labels
    for offset in OFFSETS:
        yield features + offset, labels
    yield 1e-9 * features + 1e3, labels
    for value in (0.0, 1.0, 0.1, 1e9):
        yield np.full((n, d), value), labels
    yield np.nextafter(np.full((n, d), 0.1), np.where(features > 0, 1, 0)), labels
    yield np.tile(features[0], (n, 1)), labels
    yield np.tile(features[:2], (n // 2, 1)), labels
    yield np.eye(n, d)[:1] * (np.arange(n) == n // 2)[:, None], labels
    yield np.vstack([features[: n // 2]] * 2), labels
    yield features * (np.arange(n) != 3)[:, None], labels
    yield features * (np.arange(d) == 0), labels
    yield rng.normal(size=(3, d))[labels], labels
    low = features[:, :2] @ rng.normal(size=(2, d))
    for scale, offset in [*itertools.product(SCALES, [0]), (1, 1e8), (1, 1e11)]:
        yield scale * low + offset, labels
    yield features, np.arange(n)
    yield features, np.minimum(np.arange(n), 3)
    yield features[:2], labels[:2]
    yield features[:3, :1], np.array([0, 1, 1])
    yield (features + 1e6).astype(np.float32), labels


@pytest.mark.parametrize("size", [(30, 4), (24, 40)])
@pytest.mark.parametrize(("metric", "setting"), CASES, ids=IDS)
def test_a_number_depends_on_the_labels_or_says_that_it_does_not(metric, setting, size):
    for features, labels in hard_cases(*size):
        found = outcome(metric, features, labels, setting)
        if found is None or np.isinf(found).any():
            continue
        shuffled = (np.random.default_rng(s).permutation(labels) for s in range(12))
        others = (outcome(metric, features, each, setting) for each in shuffled)
        assert any(
            other is None or not np.allclose(other, found, rtol=1e-9, atol=0)
            for other in others
        )


FREE = {  # settings whose values do not depend on the unit of the features
    "peftdiff": {"neighbors": 8, "components": 6},
    "logme": {},
    "sfda": {"shrinkage": 0.1},
    "h_score": {},
    "h_score-regularized": {"regularized": True},
    "transrate": {"normalize": True},
    "parc": {},
    "parc-columns": {"components": None},
    "knn": {},
    "knn-cosine": {"normalize": True},
    "linear_probe": {},
    "linear_probe-errors": {"criterion": "squared_error"},
}
UNSHIFTED = ("peftdiff", "logme", "knn-cosine")  # those to which the origin matters


@pytest.mark.parametrize("size", [(60, 7), (30, 45)])
@pytest.mark.parametrize("name", FREE)
def test_units_do_not_matter(name, size):
    features, labels = dataset(*size)
    metric = name.split("-")[0]
    expected = outcome(metric, features, labels, FREE[name])
    for scale in (*SCALES, 1e-150, 1e150):
        found = outcome(metric, scale * features, labels, FREE[name])
        if expected is None:
            assert found is None
        else:
            assert found == pytest.approx(expected, rel=1e-9)


SHIFTED = [(name.split("-")[0], FREE[name]) for name in FREE if name not in UNSHIFTED]
SHIFTED += [(name, {}) for name in METRICS if name not in [*FREE, "nleep"]]


@pytest.mark.parametrize("size", [(60, 7), (30, 45)])
@pytest.mark.parametrize(("metric", "setting"), SHIFTED)
def test_the_origin_does_not_matter_beyond_the_rounding_of_the_features(
    metric, setting, size
):
    features, labels = dataset(*size)
    for offset in OFFSETS[:5]:
        shifted = features + offset
        found = outcome(metric, shifted, labels, setting)
        expected = outcome(metric, shifted - offset, labels, setting)  # as rounded
        if found is not None and expected is not None:
            assert found == pytest.approx(expected, rel=1e-6)
        else:
            assert found is None


@pytest.mark.parametrize("offset", [1e8, 1e11])
@pytest.mark.parametrize("metric", ["h_score", "parc", "ncti", "gbc", "linear_probe"])
def test_rounding_of_a_large_mean_is_no_dimension(metric, offset):
    # Two dimensions, seen along ten axes: what else varies is rounding.
    features, labels = dataset(60, 2)
    flat = 1e3 * features @ np.random.default_rng(1).normal(size=(2, 10))
    expected = outcome(metric, flat, labels, {})
    found = outcome(metric, flat + offset, labels, {})
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    # N/LEEP's mixtures follow rounding, SFDA's published shrinkage the axes.
    "metric",
    [name for name in METRICS if name not in ("nleep", "sfda")],
)
def test_axes_do_not_matter_at_any_scale(metric, scale):
    features, labels = dataset(60, 7)
    rotated = features @ ortho_group.rvs(7, random_state=0)
    expected = outcome(metric, scale * features, labels, {})
    found = outcome(metric, scale * rotated, labels, {})
    if found is None or expected is None:
        assert found is expected
    else:
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.longdouble("1e4000")])
@pytest.mark.parametrize("metric", METRICS)
def test_what_is_not_finite_is_refused(metric, value):
    features, labels = dataset(30, 4)
    features = features.astype(np.longdouble)
    features[17, 2] = value
    with pytest.raises(ValueError, match="at row 17"):
        compute(metric, features, labels)


@pytest.mark.parametrize("metric", METRICS)
def test_constant_features_are_announced_or_refused(metric):
    _, labels = dataset(60, 4)
    for value in (0.0, 1.0, -1e9):
        assert outcome(metric, np.full((60, 4), value), labels, {}) is None
