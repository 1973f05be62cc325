import numpy as np
import pytest

from benchmarks import reference
from benchmarks.data import CHUNK, clustered
from peftdiff.diffusion import diffusion_score
from peftdiff.metrics import compute
from tests.golden.sets import read_set

PRINTED = {
    "E0": {
        "logme": -0.14285664945507498,
        "sfda": 0.9662118837173799,
        "ncti": (164.48427593996013, 0.9980457563064923, 3.7061872375392872),
        "gbc": -1.105330228805542,
    },
    "D": {
        "logme": -0.5811441689061989,
        "sfda": 0.8683014673837075,
        "ncti": (41.52622481072332, 0.9796561622052778, 3.2841240822883435),
        "gbc": -0.38727763295173645,
    },
}
"""What the public code printed; its GBC is computed in float32."""


def golden(name):
    arrays = read_set(name)
    return arrays["X"], arrays["y"]


@pytest.fixture(scope="module")
def embedding():
    return clustered(150, 80, 5)


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize(
    ("metric", "accuracy"),
    [("logme", 1e-9), ("sfda", 1e-9), ("ncti", 1e-9), ("gbc", 1e-7)],
)
def test_forms_give_the_published_values(name, metric, accuracy):
    value = getattr(reference, metric)(*golden(name))
    assert value == pytest.approx(PRINTED[name][metric], rel=accuracy)


def test_dense_symmetric_chain_is_ours(embedding):
    dense = reference.dense_diffusion(*embedding, variant="symmetric")
    ours = diffusion_score(*embedding)
    assert dense == pytest.approx((ours.intra, ours.inter), rel=1e-8)


def test_dense_symmetric_chain_is_ours_for_other_settings(embedding):
    settings = {"neighbors": 7, "components": 11, "diffusion_time": 2.5}
    dense = reference.dense_diffusion(*embedding, variant="symmetric", **settings)
    ours = diffusion_score(*embedding, **settings)
    assert dense == pytest.approx((ours.intra, ours.inter), rel=1e-8)


@pytest.mark.parametrize("seed", [0, 3])
def test_dense_published_chain_is_ours_as_published(embedding, seed):
    dense = reference.dense_diffusion(*embedding, seed=seed)
    ours = diffusion_score(*embedding, variant="as_published", seed=seed)
    assert dense == pytest.approx((ours.intra, ours.inter), rel=1e-6)


@pytest.mark.parametrize("n", [60, 150])
def test_logme_is_ours_as_published(embedding, n):
    features, labels = embedding.features[:n], embedding.labels[:n]
    ours = compute("logme", features, labels, compat=True)
    assert reference.logme(features, labels) == pytest.approx(ours, rel=1e-9)


def test_sfda_is_ours(embedding):
    assert reference.sfda(*embedding) == pytest.approx(
        compute("sfda", *embedding), rel=1e-8
    )


def test_gbc_is_ours(embedding):
    ours = compute("gbc", *embedding)
    assert reference.gbc(*embedding, svd_solver="full") == pytest.approx(ours, rel=1e-8)


def test_ncti_is_ours(embedding):
    ours = tuple(compute("ncti", *embedding).values())
    found = reference.ncti(*embedding, svd_solver="full")
    assert found == pytest.approx(ours, rel=1e-8)


def test_embeddings_are_repeatable_and_balanced():
    one, other = (clustered(CHUNK + 20, 3, 7, seed=4) for _ in range(2))
    assert one.features.dtype == np.float32
    assert np.array_equal(one.features, other.features)
    assert np.array_equal(one.labels, other.labels)
    assert np.ptp(np.bincount(one.labels)) <= 1
    assert not np.array_equal(one.features, clustered(CHUNK + 20, 3, 7).features)


def test_embeddings_fill_a_given_array():
    out = np.zeros((50, 4), dtype=np.float32)
    found = clustered(50, 4, 2, out=out)
    assert found.features is out
    assert np.array_equal(out, clustered(50, 4, 2).features)
