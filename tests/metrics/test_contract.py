"""One battery for every line of the METRICS table."""

import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from peftdiff.metrics import (
    METRICS,
    combine,
    compute,
    compute_many,
    parameter_names,
    parts,
)
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n=90, d=7, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    features = rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels]
    return features, labels


def values(name, features, labels):
    """A metric's value as a list, be it a number or a dict of components."""
    value = compute(name, features, labels)
    if METRICS[name].needs_pool:
        assert isinstance(value, dict)
        assert set(value) == set(parts(name))
        return [value[part] for part in sorted(value)]
    assert isinstance(value, float)
    assert parts(name) == ()
    return [value]


def sizes():
    """Fewer dimensions than samples, as many, more, and rows in few dimensions."""
    for n, d in [(90, 7), (200, 80), (60, 60), (40, 60)]:
        yield f"{n} x {d}", dataset(n, d)
    features, labels = dataset(90, 7)
    flat = features[:, :3] @ np.random.default_rng(2).normal(size=(3, 50))
    yield "rank 3", (flat + 100, labels)


@pytest.fixture(params=METRICS)
def name(request):
    return request.param


@pytest.mark.parametrize(("n", "d"), [(90, 7), (40, 60)])
def test_finite_on_a_normal_set(name, n, d):
    with warnings.catch_warnings():
        # Fewer samples than dimensions saturate some metrics, which they say.
        warnings.simplefilter("error" if n > d else "ignore", SaturatedScore)
        found = values(name, *dataset(n, d))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e160, 1e300])
def test_any_scale_gives_numbers_or_a_reason(name, scale):
    features, labels = dataset()
    # Any other warning, as of an overflow, is an error.
    with warnings.catch_warnings(action="ignore", category=SaturatedScore):
        try:
            found = values(name, scale * features, labels)
        except UndefinedScore as error:
            reason, found = str(error), [0.0]
        else:
            reason = "scale"
    assert np.isfinite(found).all()
    assert "scale" in reason


def test_tells_labels_from_noise(name):
    features, labels = dataset()
    shuffled = np.random.default_rng(1).permutation(labels)
    assert values(name, features, labels) != values(name, features, shuffled)


def test_deterministic(name):
    data = dataset()
    assert values(name, *data) == values(name, *data)
    for threads in (1, 2):
        with threadpool_limits(threads):
            limited = values(name, *data)
        assert limited == pytest.approx(values(name, *data), rel=1e-10)


def test_inputs_are_not_modified(name):
    features, labels = dataset()
    before = features.copy(), labels.copy()
    compute(name, features, labels)
    assert np.array_equal(features, before[0])
    assert np.array_equal(labels, before[1])
    features.flags.writeable = labels.flags.writeable = False
    compute(name, features, labels)


def test_order_of_the_samples_does_not_matter(name):
    features, labels = dataset()
    order = np.random.default_rng(1).permutation(len(labels))
    shuffled = values(name, features[order], labels[order])
    assert shuffled == pytest.approx(values(name, features, labels), rel=1e-10)


@pytest.mark.parametrize(
    "names", [[2, 0, 1], [70, -4, 12], ["zebra", "ant", "mole"], [3.0, 1.0, 2.0]]
)
def test_names_of_the_classes_do_not_matter(name, names):
    features, labels = dataset()
    renamed = values(name, features, np.array(names)[labels])
    assert renamed == pytest.approx(values(name, features, labels), rel=1e-10)


def test_float32_and_lists_are_accepted(name):
    features, labels = dataset()
    single = features.astype(np.float32)
    expected = values(name, single.astype(np.float64), labels)
    assert values(name, single, labels) == expected
    assert values(name, single.tolist(), labels.tolist()) == expected


def bad_inputs():
    features, labels = dataset()
    nan, infinite = features.copy(), features.copy()
    nan[17, 2], infinite[3, 0] = np.nan, np.inf
    return {
        "nan": (nan, labels, "features contain NaN at row 17"),
        "infinite": (infinite, labels, "features contain an infinite value at row 3"),
        "one axis": (features[0], labels[:7], "features must have the shape"),
        "lengths": (
            features,
            labels[1:],
            "labels name 89 samples but features have 90",
        ),
        "one class": (features, labels * 0, r"labels name one class only \(0\)"),
        "no samples": (features[:0], labels[:0], "features are empty"),
        "one sample": (features[:1], labels[:1], "one class only"),
        "no dimensions": (features[:, :0], labels, "features are empty"),
        "text": (features.astype(str), labels, "features must be real numbers"),
        "label axes": (features, labels[:, None], "labels must have the shape"),
    }


@pytest.mark.parametrize("case", bad_inputs())
def test_bad_input_is_one_clear_sentence(name, case):
    features, labels, message = bad_inputs()[case]
    with pytest.raises(ValueError, match=message):
        compute(name, features, labels)


@pytest.mark.filterwarnings("ignore::peftdiff.metrics.validity.SaturatedScore")
@pytest.mark.parametrize("data", [each[1] for each in sizes()], ids=dict(sizes()))
def test_many_metrics_at_once_give_what_each_gives_alone(data):
    expected = {}
    for name in METRICS:
        try:
            expected[name] = compute(name, *data)
        except UndefinedScore:
            continue
    for names in (list(expected), list(expected)[::-1]):
        found = compute_many(names, *data)
        assert list(found) == names
        for name in names:
            assert found[name] == pytest.approx(expected[name], rel=1e-10), name


def test_many_metrics_take_their_parameters():
    features, labels = dataset()
    asked = {"knn": {"neighbors": 5}, "gbc": {"components": 3}, "parc": {}}
    found = compute_many(asked, features, labels)
    for name, parameters in asked.items():
        alone = compute(name, features, labels, **parameters)
        assert found[name] == pytest.approx(alone, rel=1e-10)
    assert compute_many([], features, labels) == {}
    with pytest.raises(ValueError, match="metric gbc has no parameter 'magic'"):
        compute_many({"knn": {}, "gbc": {"magic": 1}}, features, labels)


def test_an_undefined_metric_ends_all_of_it():
    features, labels = dataset(6, 7, n_classes=2)
    with pytest.raises(UndefinedScore, match="N/LEEP"):
        compute_many(["logme", "nleep"], features, labels)


def test_unknown_parameter(name):
    with pytest.raises(ValueError, match=f"metric {name} has no parameter 'magic'"):
        compute(name, *dataset(), magic=1)


def test_pool_metrics_combine_and_the_others_do_not(name):
    pool = {
        method: compute(name, *dataset(seed=seed))
        for seed, method in enumerate(["lora", "adapter", "vpt"])
    }
    backbone = compute(name, *dataset(seed=7))
    if METRICS[name].needs_pool:
        scores = combine(name, pool, backbone)
        assert list(scores) == list(pool)
        assert np.isfinite(list(scores.values())).all()
    else:
        with pytest.raises(ValueError, match="does not need the pool"):
            combine(name, pool, backbone)


def test_unknown_metric():
    for call in (
        lambda: compute("magic", *dataset()),
        lambda: combine("magic", {}, {}),
        lambda: parameter_names("magic"),
    ):
        with pytest.raises(
            ValueError, match="metric 'magic' is unknown; known: peftdi"
        ):
            call()
