"""What images are embedded by: the backbone, source-trained models, and a CNN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.records import Tensors
from peftdiff.stages.starting import start_model
from peftdiff.stages.store import Run

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer

    from peftdiff.data.images import Images
    from peftdiff.models.device import Setting

Config = Mapping[str, Any]


def embedding_models(
    architecture: Config,
    *,
    backbone: Run,
    hyperparameters: Mapping[str, Config],
    trained: Mapping[str, Mapping[int, Run]],
) -> dict[ModelName, Callable[[], VisionTransformer]]:
    """Return what makes the backbone, and the model of every method and source seed.

    All models together may not fit into memory.
    """
    start = partial(start_model, architecture, backbone.weights)
    makers: dict[ModelName, Callable[[], VisionTransformer]] = {BACKBONE_MODEL: start}
    for method, runs in trained.items():
        for seed, run in runs.items():
            makers[ModelName(method, seed)] = partial(
                start, method, hyperparameters[method], weights=run.weights
            )
    return makers


def embed_by_cnn(
    architecture: Any,
    weights: Tensors,
    images: Images,
    *,
    setting: Setting,
    batch_size: int,
) -> NDArray[np.float32]:
    """Return the pooled features (n, d) of images through a trained CNN."""
    from peftdiff.models.cnn import load_cnn
    from peftdiff.models.forward import embed

    model: Any = load_cnn(architecture, weights, (images.mean, images.std))
    out = np.empty((len(images.pixels), model.num_features), dtype=np.float32)
    embed(model, images, out, setting=setting, batch_size=batch_size)
    return out
