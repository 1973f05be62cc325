"""What tests of training share: a checkpoint, a small model, an augmentation."""

import torch

from peftdiff.methods import attach
from peftdiff.models.vit import build_backbone, set_drop_path, set_head
from peftdiff.training.seeds import generator

# All that can be done to an image, as NOAH's recipe does it.
AUGMENTATION = {
    "crop": [0.08, 1.0],
    "flip": 0.5,
    "randaugment": "rand-m9-mstd0.5-inc1",
    "color_jitter": 0.4,
    "erasing": 0.25,
    "mixup": 0.8,
    "cutmix": 1.0,
}


class Memory:
    """A checkpoint in memory that can stop a run after an epoch, as a kill would."""

    def __init__(self, stop=None):
        self.state, self.stop = None, stop

    def save(self, tensors, epoch):
        self.state = {k: v.copy() for k, v in tensors.items()}, epoch
        if epoch == self.stop:
            raise KeyboardInterrupt

    def load(self):
        return self.state


def new_model(architecture, method="adapter", drop_path=0.0):
    """Return the same small model of three classes each time."""
    torch.manual_seed(0)
    model = build_backbone(architecture)
    set_drop_path(model, drop_path)
    # Dropout, so that its random numbers must be resumed as well.
    sizes = {"dropout": 0.2} if method in ("adapter", "lora") else {}
    attach(model, method, generator=generator(0), **sizes)
    set_head(model, 3, generator(1))
    return model
