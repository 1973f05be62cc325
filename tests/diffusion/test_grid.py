import warnings

import numpy as np
import pytest

from peftdiff.diffusion import DisconnectedGraphWarning, diffusion_score, score_grid

GRID = {
    "diffusion_times": [1, 2.5, 10],
    "neighbors": [5, 12, 30],
    "components": [1, 4, 20],
}


@pytest.mark.parametrize("n", [90, 330])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"inter": "root", "symmetrize": "mutual", "kernel_width": "self_tuning"},
        {"normalize": False, "kernel_width": 3.0, "min_class_size": 20},
        {"variant": "as_published", "seed": 3},
    ],
)
def test_every_point_is_the_single_call(blobs, n, options):
    features, labels = blobs(n=n, separation=2.0)
    labels = labels.copy()
    labels[:10] = 9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        grid = score_grid(features, labels, **GRID, **options)
        assert len(grid) == 27
        for row in grid.to_dict("records"):
            single = diffusion_score(
                features,
                labels,
                diffusion_time=row["diffusion_time"],
                neighbors=row["neighbors"],
                components=row["components"],
                **options,
            )
            expected = {"intra": single.intra, "inter": single.inter}
            found = {name: row[name] for name in expected}
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-14)


def test_columns_and_order(blobs):
    grid = score_grid(*blobs(), **GRID)
    names = ["diffusion_time", "neighbors", "components", "intra", "inter"]
    assert list(grid.columns) == names
    assert not grid.duplicated(names[:3]).any()
    assert grid.notna().all(axis=None)


def test_the_space_of_eigenvalue_one_is_kept_whole(blobs):
    features, labels = blobs(n=120, d=40, n_classes=10, separation=20.0)
    with pytest.warns(DisconnectedGraphWarning, match="10 connected"):
        grid = score_grid(
            features, labels, diffusion_times=[1], neighbors=[5], components=[2, 5, 7]
        )
    assert grid["inter"].nunique() == 1
    assert grid["inter"][0] == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neighbors": []}, "neighbors must be a list of at least one value"),
        ({"components": 5}, "components must be a list of at least one value, got 5"),
        ({"diffusion_times": [1, 0]}, "diffusion_times must be a number above 0"),
        ({"neighbors": [5, 200]}, "neighbors is 200 but there are only 120 samples"),
        ({"components": [0]}, "components must be at least 1"),
        ({"inter": "cubed"}, "inter must be one of"),
        ({"variant": "other"}, "variant must be one of symmetric, as_published"),
        ({"variant": "as_published", "normalize": False}, "normalize=False does not"),
        ({"search": "magic"}, "search must be one of exact"),
    ],
)
def test_bad_axes(blobs, change, message):
    with pytest.raises(ValueError, match=message):
        score_grid(*blobs(), **(GRID | change))


def test_features_are_not_modified(blobs):
    features, labels = blobs()
    before = features.copy()
    score_grid(features, labels, **GRID, normalize=False)
    assert np.array_equal(features, before)
