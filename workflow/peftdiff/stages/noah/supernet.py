"""The supernet: NOAH at the largest sizes, of which any candidate can be made active.

Candidates share weights by slicing: size k of a module is its first k rows or columns,
or the first k prompts.
"""

from __future__ import annotations

from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from peftdiff.methods import attach
from peftdiff.methods.attachments import PromptedBlock
from peftdiff.stages.noah.space import Candidate, Space, largest


class First(nn.Module):
    """The first `size` entries of a tensor along an axis.

    Nothing is left out of the graph at size 0: gradients are zero then, not missing,
    so that the optimizer takes the same steps with every tensor.
    """

    def __init__(self, axis: int, size: int) -> None:
        super().__init__()
        self.axis = axis
        self.size = size

    def forward(self, whole: Tensor) -> Tensor:
        """Return a view of the whole tensor's first part."""
        return whole.narrow(self.axis, 0, self.size)


class Present(nn.Module):
    """A tensor that every size but 0 has whole; it is zero then."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, whole: Tensor) -> Tensor:
        """Return the tensor, or zeros."""
        return whole if self.size else 0 * whole


class Supernet:
    """A vision transformer with NOAH's modules, sliced to one candidate at a time.

    Parameters
    ----------
    model
        The backbone with its weights; changed in place.
    space
        What candidates there are.
    generator
        Source of the initial values.
    **hyperparameters
        NOAH's, but for the sizes.
    """

    def __init__(
        self,
        model: VisionTransformer,
        space: Space,
        *,
        generator: torch.Generator | None = None,
        **hyperparameters: Any,
    ) -> None:
        whole = largest(space)
        sizes = {module: list(vector) for module, vector in whole._asdict().items()}
        attach(model, "noah", generator=generator, **sizes, **hyperparameters)
        self.model = model
        blocks: Any = model.blocks  # each has prompts, at the largest sizes
        self.blocks: list[PromptedBlock] = list(blocks)
        self.slices = [_slice(block, space.sizes[-1]) for block in self.blocks]
        self.activate(whole)

    def activate(self, candidate: Candidate) -> None:
        """Make the model the one with a candidate's sizes."""
        present = 0  # prompts in the sequence
        for layer, (block, slices) in enumerate(
            zip(self.blocks, self.slices, strict=True)
        ):
            for module, sizes in candidate._asdict().items():
                for part in slices[module]:
                    part.size = sizes[layer]
            own = candidate.prompts[layer]
            block.present = present if own else 0  # no prompts replace none
            present = own or present
        block.removed = present


def _slice(block: PromptedBlock, size: int) -> dict[str, list[First | Present]]:
    """Slice the tensors of a block's modules; return the slices by module."""
    adapter = block.base.get_submodule("drop_path2.adapter")
    delta = block.base.get_submodule("attn.qkv.delta")
    tensors: dict[str, list[tuple[nn.Module, str, First | Present]]] = {
        "adapter": [
            (adapter, "down", First(0, size)),
            (adapter, "down_bias", First(0, size)),
            (adapter, "up", First(1, size)),
            (adapter, "up_bias", Present(size)),
        ],
        "lora": [(delta, "A", First(0, size)), (delta, "B", First(1, size))],
        "prompts": [(block, "prompt", First(0, size))],
    }
    for module in tensors.values():
        for owner, name, part in module:
            # Unsafe: the shape changes with the size.
            register_parametrization(owner, name, part, unsafe=True)
    return {name: [part for *_, part in module] for name, module in tensors.items()}


def trained_state(model: nn.Module) -> dict[str, Tensor]:
    """Return every tensor that trains, the head's too, by name."""
    return {name: p.data for name, p in model.named_parameters() if p.requires_grad}
