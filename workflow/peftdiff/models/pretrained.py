"""Weights of a backbone that was pre-trained elsewhere: from timm's hub, or a file."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import timm
from safetensors import SafetensorError, safe_open
from timm.models.vision_transformer import VisionTransformer

from peftdiff.data.files import file_checksum
from peftdiff.models.vit import KEY, build_backbone, load_backbone
from peftdiff.records import Tensors
from peftdiff.runtime import UserError, logger

FIRST_OF_BLOCK = re.compile(r"blocks[.][0-9]+[.]norm1[.]weight")
Shapes = Mapping[str, tuple[int, ...]]  # of the tensors of a file, by name

FILE_KEY = "config key 'backbone.weights'"
ANCHOR = "embedding/kernel"  # of every JAX checkpoint, behind a prefix
# Of JAX checkpoints: what the model goes without, and what fits images of any size.
UNCOUNTED = ("head/", "pre_logits/", "Transformer/posembed_input/", "pos_embedding")


def fetch_weights(
    architecture: Mapping[str, Any], path: str | None
) -> tuple[Tensors, dict[str, Any]]:
    """Return a backbone's weights without a head, and where they are from.

    timm's own loader reads them; positions for images of another size are resampled.

    Parameters
    ----------
    architecture
        name (timm's, with the tag of its weights where these are on the hub) and
        image_size.
    path
        A `.safetensors` file, or the `.npz` of an original (JAX) checkpoint; None for
        timm's hub.

    Raises
    ------
    UserError
        Where the name, the size or the weights do not fit, or cannot be had.
    """
    model = build_backbone(architecture)
    usual: Any = model.pretrained_cfg
    logger.info(
        "%s is used at %d pixels; timm's usual: %d, mean %s, std %s",
        architecture["name"],
        architecture["image_size"],
        usual["input_size"][-1],
        usual["mean"],
        usual["std"],
    )
    if path is None:
        weights = _from_hub(architecture)
        source = {"kind": "hub", "timm": timm.__version__}
    else:
        weights = _from_file(path, model, architecture)
        source = {"kind": "file", "path": path, "sha256": file_checksum(path)}
    load_backbone(model, weights)
    _check_finite(weights, architecture["name"], path)
    named = {"name": architecture["name"], "checksum": checksum(weights)}
    return weights, source | named


def _check_finite(weights: Tensors, name: str, path: str | None) -> None:
    """Raise `UserError` where a number of the weights is none."""
    for tensor, values in weights.items():
        if not np.isfinite(values).all():
            of = f"{path} ({FILE_KEY})" if path else f"what timm gives for '{name}'"
            raise UserError(
                f"{of} has NaN or an infinite number in the tensor '{tensor}'; replace"
                f" it by a whole copy, or name another backbone as {KEY}"
            )


def checksum(weights: Tensors) -> str:
    """Return the SHA-256 of named tensors: names, types, shapes and numbers."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_hub(architecture: Mapping[str, Any]) -> Tensors:
    name = architecture["name"]
    logger.info("fetching the weights of %s", name)
    try:
        return _load(architecture, {})
    except Exception as error:  # of the hub's own transport, by version
        raise UserError(
            f"timm gives no weights for '{name}' ({KEY}): {_reason(error)}; connect to"
            f" the network once, or give a file of them as {FILE_KEY}"
        ) from None


def _from_file(
    path: str, model: VisionTransformer, architecture: Mapping[str, Any]
) -> Tensors:
    logger.info("reading the weights of %s from %s", architecture["name"], path)
    shapes = check_file(path, model, architecture["name"])
    how = _how(shapes, jax=_is_jax(path))
    try:
        return _load(architecture, {"file": path, **how})
    except (RuntimeError, KeyError, ValueError, AttributeError) as error:
        raise _unfit(path, architecture["name"], error) from None


def check_file(path: str, model: VisionTransformer, name: str) -> Shapes:
    """Check by its header alone that a file holds a model's weights; return the shapes.

    Parameters
    ----------
    path
        A `.safetensors` file, or the `.npz` of an original (JAX) checkpoint.
    model
        Of which shapes matter alone; it may be on torch's meta device.
    name
        timm's name of the model.

    Raises
    ------
    UserError
        Where it is cut off, no such file, or of another architecture.
    """
    try:
        shapes = _shapes_of_npz(path) if _is_jax(path) else _shapes_of_safetensors(path)
    except (SafetensorError, zipfile.BadZipFile, OSError, ValueError, EOFError):
        raise UserError(
            f"{path} ({FILE_KEY}) is cut off or no {Path(path).suffix} file; replace it"
        ) from None
    checks = (_check_jax,) if _is_jax(path) else (_check_patches, _check_blocks)
    try:
        for check in checks:
            check(shapes, model)
    except ValueError as error:
        raise _unfit(path, name, error) from None
    return shapes


def _is_jax(path: str) -> bool:
    return Path(path).suffix == ".npz"


def _unfit(path: str, name: str, error: Exception) -> UserError:
    return UserError(
        f"{path} ({FILE_KEY}) does not fit '{name}' ({KEY}): {_reason(error)}"
    )


def _load(architecture: Mapping[str, Any], overlay: Mapping[str, Any]) -> Tensors:
    """Return what timm loads, strictly: the head is therefore the file's own."""
    model: Any = timm.create_model(
        architecture["name"],
        pretrained=True,
        img_size=architecture["image_size"],
        pretrained_cfg_overlay=dict(overlay),
    )
    model.reset_classifier(0)
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def _how(shapes: Shapes, *, jax: bool) -> dict[str, Any]:
    """Return how timm is to read a file: its layout, and the classes of its head."""
    if jax or ("cls_token" in shapes and "head.weight" not in shapes):
        return {"custom_load": jax, "num_classes": 0}
    if "head.weight" in shapes:
        return {"custom_load": jax, "num_classes": shapes["head.weight"][0]}
    return {"custom_load": jax}  # a foreign layout, such as CLIP's, which timm converts


def _shapes_of_safetensors(path: str) -> dict[str, tuple[int, ...]]:
    with safe_open(path, "np") as file:
        names = file.keys()
        return {name: tuple(file.get_slice(name).get_shape()) for name in names}


def _shapes_of_npz(path: str) -> dict[str, tuple[int, ...]]:
    with zipfile.ZipFile(path):  # else numpy may take it for something else
        pass
    with np.load(path) as arrays:
        return {name: arrays[name].shape for name in arrays.files}


def _check_blocks(shapes: Shapes, model: VisionTransformer) -> None:
    """Raise ValueError for other blocks than the model's, in timm's layout."""
    state = model.state_dict()
    count = sum(bool(FIRST_OF_BLOCK.fullmatch(name)) for name in shapes)
    if count not in (0, len(model.blocks)):
        raise ValueError(f"it has {count} blocks, the model {len(model.blocks)}")
    for name, found in shapes.items():
        if name.startswith("blocks.") and name in state:
            expected = tuple(state[name].shape)
            if found != expected:
                raise ValueError(f"'{name}' has the shape {found}, not {expected}")


def _check_patches(shapes: Shapes, model: VisionTransformer) -> None:
    """Raise ValueError for patches of another size, which timm would resample.

    In whatever layout, tensors of four dimensions are convolutions: that of the patches
    and those of a hybrid's stem.
    """
    own = {tuple(each.shape) for each in model.parameters() if each.ndim == 4}
    for name, found in shapes.items():
        if len(found) == 4 and found not in own:
            expected = f"not {min(own)}" if len(own) == 1 else "as none of the model's"
            raise ValueError(f"'{name}' has the shape {found}, {expected}")


def _check_jax(shapes: Shapes, model: VisionTransformer) -> None:
    """Raise ValueError unless a JAX checkpoint has all numbers of a model, and no more.

    timm's loader takes what it knows: it would leave other tensors of the model as they
    were initialised, and further blocks of the file aside.
    """
    anchors = [name for name in shapes if name.endswith(ANCHOR)]
    if not anchors:
        raise ValueError(f"it has no '{ANCHOR}', as the JAX checkpoints have")
    prefix = anchors[0].removesuffix(ANCHOR)
    own = {n.removeprefix(prefix): s for n, s in shapes.items() if n.startswith(prefix)}
    found = sum(prod(s) for n, s in own.items() if not n.startswith(UNCOUNTED))
    state = model.state_dict()
    expected = sum(state[name].numel() for name in state if name != "pos_embed")
    if found != expected:
        raise ValueError(
            f"without head and positions it has {found} numbers, the model {expected}"
        )


def _reason(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
