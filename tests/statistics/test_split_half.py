import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.statistics import (
    ceiling,
    reliability,
    spearman_brown,
    splits,
    weighted_tau,
)


def test_reliability_of_two_seeds_is_their_tau():
    seeds = np.random.default_rng(0).uniform(size=(2, 9))
    assert reliability(seeds) == pytest.approx(weighted_tau(*seeds))


@pytest.mark.parametrize(("n_seeds", "splits"), [(3, 3), (4, 3), (5, 10)])
def test_reliability_averages_over_all_splits(n_seeds, splits):
    seeds = np.random.default_rng(0).uniform(size=(n_seeds, 9))
    everyone = set(range(n_seeds))
    halves = {
        frozenset([half, tuple(sorted(everyone - set(half)))])
        for half in itertools.combinations(range(n_seeds), n_seeds // 2)
    }
    assert len(halves) == splits
    taus = [
        weighted_tau(*(seeds[list(h)].mean(axis=0) for h in pair)) for pair in halves
    ]
    assert reliability(seeds) == pytest.approx(np.mean(taus))


def test_reliability_at_its_ends():
    accuracies = np.arange(9.0)
    assert reliability([accuracies] * 4) == pytest.approx(1)
    assert math.isnan(reliability([accuracies]))
    with pytest.raises(ValueError, match="contain NaN"):
        reliability([accuracies, accuracies * np.nan])
    with pytest.raises(ValueError, match=r"accuracies must have the shape \(seeds"):
        reliability(accuracies)


@pytest.mark.parametrize(("n_seeds", "number"), [(2, 1), (3, 3), (4, 3), (5, 10)])
def test_splits_are_disjoint_and_different(n_seeds, number):
    found = splits(n_seeds)
    assert len(found) == number
    assert all(sorted(half + other) == list(range(n_seeds)) for half, other in found)
    assert len({frozenset(map(tuple, pair)) for pair in found}) == number
    assert all(len(half) == n_seeds // 2 for half, _ in found)


def test_spearman_brown_by_hand():
    assert spearman_brown(0.5) == pytest.approx(2 / 3)
    assert spearman_brown(1) == 1
    assert spearman_brown(0) == spearman_brown(-0.4) == 0
    assert math.isnan(spearman_brown(math.nan))


def test_spearman_brown_is_the_correlation_of_doubled_measurements():
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=200_000), rng.normal(size=(4, 200_000))
    one, other, *_ = measured = truth + noise
    half = np.corrcoef(one, other)[0, 1]
    whole = np.corrcoef(measured[:2].mean(axis=0), measured[2:].mean(axis=0))[0, 1]
    assert spearman_brown(half) == pytest.approx(whole, abs=0.01)


def test_the_ceiling_is_what_noise_leaves_of_a_perfect_correlation():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200_000)
    scores = truth + rng.normal(size=(2, 200_000))
    accuracies = truth + rng.normal(size=(2, 200_000)) / 2
    own, other = np.corrcoef(scores)[0, 1], np.corrcoef(accuracies)[0, 1]
    reached = np.corrcoef(scores.mean(axis=0), accuracies.mean(axis=0))[0, 1]
    assert ceiling(own, other) == pytest.approx(reached, abs=0.01)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_ceiling_lies_between_none_and_one(one, other):
    assert 0 <= ceiling(one, other) <= 1
    assert ceiling(one, other) == ceiling(other, one)
    assert ceiling(1, 1) == 1
    assert ceiling(one, min(other, 0)) == 0
    assert math.isnan(ceiling(math.nan, 1))
