"""The stages of training: what a plan's run starts from and what it leaves behind.

Each asks the run store first. Nothing here imports torch before it trains or embeds.

- ``pretraining``: the backbone and the CNN, trained or fetched
- ``source_training``: a method on the source
- ``fine_tuning``: a method on a task, and its accuracy there
- ``embedding``: the models that tasks are embedded by
- ``starting``: what a run starts from; ``fitting``: what runs of methods share
- ``conditions``: what all jobs that train are told
"""

from peftdiff.stages.embedding import embed_by_cnn, embedding_models
from peftdiff.stages.fine_tuning import fine_tune, fine_tune_pool, read_held_out
from peftdiff.stages.pretraining import (
    fetch_backbone,
    fetch_cnn,
    pretrain_backbone,
    train_cnn,
)
from peftdiff.stages.source_training import source_times, train_method
from peftdiff.stages.starting import Conditions, read_starts, start_model

__all__ = [
    "Conditions",
    "embed_by_cnn",
    "embedding_models",
    "fetch_backbone",
    "fetch_cnn",
    "fine_tune",
    "fine_tune_pool",
    "pretrain_backbone",
    "read_held_out",
    "read_starts",
    "source_times",
    "start_model",
    "train_cnn",
    "train_method",
]
