"""The five ways in which a method hooks into a timm vision transformer.

"after" is a module behind a branch, "delta" a change of a linear layer's weight,
"parallel" a bypass around a branch, "tokens" are prompts in the sequence, and
"unfreeze" trains the backbone's own parameters.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

BRANCHES = {1: ("attn", "ls1", "drop_path1"), 2: ("mlp", "ls2", "drop_path2")}
"""The modules of a block's two residual branches, in the order of their use."""

FOLDING_WIDTH = 256
"""Up to this many inputs, a layer's delta is added to its weight in training too."""


def transformer_blocks(model: VisionTransformer) -> list[Block]:
    """Return the blocks of a model.

    Raises
    ------
    ValueError
        Unless it is a timm VisionTransformer with the standard pre-norm blocks.
    """
    blocks = list(getattr(model, "blocks", []))
    if not isinstance(model, VisionTransformer) or not all(
        isinstance(block, Block) for block in blocks
    ):
        raise ValueError(
            f"{type(model).__name__} lacks the standard blocks of timm's"
            " VisionTransformer, into which the method hooks; choose another backbone"
        )
    return blocks


# -- after ----------------------------------------------------------------------------


def add_after(block: Block, branch: int, **modules: nn.Module) -> None:
    """Put modules behind a branch (1 attention, 2 MLP), before it joins the residual.

    x <- x + A(DropPath(branch(x))). A module's keyword is its name in the model.
    """
    drop = BRANCHES[branch][-1]
    chain = OrderedDict(base=getattr(block, drop), **modules)
    setattr(block, drop, nn.Sequential(chain))


# -- delta ----------------------------------------------------------------------------


class Delta(nn.Module):
    """A change of a linear layer, as a matrix or applied to an input.

    `weight()` is the matrix (out, in); calling the module on x (..., in) applies it.
    The two agree, except that only the second has dropout.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def weight(self) -> Tensor:
        """Return the change of the weight (out, in)."""
        raise NotImplementedError


class DeltaLinear(nn.Module):
    """A frozen linear layer and a change of its weight: y = (W + dW) x + b."""

    def __init__(self, base: nn.Linear, delta: Delta) -> None:
        super().__init__()
        self.base = base
        self.delta = delta

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for x (..., in)."""
        if self.folds:
            return F.linear(x, self.base.weight + self.delta.weight(), self.base.bias)
        return self.base(x) + self.delta(x)

    @property
    def folds(self) -> bool:
        """Whether W + dW is computed first: one large product in place of several.

        Active dropout forbids it. With gradients it costs the full gradient of the
        weight, which in a wide layer is more than it saves (on a CPU with 850 tokens,
        above 256 inputs).
        """
        dropout = self.delta.dropout
        return not (dropout.training and dropout.p > 0) and (
            not torch.is_grad_enabled() or self.base.in_features <= FOLDING_WIDTH
        )


def linear_layer(block: Block, site: str) -> nn.Linear:
    """Return the linear layer of a block at a site such as "attn.qkv".

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        layer = block.get_submodule(site)
    except AttributeError:
        layer = None
    if not isinstance(layer, nn.Linear):
        raise ValueError(f"the backbone's blocks have no linear layer '{site}'")
    return layer


def add_delta(block: Block, site: str, delta: Delta) -> None:
    """Change the linear layer of a block at a site such as "attn.qkv"."""
    block.set_submodule(site, DeltaLinear(linear_layer(block, site), delta))


def add_shared(model: VisionTransformer, shared: nn.Module) -> None:
    """Register a module that the deltas of several layers share, once."""
    model.add_module("shared_factors", shared)


def fold_deltas(model: VisionTransformer) -> None:
    """Add every delta to its layer's weight, and remove it."""
    layers = {k: m for k, m in model.named_modules() if isinstance(m, DeltaLinear)}
    for name, layer in layers.items():
        with torch.no_grad():
            layer.base.weight += layer.delta.weight()
        model.set_submodule(name, layer.base)
    if hasattr(model, "shared_factors"):
        del model.shared_factors


# -- parallel -------------------------------------------------------------------------


class Parallel(nn.Module):
    """A branch with a bypass on the same input: DP(LS(f(x))) + DP'(C(x)).

    It owns the branch's layer scale and drop path: the bypass is not scaled, and its
    drop path is drawn independently.
    """

    def __init__(
        self,
        base: nn.Module,
        layer_scale: nn.Module,
        drop_path: nn.Module,
        bypass: nn.Module,
    ) -> None:
        super().__init__()
        self.base = base
        self.layer_scale = layer_scale
        self.drop_path = drop_path
        self.bypass = bypass
        self.bypass_drop_path = copy.deepcopy(drop_path)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Return the sum of branch and bypass for x (batch, tokens, D)."""
        branch = self.drop_path(self.layer_scale(self.base(x, **kwargs)))
        return branch + self.bypass_drop_path(self.bypass(x))


def add_parallel(block: Block, branch: int, bypass: nn.Module) -> None:
    """Add a bypass to a block's branch (1 attention, 2 MLP)."""
    site, scale, drop = BRANCHES[branch]
    base, layer_scale, drop_path = (getattr(block, k) for k in BRANCHES[branch])
    setattr(block, site, Parallel(base, layer_scale, drop_path, bypass))
    setattr(block, scale, nn.Identity())
    setattr(block, drop, nn.Identity())


# -- tokens ---------------------------------------------------------------------------


class PromptedBlock(nn.Module):
    """A block before which prompts (n, D) replace the prompts in the sequence.

    Prompts lie between the prefix tokens (class, registers) and the patches; `present`
    of them arrive at the block. If it has no prompts of its own, they stay. `removed`
    prompts are dropped after the block: behind the last one all are, so that pooling
    sees only the backbone's tokens.
    """

    def __init__(
        self,
        base: Block,
        prompt: nn.Parameter | None,
        dropout: float,
        *,
        prefix: int,
        present: int,
        removed: int,
    ) -> None:
        super().__init__()
        self.base = base
        self.prompt = prompt
        self.dropout = nn.Dropout(dropout)
        self.prefix = prefix
        self.present = present
        self.removed = removed

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Return the block's output for x (batch, tokens, D)."""
        prefix = self.prefix
        if self.prompt is not None:
            prompt = self.dropout(self.prompt.expand(len(x), -1, -1)).to(x.dtype)
            patches = x[:, prefix + self.present :]
            x = torch.cat((x[:, :prefix], prompt, patches), dim=1)
        x = self.base(x, **kwargs)
        if self.removed:
            x = torch.cat((x[:, :prefix], x[:, prefix + self.removed :]), dim=1)
        return x


def add_tokens(
    model: VisionTransformer,
    prompts: Sequence[nn.Parameter | None],
    dropout: float = 0.0,
) -> None:
    """Insert prompts before the blocks, one entry for each block.

    A block's prompts replace earlier ones; None keeps these.
    """
    present = 0
    blocks = transformer_blocks(model)
    for index, (block, prompt) in enumerate(zip(blocks, prompts, strict=True)):
        count = present if prompt is None else len(prompt)
        removed = count if block is blocks[-1] else 0
        if prompt is not None or removed:
            model.blocks[index] = PromptedBlock(
                block,
                prompt,
                dropout,
                prefix=model.num_prefix_tokens,
                present=present,
                removed=removed,
            )
        present = count


# -- unfreeze -------------------------------------------------------------------------


def unfreeze(model: VisionTransformer, is_trained: Callable[[str], bool]) -> None:
    """Train those of the model's own parameters whose names satisfy a condition."""
    for name, parameter in model.named_parameters():
        if is_trained(name):
            parameter.requires_grad_(True)
