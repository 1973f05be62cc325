import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.evaluation.studies.complexity import (
    CONSTANT,
    components_needed,
    cumulative_shares,
    mean_fractions,
    measure_complexity,
    methods_of,
)
from peftdiff.reporting.pages.complexity import complexity_page


def with_variances(variances, seed=0):
    """Return features whose principal variances are, exactly, those given."""
    d, random = len(variances), np.random.default_rng(seed)
    # Columns orthogonal to one another and to the constant one: means are zero.
    basis = np.linalg.qr(
        np.column_stack([np.ones(4 * d), random.normal(size=(4 * d, d))])
    )[0][:, 1:]
    rotation = ortho_group.rvs(d, random_state=seed) if d > 1 else np.eye(1)
    return (basis * np.sqrt(variances)) @ rotation + random.normal(size=d)


@pytest.mark.parametrize(
    ("variances", "count"),
    [
        ([1.0], 1),
        ([95, 5], 1),
        ([94, 6], 2),
        ([1.0] * 20, 19),  # 19 / 20 is exactly the share
        ([1.0] * 10, 10),
        ([50, 30, 15, 4, 1], 3),
        ([50, 30, 14.9, 4, 1.1], 4),
        ([7, 0, 0, 0], 1),
    ],
)
def test_a_known_spectrum_needs_a_known_number(variances, count):
    shares = cumulative_shares(with_variances(np.array(variances, dtype=float)))
    np.testing.assert_allclose(
        shares, np.cumsum(variances) / np.sum(variances), rtol=1e-9
    )
    assert components_needed(shares) == count


def test_a_geometric_spectrum():
    variances = 0.5 ** np.arange(12)
    shares = cumulative_shares(with_variances(variances))
    # 1 - 2^-k >= 0.95 first for k = 5, all but 2^-12 being there.
    assert components_needed(shares) == 5
    assert components_needed(shares, 0.5) == 1
    assert components_needed(shares, 0.75) == 2


def test_shares_are_those_of_the_covariance():
    x = np.random.default_rng(0).normal(size=(40, 6)) ** 3
    variances = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    expected = np.cumsum(variances) / variances.sum()
    np.testing.assert_allclose(cumulative_shares(x), expected)


def test_few_images_hold_all_variance_in_one_component_less():
    x = np.random.default_rng(0).normal(size=(5, 8))
    shares = cumulative_shares(x)
    assert shares.shape == (8,)
    np.testing.assert_allclose(shares[3:], 1)
    assert shares[2] < 0.999
    table, _ = measure_complexity({ModelName("cnn"): x.astype("f4")})
    assert table["note"].tolist() == ["5 images vary along at most 4 components"]


@given(
    st.integers(0, 1000),
    st.floats(1e-6, 1e6),
    st.floats(-100, 100),
)
def test_scale_shift_and_rotation_change_nothing(seed, scale, shift):
    x = np.random.default_rng(seed).normal(size=(30, 5)) * [5, 3, 1, 0.5, 0.1]
    turned = x @ ortho_group.rvs(5, random_state=seed)
    np.testing.assert_allclose(
        cumulative_shares(scale * (turned + shift)), cumulative_shares(x), rtol=1e-6
    )


@given(st.integers(0, 1000))
def test_shares_rise_to_one(seed):
    random = np.random.default_rng(seed)
    shares = cumulative_shares(random.normal(size=random.integers(2, 20, 2)))
    assert (np.diff(shares) >= -1e-12).all()
    assert shares[-1] == pytest.approx(1)
    count = components_needed(shares)
    assert shares[count - 1] >= 0.95 - 1e-9
    assert count == 1 or shares[count - 2] < 0.95


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (np.zeros(3), "shape"),
        (np.zeros((0, 3)), "shape"),
        (np.array([[0.0, np.nan], [1, 2]]), "not finite"),
    ],
)
def test_bad_features_are_named(features, sentence):
    with pytest.raises(ValueError, match=sentence):
        cumulative_shares(features)


def test_a_constant_embedding_is_undefined_and_says_so():
    constant = np.full((20, 4), 0.1, "f4")
    table, curves = measure_complexity({BACKBONE_MODEL: constant})
    assert table["components_95"].isna().all()
    assert table["fraction_95"].isna().all()
    assert table["note"].tolist() == [CONSTANT]
    assert np.isnan(curves["backbone"]).all()


@pytest.fixture
def complexity():
    """Two tasks; lora needs 1 and 3 components, vpt 2, the CNN 1 of 8."""
    spectra = {
        "backbone": [60, 30, 8, 2],
        "lora/0": [97, 1, 1, 1],
        "lora/1": [60, 30, 8, 2],
        "vpt/0": [60, 37, 2, 1],
        "vpt/1": [60, 37, 2, 1],
        "cnn": [99] + [0.1] * 7,
    }
    arrays = {
        ModelName.parse(name): with_variances(np.array(values, dtype=float)).astype(
            "f4"
        )
        for name, values in spectra.items()
    }
    table, curves = measure_complexity(arrays)
    tables = [
        table.assign(experiment="test", task=task, group=group)
        for task, group in (("digits", "natural"), ("land", "specialized"))
    ]
    return pd.concat(tables, ignore_index=True), curves


def test_a_row_is_a_model_and_its_seed(complexity):
    table, curves = complexity
    own = table[table["task"] == "digits"]
    assert list(own["model"]) == ["backbone", "lora", "lora", "vpt", "vpt", "cnn"]
    assert own["components_95"].tolist() == [3, 1, 3, 2, 2, 1]
    assert own["fraction_95"].tolist() == [0.75, 0.25, 0.75, 0.5, 0.5, 0.125]
    assert own["seed"].isna().tolist() == [True, *[False] * 4, True]
    assert own["n_images"].tolist() == [16] * 5 + [32]
    assert set(curves) == {"backbone", "lora", "vpt", "cnn"}
    np.testing.assert_allclose(curves["lora"][0], (0.97 + 0.60) / 2, atol=1e-6)
    assert methods_of(table) == ["lora", "vpt"]
    means = mean_fractions(table).set_index(["task", "model"])["fraction_95"]
    assert means["digits", "lora"] == 0.5


def test_an_undefined_seed_leaves_the_mean_undefined(complexity):
    table, _ = complexity
    lost = (table["model"] == "vpt") & (table["seed"] == 1).fillna(False)
    gap = table.assign(fraction_95=table["fraction_95"].mask(lost))
    means = mean_fractions(gap).set_index(["task", "model"])["fraction_95"]
    assert np.isnan(means["land", "vpt"])
    assert means["land", "lora"] == 0.5


def cells(page, row):
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {row} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_shows_tasks_and_their_mean(complexity):
    page = complexity_page(complexity[0], "a small ResNet")
    assert cells(page, "digits")[1:] == [
        *("3 (75 %)", "2 (50 %)", "lora, 2 (50 %)", "vpt, 2 (50 %)"),
        "1 (12 %)",
    ]
    assert cells(page, "mean of 2")[1:] == cells(page, "digits")[1:]
    assert "4 of the backbone and the methods, 8 of the CNN (a small" in " ".join(
        page.split()
    )
    assert "approximately 7 %" in page
    assert max(map(len, page.splitlines())) <= 100


def test_the_page_says_what_is_undefined(complexity):
    table = complexity[0]
    lost = table["model"] == "cnn"
    names = ["components_95", "fraction_95"]
    gap = table.assign(note=table["note"].mask(lost, CONSTANT))
    gap[names] = gap[names].mask(lost)
    page = complexity_page(gap, "timm's")
    assert cells(page, "land")[-1] == "undefined"
    assert f"{CONSTANT} (2 of 12 rows: cnn)." in page
