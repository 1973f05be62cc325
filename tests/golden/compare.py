"""Print every metric's value beside what the public reference code printed.

Run: python -m tests.golden.compare
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.diffusion import class_distances
from peftdiff.metrics import compute, nleep
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore
from tests.golden.sets import read_printed, read_set

Arrays = dict[str, Any]


def of_metric(name: str, part: str | None = None, **parameters: Any) -> Callable:
    """Return a function from a set's arrays to a metric's value, or a part of it."""

    def value(arrays: Arrays) -> float:
        found = compute(name, arrays["X"], arrays["y"], **parameters)
        return found if part is None else found[part]

    return value


def of_stored_pairs(which: int) -> Callable:
    """Return a function from a set's arrays to intra (0) or inter (1)."""

    def value(arrays: Arrays) -> float:
        labels = arrays["y"][np.bincount(arrays["y"])[arrays["y"]] >= 10]
        prefix = "peftdiff_t10k20c32s0"
        pairs = (arrays[f"{prefix}_eigenvalues"], arrays[f"{prefix}_eigenvectors"])
        return class_distances(*pairs, labels, 10, inter="root")[which]

    return value


def nleep_mean(arrays: Arrays) -> float:
    """Return the mean N/LEEP of three restarts."""
    return float(nleep.restart_scores(arrays["X"], arrays["y"], restarts=3).mean())


def regularized_h_score(arrays: Arrays) -> float:
    """Return the H-score with the one n where the published code divides by n - 1."""
    n = len(arrays["y"])
    return of_metric("h_score", regularized=True)(arrays) * n / (n - 1)


# What is compared: ours, and where the printed value stands.
PAIRS: dict[str, tuple[Callable, Callable]] = {
    "peftdiff intra (stored eigenpairs)": (
        of_stored_pairs(0),
        lambda v: v["peftdiff_t10_k20_c32_v0seed0"]["intra"],
    ),
    "peftdiff inter (stored eigenpairs)": (
        of_stored_pairs(1),
        lambda v: v["peftdiff_t10_k20_c32_v0seed0"]["inter"],
    ),
    "logme (compat)": (
        of_metric("logme", compat=True),
        lambda v: v["logme_fixed_point"],
    ),
    "logme (exact)": (of_metric("logme"), lambda v: v["logme_fixed_point"]),
    "sfda": (of_metric("sfda"), lambda v: v["sfda"]),
    **{
        f"ncti {part}": (
            of_metric("ncti", part),
            lambda v, key=key: v["ncti"][key],
        )
        for part, key in (("seli", "seli"), ("ncc", "ncc"), ("vc", "logvc"))
    },
    "nearest_class_mean": (of_metric("nearest_class_mean"), lambda v: v["lda"]),
    **{
        f"gbc {shape} (compat)": (
            of_metric("gbc", covariance=shape, compat=True),
            lambda v, shape=shape: v[f"gbc_{shape}"],
        )
        for shape in ("diagonal", "spherical")
    },
    "nleep (mean of 3 seeds)": (
        nleep_mean,
        lambda v: float(np.mean([v[f"nleep_seed{seed}"] for seed in range(3)])),
    ),
    "h_score": (of_metric("h_score"), lambda v: v["h_score"]),
    "h_score (regularized)": (
        regularized_h_score,
        lambda v: v["regularized_h_score"],
    ),
    "transrate (unweighted)": (
        of_metric("transrate", weighting="uniform"),
        lambda v: v["transrate"],
    ),
}


def compare() -> pd.DataFrame:
    """Return one row per metric and set: ours, published, relative difference, note."""
    rows = []
    for name, values in read_printed().items():
        arrays = read_set(name)
        for metric, (ours, published) in PAIRS.items():
            try:
                expected = published(values)
            except KeyError:
                continue  # The reference failed there: nothing was printed.
            expected = float(expected)  # some are stored as text: "nan"
            if "stored" in metric and "peftdiff_t10k20c32s0_eigenvalues" not in arrays:
                continue
            rows.append({"metric": metric, "set": name, **_row(ours, arrays, expected)})
    return pd.DataFrame(rows).sort_values("metric", kind="stable")


def _row(ours: Callable, arrays: Arrays, published: float) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = ours(arrays)
        except UndefinedScore:
            return {"ours": np.nan, "published": published, "note": "undefined"}
    saturated = any(w.category is SaturatedScore for w in caught)
    difference = abs(value - published) / max(abs(published), np.finfo(float).tiny)
    return {
        "ours": value,
        "published": published,
        "difference": difference,
        "note": "saturated" if saturated else "",
    }


if __name__ == "__main__":
    formats = ("", "", ".8g", ".8g", ".1e", "")
    table = compare()
    table["note"] = table["note"].fillna("")
    print(table.to_markdown(index=False, floatfmt=formats))
