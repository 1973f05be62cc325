"""Where models compute, and how precisely."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from peftdiff.runtime import Setting


def autocast(setting: Setting) -> torch.autocast:
    """Return the context in which a model computes at the setting's precision."""
    dtype = torch.float32 if setting.precision == "float32" else torch.bfloat16
    enabled = dtype != torch.float32
    return torch.autocast(setting.device, dtype if enabled else None, enabled)


def on_device(array: NDArray[Any], device: str) -> Tensor:
    """Return an array as a tensor on a device; a GPU copies it while it computes."""
    tensor = torch.from_numpy(array)
    if device != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
