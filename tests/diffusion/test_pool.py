import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.diffusion import pool_scores, rank_pool

POOL = {"lora": (1.0, 4.0), "adapter": (3.0, 8.0), "bitfit": (2.0, 5.0)}
BACKBONE = (4.0, 2.0)


def test_minmax_by_hand():
    scores = rank_pool(POOL, BACKBONE)
    assert scores == pytest.approx({"lora": 1.0, "adapter": 1.0, "bitfit": 0.75})
    assert list(scores) == list(POOL)
    assert all(type(score) is float for score in scores.values())


def test_zscore_by_hand():
    scores = rank_pool(POOL, backbone=BACKBONE, combine="zscore")
    intra, inter = np.array([-1, 1, 0]), np.array([4, 8, 5]) - 17 / 3
    expected = inter / inter.std() - intra / np.sqrt(2 / 3)
    assert list(scores.values()) == pytest.approx(expected.tolist())


def test_relative_by_hand():
    scores = rank_pool(POOL, BACKBONE, "relative")
    # (4 - 2) / 2 - (1 - 4) / 4 and so on
    assert scores == pytest.approx({"lora": 1.75, "adapter": 3.25, "bitfit": 2.0})


def test_minmax_does_not_need_the_backbone():
    assert rank_pool(POOL, (0.1, 7.0)) == pytest.approx(rank_pool(POOL, BACKBONE))


@pytest.mark.parametrize("combine", ["minmax", "zscore", "relative"])
def test_tighter_and_farther_is_better(combine):
    pool = {"worse": (2.0, 1.0), "better": (1.0, 1.0), "best": (1.0, 2.0)}
    scores = rank_pool(pool, (1.5, 1.5), combine)
    assert scores["worse"] < scores["better"] < scores["best"]


@pytest.mark.parametrize(("combine", "middle"), [("minmax", 1.0), ("zscore", 0.0)])
def test_a_pool_that_agrees_gets_the_middle(combine, middle):
    assert rank_pool({"lora": (1.0, 2.0)}, BACKBONE, combine) == {"lora": middle}
    alike = {"lora": (0.3, 2.0), "vpt": (0.1 + 0.2, 2.0), "noah": (0.3, 2.0)}
    scores = rank_pool(alike, BACKBONE, combine)
    assert scores == dict.fromkeys(alike, middle)


def test_one_distance_alone_decides_where_the_other_agrees():
    scores = rank_pool({"a": (1.0, 2.0), "b": (1.0, 3.0)}, BACKBONE)
    assert scores == {"a": 0.5, "b": 1.5}


distance = st.floats(0, 1e6)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(distance, distance), min_size=1, max_size=9),
    st.sampled_from(["minmax", "zscore", "relative"]),
    st.randoms(use_true_random=False),
)
def test_scores_are_finite_and_do_not_depend_on_the_order(pairs, combine, random):
    names = [str(place) for place in range(len(pairs))]
    scores = rank_pool(dict(zip(names, pairs, strict=True)), BACKBONE, combine)
    assert np.isfinite(list(scores.values())).all()
    items = list(zip(names, pairs, strict=True))
    random.shuffle(items)
    shuffled = rank_pool(dict(items), BACKBONE, combine)
    assert shuffled == pytest.approx(scores, rel=1e-9, abs=1e-9)
    if combine == "minmax":
        assert all(-1e-12 <= score <= 2 + 1e-12 for score in scores.values())


def test_bad_pools():
    with pytest.raises(ValueError, match="pool is empty"):
        rank_pool({}, BACKBONE)
    with pytest.raises(
        ValueError, match="lora has a class distance that is not finite"
    ):
        rank_pool({"vpt": (1.0, 1.0), "lora": (1.0, np.nan)}, BACKBONE)
    with pytest.raises(ValueError, match="the backbone has a class distance"):
        rank_pool(POOL, (np.inf, 1.0))
    with pytest.raises(ValueError, match="combine must be one of minmax, zscore, rel"):
        rank_pool(POOL, BACKBONE, "sum")
    with pytest.raises(ValueError, match="divides by the backbone's class distances"):
        rank_pool(POOL, (0.0, 1.0), "relative")


def one_by_one(distances, backbone, combine):
    """Score one pool in plain Python."""
    parts = []
    for place, sign in ((0, -1), (1, 1)):
        base = backbone[place]
        changes = [pair[place] - base for pair in distances]
        low, high = min(changes), max(changes)
        mean = sum(changes) / len(changes)
        deviation = (sum((x - mean) ** 2 for x in changes) / len(changes)) ** 0.5
        parts.append(
            {
                "minmax": [(x - low) / (high - low) for x in changes],
                "zscore": [sign * (x - mean) / deviation for x in changes],
                "relative": [sign * x / base for x in changes],
            }[combine]
        )
    if combine == "minmax":
        return [1 - intra + inter for intra, inter in zip(*parts, strict=True)]
    return [intra + inter for intra, inter in zip(*parts, strict=True)]


@pytest.mark.parametrize("combine", ["minmax", "zscore", "relative"])
def test_many_pools_at_once_are_scored_as_each_alone(combine):
    rng = np.random.default_rng(0)
    distances, backbone = rng.uniform(0.1, 1, (3, 4, 5, 2)), rng.uniform(0.1, 1, (3, 2))
    found = pool_scores(distances, backbone[:, None], combine)
    assert found.shape == (3, 4, 5)
    for i, j in np.ndindex(3, 4):
        alone = one_by_one(distances[i, j].tolist(), backbone[i].tolist(), combine)
        assert found[i, j] == pytest.approx(alone)
        names = {str(place): tuple(pair) for place, pair in enumerate(distances[i, j])}
        ranked = rank_pool(names, tuple(backbone[i]), combine)
        assert list(ranked.values()) == list(found[i, j])


def test_one_pool_that_agrees_does_not_touch_the_others():
    pools = np.array([[[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0], [3.0, 2.0]]])
    found = pool_scores(pools, [1.0, 1.0])
    assert found.tolist() == [[0.5, 1.5], [1.5, 0.5]]


def test_bad_stacks_of_pools():
    with pytest.raises(ValueError, match=r"shape \(..., methods, 2\), got \(2, 3\)"):
        pool_scores(np.ones((2, 3)), [1.0, 1.0])
    with pytest.raises(ValueError, match=r"got \(4, 0, 2\)"):
        pool_scores(np.ones((4, 0, 2)), [1.0, 1.0])
    with pytest.raises(ValueError, match="not finite"):
        pool_scores([[1.0, np.nan]], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"one of them is zero: \(1.0, 0.0\)"):
        pool_scores(np.ones((2, 3, 2)), [[1.0, 1.0], [1.0, 0.0]], "relative")
