import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.methods import attach, trainable_parameters
from peftdiff.stages.noah.space import (
    Candidate,
    MutationRates,
    Space,
    cross,
    largest,
    mutate,
    parameters,
    sample,
    search_space,
)


def contains(space, candidate):
    """Say whether a candidate is in a space."""
    for vector in candidate:
        depth = sum(size > 0 for size in vector)
        if len(vector) != space.layers or depth not in space.depths:
            return False
        if any(size not in space.sizes for size in vector[:depth]) or any(
            vector[depth:]
        ):
            return False
    return all(type(size) is int for vector in candidate for size in vector)


@st.composite
def spaces(draw):
    layers = draw(st.integers(1, 12))
    sizes = draw(st.sets(st.integers(1, 100), min_size=1, max_size=4))
    depths = draw(st.sets(st.integers(1, layers), min_size=1, max_size=4))
    return Space(tuple(sorted(sizes)), tuple(sorted(depths)), layers)


seeds = st.integers(0, 2**32)
rates = st.builds(MutationRates, *[st.floats(0, 1)] * 3)


@given(spaces(), seeds)
def test_drawn_candidates_are_in_the_space(space, seed):
    random = np.random.default_rng(seed)
    one, other = sample(space, random), sample(space, random)
    assert contains(space, one)
    child = cross(one, other, random)
    assert contains(space, child)
    assert all(v in pair for v, *pair in zip(child, one, other, strict=True))


@given(spaces(), seeds, rates)
def test_mutated_candidates_are_in_the_space(space, seed, rates):
    random = np.random.default_rng(seed)
    assert contains(space, mutate(sample(space, random), space, rates, random))


@given(spaces(), seeds)
def test_without_a_rate_nothing_mutates(space, seed):
    random = np.random.default_rng(seed)
    candidate = sample(space, random)
    for rates in (MutationRates(0, 1, 1), MutationRates(1, 0, 0)):
        assert mutate(candidate, space, rates, random) == candidate


def test_mutation_of_depths_alone_keeps_the_sizes_that_stay(space, random):
    depths = set()
    for _ in range(50):
        candidate = sample(space, random)
        child = mutate(candidate, space, MutationRates(1, 1, 0), random)
        for old, new in zip(candidate, child, strict=True):
            kept = min(sum(map(bool, old)), sum(map(bool, new)))
            assert new[:kept] == old[:kept]
            depths.add(sum(map(bool, new)))
    assert depths == {1, 2, 3, 4}


def test_mutation_of_sizes_alone_keeps_the_depth(space, random):
    candidate = Candidate((1, 1, 1, 0), (5, 0, 0, 0), (2, 2, 2, 2))
    children = [
        mutate(candidate, space, MutationRates(1, 0, 1), random) for _ in range(30)
    ]
    depths = {tuple(sum(map(bool, v)) for v in child) for child in children}
    assert depths == {(3, 1, 4)}
    assert {child.lora[0] for child in children} == {1, 2, 5}


def test_modules_mutate_on_their_own(space, random):
    candidate = largest(space)
    changed = [
        tuple(
            old != new
            for old, new in zip(
                candidate,
                mutate(candidate, space, MutationRates(0.5, 1, 1), random),
                strict=True,
            )
        )
        for _ in range(100)
    ]
    assert len(set(changed)) == 8


def test_every_size_and_depth_is_drawn_alike(space, random):
    drawn = [sample(space, random) for _ in range(2000)]
    for module in Candidate._fields:
        vectors = [getattr(candidate, module) for candidate in drawn]
        depths = np.bincount([sum(map(bool, v)) for v in vectors], minlength=5)
        assert depths[0] == 0
        assert np.abs(depths[1:] / 2000 - 1 / 4).max() < 0.05
        firsts = np.unique([v[0] for v in vectors], return_counts=True)
        assert list(firsts[0]) == [1, 2, 5]
        assert np.abs(firsts[1] / 2000 - 1 / 3).max() < 0.05


@pytest.mark.parametrize(
    ("layers", "depths"), [(12, (3, 6, 9, 12)), (4, (1, 2, 3, 4)), (2, (1, 2))]
)
def test_depths_are_shares_of_the_layers(layers, depths):
    space = search_space([10, 1, 5, 5], [1.0, 0.25, 0.5, 0.75], layers)
    assert space == Space((1, 5, 10), depths, layers)


def test_parameters_are_those_of_the_method(space, random, backbone):
    candidates = [sample(space, random) for _ in range(8)]
    candidates.append(Candidate((0, 2, 0, 1), (0, 0, 0, 0), (5, 0, 0, 1)))
    for candidate in candidates:
        model = attach(backbone(), "noah", **candidate._asdict())
        assert parameters(candidate, 16) == trainable_parameters(model)


def test_the_published_imagenet_subnet_has_its_parameters():
    rest = (0,) * 9
    published = Candidate((10, 10, 50, *rest), (5, 10, 10, *rest), (5, 10, 10, *rest))
    assert parameters(published, 768) == 205_894
