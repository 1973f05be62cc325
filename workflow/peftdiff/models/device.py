"""Where models compute, and how precisely."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from peftdiff.models.gpus import reserve_gpu
from peftdiff.runtime import UserError

if TYPE_CHECKING:
    import torch


def autocast(setting: Setting) -> torch.autocast:
    """Return the context in which a model computes at the setting's precision."""
    import torch

    dtype = torch.float32 if setting.precision == "float32" else torch.bfloat16
    enabled = dtype != torch.float32
    return torch.autocast(setting.device, dtype if enabled else None, enabled)


def on_device(array: NDArray[Any], device: str) -> torch.Tensor:
    """Return an array as a tensor on a device; a GPU copies it while it computes."""
    import torch

    tensor = torch.from_numpy(array)
    if device != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True)
class Setting:
    """How models run: the device's type, and the precision of their products."""

    device: str = "cpu"
    precision: str = "float32"


def resolve_setting(device: str, precision: str) -> Setting:
    """Return the setting that the configured names mean on this machine.

    "auto" is a GPU where torch sees one, and bfloat16 on it if it has products of that
    kind (NVIDIA's since Ampere); float32 else. Where jobs share this machine's GPUs by
    slots, this one is given its GPU.

    Raises
    ------
    UserError
        Where a GPU is asked for and none is there.
    """
    if device != "cpu":
        reserve_gpu()
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError(
            "config key 'device' asks for cuda but torch sees no GPU;"
            " set it to 'auto' or 'cpu'"
        )
    if device == "auto":
        device = "cuda" if available else "cpu"
    if precision == "auto":
        able = device == "cuda" and torch.cuda.is_bf16_supported(False)
        precision = "bfloat16" if able else "float32"
    return Setting(device, precision)


def describe_device(setting: Setting) -> str:
    """Return "cpu", or the type and the name of the GPU."""
    if setting.device != "cuda":
        return setting.device
    import torch

    return f"{setting.device} ({torch.cuda.get_device_name()})"


def allowed_settings(device: str, precision: str) -> list[Setting]:
    """Return every setting that the configured names may mean, on whatever machine."""
    devices = ["cpu", "cuda"] if device == "auto" else [device]
    precisions = ["float32", "bfloat16"] if precision == "auto" else [precision]
    pairs = itertools.product(devices, precisions)
    return [Setting(device, precision) for device, precision in pairs]


def prepare_torch(device: str, precision: str, threads: int = 1) -> Setting:
    """Fix torch's threads; return the setting that the configured names mean here."""
    use_threads(threads)
    return resolve_setting(device, precision)


def use_threads(count: int) -> None:
    """Fix the number of torch's threads: results differ in the last bits with it."""
    import torch

    torch.set_num_threads(count)
    repeat_exactly()


def repeat_exactly() -> None:
    """Let torch compute the same numbers each time, wherever it can."""
    import torch

    # On a GPU, too: its products are the same each time only with a workspace of fixed
    # size, which torch wants to be set before a GPU is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A debugging aid that deterministic mode turns on; it costs some 3 % here.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
