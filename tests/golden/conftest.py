import json
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def printed():
    """What the reference code printed, by set."""
    return json.loads((HERE / "golden.json").read_text(encoding="utf-8"))["sets"]


@pytest.fixture(scope="session")
def load():
    """Return a function from a set's name to its stored arrays and features."""

    def read(name):
        with np.load(HERE / f"{name}.npz") as arrays:
            return dict(arrays)

    def with_features(name):
        if name in ("D", "E0"):
            return read(name)
        base = read("E0")
        features, labels = base["X"].copy(), base["y"]
        if name == "E1":
            features[:] = 1
        elif name == "E2":
            features[:, ::2] = 3.25
        elif name == "E3":
            features[200:] = features[:200]
            labels = np.concatenate([labels[:200], labels[:200]])
        elif name in ("E9", "E10"):
            features *= {"E9": 1e3, "E10": 1e-3}[name]
        stored = read(name) if name in ("E2", "E4", "E8") else {"y": labels}
        return stored | {"X": features[: len(stored["y"])]}

    return with_features
