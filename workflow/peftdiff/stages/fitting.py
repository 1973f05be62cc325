"""What the training of every method on every data set has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from peftdiff.records import Tensors
from peftdiff.stages.plan import Plan
from peftdiff.stages.store import Checkpoint

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer
    from torch import Tensor

    from peftdiff.data.images import Images


def fit_with_new_head(
    model: VisionTransformer,
    plan: Plan,
    images: Images,
    checkpoint: Checkpoint,
    workers: int = 0,
) -> float:
    """Train a model as planned, with a head for the images' classes; return seconds."""
    from peftdiff.models.vit import set_head
    from peftdiff.training.loop import fit
    from peftdiff.training.seeds import generator

    set_head(model, images.classes[0], generator(plan.seed, "head"))
    return fit(
        model,
        images,
        plan.training_recipe,
        seed=plan.seed,
        name=f"{plan.method} seed {plan.seed}",
        setting=plan.setting,
        checkpoint=checkpoint,
        size=model.patch_embed.img_size[0],
        workers=workers,
    )


def arrays_of(state: Mapping[str, Tensor]) -> Tensors:
    """Return tensors as the run store keeps them."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}
