"""Whether a backbone of timm's goes with the methods and the file of its weights."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peftdiff.config.sizes import check_sizes
from peftdiff.runtime import UserError, digest
from peftdiff.stages.plan import architecture_of

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer


def require_backbone_once(config: Mapping[str, Any], folder: str | Path) -> None:
    """Do as `require_backbone`, but not again for what has been found to fit.

    Seconds go by until timm is imported, and every start waits for them.

    Parameters
    ----------
    config
        As for `require_backbone`.
    folder
        Where it is noted what fits.
    """
    weights = config["backbone"]["weights"]
    found = os.stat(weights) if weights else None
    compared = {
        "architecture": architecture_of(config["backbone"]),
        "weights": found and [weights, found.st_size, found.st_mtime_ns],
        "methods": {m: config["hyperparameters"].get(m, {}) for m in config["methods"]},
        "noah": config["noah"],
        "timm": metadata.version("timm") if find_spec("timm") else "",
    }
    known = Path(folder, digest(compared))
    if known.exists():
        return
    require_backbone(config)
    with contextlib.suppress(OSError):  # it is looked at again then
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()


def require_backbone(config: Mapping[str, Any]) -> None:
    """Raise `UserError` where a backbone of timm's does not fit the rest.

    Neither weights nor memory for them are needed: shapes alone are compared. Where
    timm is not installed, and so nothing can be trained, nothing is checked.

    Parameters
    ----------
    config
        As `peftdiff.config.check_config` has returned it, presets filled in.
    """
    architecture = architecture_of(config["backbone"])
    if "name" not in architecture or not find_spec("timm"):
        return
    import torch

    from peftdiff.models.pretrained import check_file
    from peftdiff.models.vit import build_backbone

    with torch.device("meta"):
        model = build_backbone(architecture)
        if path := config["backbone"]["weights"]:
            check_file(path, model, architecture["name"])
        noah, hyperparameters = config["noah"], config["hyperparameters"]
        check_sizes(
            hyperparameters,
            config["methods"],
            width=model.embed_dim,
            depth=len(model.blocks),
            searched=noah["levels"].get(noah["search"], {}).get("sizes", ()),
        )
        for method in config["methods"]:
            sizes = hyperparameters.get(method, {})
            _try_method(build_backbone(architecture), method, sizes)


def _try_method(
    model: VisionTransformer, method: str, sizes: Mapping[str, Any]
) -> None:
    from peftdiff.methods import attach

    try:
        attach(model, method, **sizes)
    except ValueError as error:
        raise UserError(
            f"config key 'methods' has '{method}', which does not go with the backbone"
            f" that config key 'backbone.architecture' names: {error}; leave the method"
            " out, or name another backbone"
        ) from None
