"""A fake GPU, where there is none: it computes on the CPU and keeps watch.

What is moved to "cuda", or made there, is marked, and so is whatever is computed from
it, backward too. As on a real GPU it is an error to compute with tensors that lie in
two places, and to take a marked one for an array. What a real GPU would make the
program wait for is counted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# Their results are numbers, or have a size that depends on values.
READS = {"_local_scalar_dense", "equal", "masked_select", "nonzero", "unique_dim"}
AUTOCAST = torch.autocast


class FakeGpu:
    """What a program did with a fake GPU.

    Attributes
    ----------
    waits
        How often something was read from it, for which all its work must be done.
    copies
        How many tensors were moved to it, those in pinned memory aside.
    """

    def __init__(self) -> None:
        self.waits = 0
        self.copies = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Take "cuda" for this GPU."""
        with contextlib.ExitStack() as stack:
            for name, value in {
                "current_device": lambda: 0,
                "get_rng_state": lambda device: device,
                "set_rng_state": lambda state, device: None,
                "manual_seed": lambda seed: None,
            }.items():
                stack.enter_context(patch.object(torch.cuda, name, value))
            stack.enter_context(patch.object(torch, "autocast", _autocast))
            stack.enter_context(_Places(self))
            stack.enter_context(_Computations(self))
            yield


def is_on_gpu(tensor: Tensor) -> bool:
    """Return whether a tensor lies on the fake GPU."""
    return getattr(tensor.untyped_storage(), "fake_gpu", False)


def _mark(tensor: Tensor) -> Tensor:
    tensor.untyped_storage().fake_gpu = True
    return tensor


def _autocast(device: str, *how: object) -> torch.autocast:
    return AUTOCAST("cpu" if device == "cuda" else device, *how)


def _is_device(value: object) -> bool:
    return isinstance(value, torch.device) or value in ("cpu", "cuda")


class _Places(TorchFunctionMode):
    """What names a device: tensors are made and moved as it says."""

    def __init__(self, gpu: FakeGpu) -> None:
        super().__init__()
        self._gpu = gpu

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function == Tensor.device.__get__:
            return torch.device("cuda" if is_on_gpu(args[0]) else "cpu")
        if function == Tensor.is_cuda.__get__:
            return is_on_gpu(args[0])
        if function is Tensor.pin_memory:
            pinned = args[0].clone()
            pinned.untyped_storage().fake_pinned = True
            return pinned
        if function is Tensor.numpy and is_on_gpu(args[0]):
            raise TypeError("a tensor on a GPU is no array; copy it by .cpu() before")
        if function in (Tensor.to, Tensor.cpu, Tensor.cuda):
            return self._move(function, *args, *kwargs.values())
        if torch.device(kwargs.get("device") or "cpu").type == "cuda":
            return _mark(function(*args, **kwargs | {"device": "cpu"}))
        return function(*args, **kwargs)

    def _move(self, function, tensor, *how):
        named = {Tensor.cpu: ["cpu"], Tensor.cuda: ["cuda"]}
        devices = named.get(function) or [value for value in how if _is_device(value)]
        source = is_on_gpu(tensor)
        target = torch.device(devices[0]).type == "cuda" if devices else source
        dtypes = [value for value in how if isinstance(value, torch.dtype)]
        moved = tensor.to(*dtypes) if dtypes else tensor
        if target == source:
            return moved
        moved = moved.clone()
        if target:
            pinned = getattr(tensor.untyped_storage(), "fake_pinned", False)
            self._gpu.copies += not pinned
            return _mark(moved)
        self._gpu.waits += 1
        moved.untyped_storage().fake_gpu = False
        return moved


class _Computations(TorchDispatchMode):
    """Every single computation: its tensors lie in one place, and so do its results."""

    def __init__(self, gpu: FakeGpu) -> None:
        super().__init__()
        self._gpu = gpu

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        made = function(*args, **kwargs)
        leaves = tree_leaves((args, kwargs))
        given = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        if not any(map(is_on_gpu, given)):
            return made
        name = function.overloadpacket.__name__
        if name in ("copy_", "_has_compatible_shallow_copy_type"):
            if name == "copy_":
                self._gpu.copies += not is_on_gpu(given[1])
                self._gpu.waits += not is_on_gpu(given[0])
            return made
        # A number that lies in memory may be combined with what lies on a GPU.
        elsewhere = [t for t in given if t.ndim > 0 and not is_on_gpu(t)]
        if elsewhere:
            shapes = [tuple(tensor.shape) for tensor in elsewhere]
            raise RuntimeError(f"{name}: tensors {shapes} are not on the GPU")
        by_mask = name == "index" and any(t.dtype == torch.bool for t in given[1:])
        self._gpu.waits += name in READS or by_mask
        for leaf in tree_leaves(made):
            if isinstance(leaf, Tensor):
                _mark(leaf)
        return made
