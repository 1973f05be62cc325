import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group
from threadpoolctl import threadpool_limits

from peftdiff.diffusion import (
    DisconnectedGraphWarning,
    UndefinedScore,
    class_distances,
    diffusion_score,
)


def as_written(features, labels, neighbors, time, width=1.0):
    """The poster's formulas on dense matrices, all n eigenpairs, explicit P^t."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances = cdist(unit, unit)
    radii = np.sort(distances, axis=1)[:, [neighbors - 1]] + 1e-12
    kernel = np.exp(-(distances**2) / (2 * width**2)) * (distances <= radii)
    kernel = np.maximum(kernel, kernel.T)
    walk = np.linalg.matrix_power(kernel / kernel.sum(axis=1, keepdims=True), time)
    pi = kernel.sum(axis=1) / kernel.sum()
    classes = np.unique(labels)
    means = np.array([walk[labels == c].mean(axis=0) for c in classes])
    intra = np.mean(
        [
            ((walk[labels == c] - mean) ** 2 / pi).sum(axis=1).mean()
            for c, mean in zip(classes, means, strict=True)
        ]
    )
    gaps = ((means[:, None] - means) ** 2 / pi).sum(axis=-1)
    return intra, gaps[np.triu_indices(len(classes), 1)].mean()


def distances_of(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        score = diffusion_score(*arguments, **options)
    return score.intra, score.inter


@settings(max_examples=30)
@given(
    st.integers(0, 10_000),
    st.integers(6, 40),
    st.floats(0.1, 20),
    st.integers(1, 5),
    st.floats(0.4, 2),
    st.data(),
)
def test_all_components_give_the_poster_s_distance(seed, n, apart, time, width, data):
    neighbors = data.draw(st.integers(2, n))
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    features = rng.normal(size=(n, 4)) + apart * rng.normal(size=(3, 4))[labels]
    found = distances_of(
        features,
        labels,
        neighbors=neighbors,
        components=n,
        diffusion_time=time,
        kernel_width=width,
    )
    expected = as_written(features, labels, neighbors, time, width)
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_ring_of_samples_through_the_whole_chain():
    angles = 2 * np.pi * np.arange(24) / 24
    features = 5 * np.column_stack([np.cos(angles), np.sin(angles)])
    score = diffusion_score(features, np.arange(24) // 12, neighbors=3, components=24)
    weight = np.exp(-2 * np.sin(np.pi / 24) ** 2)
    expected = (1 + 2 * weight * np.cos(angles)) / (1 + 2 * weight)
    np.testing.assert_allclose(score.eigenvalues, np.sort(expected)[::-1], atol=1e-12)


def test_score_is_the_class_distances_of_its_map(blobs):
    features, labels = blobs()
    for inter in ("squared", "root"):
        score = diffusion_score(features, labels, diffusion_time=3, inter=inter)
        assert score.eigenvectors.shape == (120, 32)
        assert score.connected_components == 1
        assert score[:2] == class_distances(*score[2:4], labels, 3, inter)


def test_tighter_classes_are_seen(blobs):
    loose = diffusion_score(*blobs(separation=0.5))
    tight = diffusion_score(*blobs(separation=1.5))
    assert tight.inter > 2 * loose.inter
    random_labels = np.random.default_rng(0).permutation(blobs(separation=1.5)[1])
    shuffled = diffusion_score(blobs(separation=1.5)[0], random_labels)
    assert tight.intra < shuffled.intra / 2
    assert tight.inter > 10 * shuffled.inter


@pytest.mark.parametrize(("n", "separation"), [(90, 1.0), (90, 9.0), (420, 0.5)])
def test_order_of_the_samples_does_not_matter(blobs, n, separation):
    features, labels = blobs(n=n, separation=separation)
    order = np.random.default_rng(1).permutation(n)
    base = distances_of(features, labels)
    shuffled = distances_of(features[order], labels[order])
    assert shuffled == pytest.approx(base, rel=1e-10)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_duplicates_do_not_make_the_order_matter(seed):
    # Each row several times over, with other labels: more copies than neighbors.
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(6, 3))[rng.integers(0, 6, 60)]
    labels = rng.integers(0, 2, 60)
    labels[:2] = [0, 1]
    order = rng.permutation(60)
    options = {"neighbors": 5, "components": 60}
    base = distances_of(features, labels, **options)
    shuffled = distances_of(features[order], labels[order], **options)
    assert shuffled == pytest.approx(base, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("n", [90, 420])
def test_rotation_does_not_matter(blobs, n):
    features, labels = blobs(n=n)
    rotation = ortho_group.rvs(8, random_state=0)
    base = distances_of(features, labels)
    assert distances_of(features @ rotation, labels) == pytest.approx(base, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1 / 3, 7.0, 1000.0, 1e200])
def test_scale_does_not_matter(blobs, scale):
    features, labels = blobs()
    each = np.random.default_rng(0).uniform(0.5, 2, (120, 1))
    base = distances_of(features, labels)
    scaled = distances_of(scale * each * features, labels)
    assert scaled == pytest.approx(base, rel=1e-10)


def test_names_of_the_classes_do_not_matter(blobs):
    features, labels = blobs()
    base = distances_of(features, labels)
    names = np.array(["zebra", "ant", "mole"])[labels]
    assert distances_of(features, names) == pytest.approx(base, rel=1e-12)
    gaps = np.array([70, -4, 12])[labels]
    assert distances_of(features, gaps) == pytest.approx(base, rel=1e-12)


@pytest.mark.parametrize("n", [90, 420])
def test_same_call_twice_and_with_other_seeds_and_threads(blobs, n):
    features, labels = blobs(n=n, d=40)
    base = diffusion_score(features, labels)
    again = diffusion_score(features, labels)
    assert again[:2] == base[:2]
    assert np.array_equal(again.eigenvectors, base.eigenvectors)
    for seed in (1, 2):
        other = distances_of(features, labels, seed=seed)
        assert other == pytest.approx(base[:2], rel=1e-10)
    for threads in (1, 2):
        with threadpool_limits(threads):
            limited = distances_of(features, labels)
        assert limited == pytest.approx(base[:2], rel=1e-10)


def test_float32_features_are_their_float64_values(blobs):
    features, labels = blobs()
    single = features.astype(np.float32)
    assert distances_of(single, labels) == distances_of(single.astype(float), labels)


def test_inputs_are_not_modified(blobs):
    features, labels = blobs()
    before = features.copy(), labels.copy()
    for options in ({}, {"normalize": False}, {"variant": "as_published"}):
        diffusion_score(features, labels, **options)
    assert np.array_equal(features, before[0])
    assert np.array_equal(labels, before[1])


def test_disconnected_graph_with_more_components_than_asked_for(blobs):
    features, labels = blobs(n=120, d=40, n_classes=10, separation=20.0)
    with pytest.warns(DisconnectedGraphWarning, match="10 connected components, more"):
        few = diffusion_score(features, labels, neighbors=5, components=4)
    assert few.connected_components == 10
    assert few.eigenvectors.shape == (120, 10)
    ten = diffusion_score(features, labels, neighbors=5, components=10)
    assert few[:2] == ten[:2]
    # Each class is a component of a tenth of the samples: psi is sqrt(1 / pi(part)).
    assert few.intra == pytest.approx(0, abs=1e-20)
    assert few.inter == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_width": "median"},
        {"kernel_width": "self_tuning"},
        {"kernel_width": 0.5},
        {"self_loops": False},
        {"symmetrize": "mean"},
        {"symmetrize": "mutual", "neighbors": 40},
        {"normalize": False, "kernel_width": "median"},
        {"neighbors": 120},
        {"components": 2},
        {"components": 1},
        {"components": 120, "diffusion_time": 2},
        {"diffusion_time": 0.25},
    ],
)
def test_options_change_the_distances_and_keep_the_invariances(blobs, options):
    features, labels = blobs()
    base = distances_of(features, labels, **options)
    assert np.isfinite(base).all()
    assert base != pytest.approx(distances_of(features, labels), rel=1e-3)
    order = np.random.default_rng(1).permutation(120)
    shuffled = distances_of(features[order], labels[order], **options)
    assert shuffled == pytest.approx(base, rel=1e-10, abs=1e-13)


def test_vanishing_kernel_is_reported(blobs):
    features, labels = blobs()
    with pytest.warns(DisconnectedGraphWarning, match="120 connected components"):
        diffusion_score(1e3 * features, labels, normalize=False)


def test_small_classes_are_left_out_graph_included(blobs):
    features, labels = blobs(n=90)
    labels = labels.copy()
    labels[:4] = 7
    kept = labels != 7
    base = diffusion_score(features[kept], labels[kept])
    filtered = diffusion_score(features, labels, min_class_size=5)
    assert filtered[:2] == pytest.approx(base[:2], rel=1e-12)
    assert filtered.eigenvectors.shape == (86, 32)
    assert distances_of(features, labels) != pytest.approx(base[:2], rel=1e-3)


def test_as_published_depends_on_the_seed_alone(blobs):
    features, labels = blobs(n=200)
    one, again, other = (
        diffusion_score(features, labels, variant="as_published", seed=seed)
        for seed in (0, 0, 1)
    )
    assert one[:2] == again[:2]
    assert other.intra != pytest.approx(one.intra, rel=1e-2)
    fixed = {"inter": "root", "min_class_size": 10, "kernel_width": 1}
    named = diffusion_score(features, labels, variant="as_published", **fixed)
    assert named[:2] == one[:2]


def test_as_published_drops_classes_under_ten(blobs):
    features, labels = blobs(n=90)
    labels = labels.copy()
    labels[:9] = 7
    score = diffusion_score(features, labels, variant="as_published")
    assert score.eigenvectors.shape == (81, 32)


def test_as_published_uses_ten_thousand_samples(blobs, monkeypatch):
    monkeypatch.setattr("peftdiff.diffusion.as_published.MAX_SAMPLES", 150)
    features, labels = blobs(n=200)
    score = diffusion_score(features, labels, variant="as_published")
    assert score.eigenvectors.shape == (150, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neighbors": 31}, "neighbors is 31 but there are only 30 samples"),
        ({"neighbors": 1}, "neighbors must be at least 2, got 1"),
        ({"neighbors": 2.5}, "neighbors must be a whole number, got 2.5"),
        ({"components": 31}, "components is 31 but there are only 30 samples"),
        ({"components": 0}, "components must be at least 1, got 0"),
        ({"diffusion_time": 0}, "diffusion_time must be a number above 0, got 0"),
        ({"variant": "asymmetric"}, "variant must be one of symmetric, as_published"),
        ({"symmetrize": "min"}, "symmetrize must be one of max, mean, mutual"),
        ({"inter": "cubed"}, "inter must be one of squared, root"),
        ({"kernel_width": -1}, "kernel_width must be a number above 0, got -1"),
        ({"kernel_width": "wide"}, "kernel_width must be one of median, self_tuning"),
        ({"search": "magic"}, "search must be one of exact"),
        ({"min_class_size": 0}, "min_class_size must be at least 1"),
        ({"min_class_size": 11}, "fewer than two classes have min_class_size=11"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"variant": "as_published", "kernel_width": 2.0}, "kernel_width=2.0 does not"),
        ({"variant": "as_published", "components": 30}, "finds at most 29 of 30"),
    ],
)
def test_bad_options(blobs, options, message):
    features, labels = blobs(n=30)
    with pytest.raises(ValueError, match=message):
        diffusion_score(features, labels, **({"components": 10} | options))


def test_what_the_data_leave_undefined_is_told_from_a_bad_option(blobs):
    features, labels = blobs(n=30)
    for options in (
        {"min_class_size": 11},
        {"neighbors": 31},
        {"variant": "as_published", "min_class_size": 20},
    ):
        with pytest.raises(UndefinedScore):
            diffusion_score(features, labels, **({"components": 10} | options))
    with pytest.raises(ValueError, match="inter must be one of") as bad:
        diffusion_score(features, labels, inter="cubed")
    assert not isinstance(bad.value, UndefinedScore)


def test_rows_are_the_samples_that_are_used(blobs):
    features, labels = blobs(n=60)
    labels = labels.copy()
    labels[[3, 40]] = 7
    score = diffusion_score(features, labels, components=8, min_class_size=3)
    assert list(score.rows) == list(np.flatnonzero(labels != 7))
    assert len(score.eigenvectors) == 58
    assert list(diffusion_score(features, labels).rows) == list(range(60))


def test_a_sample_without_mutual_neighbors(blobs):
    features = np.array([[1.0, 0.0], [1.0, 0.01], [1.0, -0.01], [0.0, 1.0]])
    with pytest.raises(ValueError, match="sample 3 has no neighbor left"):
        diffusion_score(
            features,
            [0, 1, 0, 1],
            neighbors=3,
            components=2,
            self_loops=False,
            symmetrize="mutual",
        )


def test_bad_features_are_named(blobs):
    features, labels = blobs(n=30)
    features[17] = 0
    with pytest.raises(ValueError, match="features are all zero at row 17"):
        diffusion_score(features, labels, components=10)
    assert np.isfinite(
        distances_of(features, labels, components=10, normalize=False)
    ).all()
    features[17, 3] = np.nan
    with pytest.raises(ValueError, match="features contain NaN at row 17; drop"):
        diffusion_score(features, labels)
    with pytest.raises(ValueError, match="one class only"):
        diffusion_score(np.ones((30, 2)), np.zeros(30))
