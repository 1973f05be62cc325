"""Training: one model, one labelled set of images, one recipe, one seed.

The data order, the augmentation and the dropout of an epoch are functions of the seed
and the epoch's number alone, so a run resumed after any epoch ends with the numbers of
an undisturbed one.

- ``recipe``: how a model is trained
- ``seeds``: a random generator for each purpose
- ``losses``: what training lowers
- ``device``: where and how precisely models compute
- ``drawing``: how the batches of an epoch are drawn, and what they hold
- ``optimizer``: the steps, and the rates of head and method
- ``checkpoint``: the state of a run under way, and how it goes on
- ``loop``: the epochs
- ``measuring``: accuracy
"""

from peftdiff.models.device import autocast, on_device
from peftdiff.models.forward import accuracy
from peftdiff.training.checkpoint import Checkpoint
from peftdiff.training.loop import fit
from peftdiff.training.losses import cross_entropy, factored_cross_entropy
from peftdiff.training.optimizer import Recipe
from peftdiff.training.seeds import generator

__all__ = [
    "Checkpoint",
    "Recipe",
    "accuracy",
    "autocast",
    "cross_entropy",
    "factored_cross_entropy",
    "fit",
    "generator",
    "on_device",
]
