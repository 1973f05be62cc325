"""The diffusion maps that are drawn of one task: of which models, and what they are."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.diffusion import UndefinedScore, diffusion_score
from peftdiff.embeddings import BACKBONE_MODEL, Features, Labels, ModelName
from peftdiff.methods import METHODS
from peftdiff.runtime import logger

AXES = 2


def shown_models(
    models: Sequence[ModelName], accuracies: pd.Series
) -> dict[str, ModelName]:
    """Return the backbone, the best and the worst method, by the panels' titles.

    Parameters
    ----------
    models
        All that were embedded; of a method the first is shown.
    accuracies
        In percent, by method; one that is missing is not shown.
    """
    methods = {model.method for model in models}
    ascending = accuracies.dropna().sort_values()
    ascending = ascending[ascending.index.isin(methods)]
    panels = {"Backbone": BACKBONE_MODEL}
    if ascending.empty:
        return panels
    for rank, place in (("best", -1), ("worst", 0)):
        method, accuracy = ascending.index[place], ascending.iloc[place]
        title = f"{METHODS[method].label} ({rank}, {accuracy:.1f} %)"
        panels[title] = next(model for model in models if model.method == method)
    return panels


def map_models(
    features: Features,
    labels: Labels,
    panels: Mapping[str, ModelName],
    peftdiff: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the first two diffusion coordinates of each panel's model.

    Parameters
    ----------
    features
        (n, d) features of each model.
    labels
        (n,) class of each image.
    panels
        The models, by title.
    peftdiff
        Parameters of the score. Where it uses fewer eigenpairs than a picture has
        axes, more are found.

    Returns
    -------
    dict
        What the figure draws: panels, coordinates (p x m x 2), notes (p texts: why a
        panel has no coordinates, or nothing), labels (m), of the m samples that the
        score uses.
    """
    default = inspect.signature(diffusion_score).parameters["components"].default
    # The first is constant on a connected graph: it belongs to the eigenvalue 1.
    wanted = min(1 + AXES, len(labels))
    components = max(peftdiff.get("components", default), wanted)
    parameters = {**peftdiff, "components": components}
    coordinates, notes = {}, dict.fromkeys(panels, "")
    rows: NDArray[np.int64] = np.zeros(0, np.int64)
    for title, model in panels.items():
        try:
            score = diffusion_score(features[model], labels, **parameters)
        except UndefinedScore as reason:
            notes[title] = f"undefined: {reason}"
        else:
            rows = score.rows
            coordinates[title] = _first_two(score.eigenvectors)
            if not np.isfinite(coordinates[title]).all():
                notes[title] = "undefined: coordinates are infinite in single precision"
    for title in filter(notes.get, panels):
        logger.warning("%s has no diffusion map, %s", title, notes[title])
        coordinates[title] = np.zeros((len(rows), AXES), np.float32)
    return {
        "panels": list(panels),
        "coordinates": np.stack([coordinates[title] for title in panels]),
        "notes": list(notes.values()),
        "labels": labels[rows],
    }


def _first_two(eigenvectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the coordinates after the first, in single precision."""
    psi = eigenvectors[:, 1 : 1 + AXES]
    with np.errstate(over="ignore"):
        single = psi.astype(np.float32)
    return np.pad(single, [(0, 0), (0, AXES - single.shape[1])])
