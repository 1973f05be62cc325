import re

import numpy as np
import pytest

from peftdiff.diffusion import class_distances, diffusion_score

SETTINGS = {
    "peftdiff_t10_k20_c32_v0seed0": "t10k20c32s0",
    "peftdiff_t10_k20_c32_v0seed1": "t10k20c32s1",
    "peftdiff_t3_k10_c16_v0seed0": "t3k10c16s0",
}


def kept_labels(labels):
    """The labels left when classes of fewer than 10 samples are dropped."""
    return labels[np.bincount(labels)[labels] >= 10]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ["D", "E0", "E2", "E4", "E8"])
def test_class_distances_of_the_stored_eigenpairs(name, setting, load, printed):
    arrays = load(name)
    prefix = f"peftdiff_{SETTINGS[setting]}"
    labels = kept_labels(arrays["y"])
    assert [len(labels), len(set(labels))] == arrays["peftdiff_kept"].tolist()
    time = int(re.match(r"peftdiff_t(\d+)_", setting)[1])
    intra, inter = class_distances(
        arrays[f"{prefix}_eigenvalues"],
        arrays[f"{prefix}_eigenvectors"],
        labels,
        time,
        inter="root",
    )
    expected = printed[name][setting]
    assert intra == pytest.approx(expected["intra"], rel=1e-10)
    assert intra == pytest.approx(arrays[f"{prefix}_intra_per_class"].mean(), rel=1e-10)
    assert inter == pytest.approx(expected["inter"], rel=1e-10)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ["D", "E0", "E2", "E4"])
def test_the_published_chain_in_its_order_of_magnitude(name, setting, load, printed):
    time, neighbors, components, seed = map(int, re.findall(r"\d+", SETTINGS[setting]))
    arrays = load(name)
    score = diffusion_score(
        arrays["X"],
        arrays["y"],
        neighbors=neighbors,
        components=components,
        diffusion_time=time,
        variant="as_published",
        seed=seed,
    )
    expected = printed[name][setting]
    assert score.eigenvectors.shape == (arrays["peftdiff_kept"][0], components)
    assert expected["intra"] / 4 < score.intra < expected["intra"] * 4
    assert expected["inter"] / 2 < score.inter < expected["inter"] * 2
    assert score.eigenvalues[0] == pytest.approx(expected["eig_max"], abs=0.05)


def test_constant_features_have_no_distances(load, printed):
    arrays = load("E1")
    score = diffusion_score(arrays["X"], arrays["y"])
    assert score.intra == pytest.approx(0, abs=1e-20)
    assert score.inter == pytest.approx(0, abs=1e-20)
    assert printed["E1"]["peftdiff_t10_k20_c32_v0seed0"]["intra"] < 1e-30
