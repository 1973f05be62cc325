"""The stages of training: what a plan's run starts from and what it leaves behind.

Each asks the run store first. Nothing here imports torch before it trains or embeds.

- ``pretraining``: the backbone and the CNN, trained or fetched
- ``source_training``: a method on the source
- ``fine_tuning``: a method on a task, and its accuracy there
- ``embedding``: the models that tasks are embedded by
- ``noah``: the search of NOAH's sizes
- ``plan``: what a run's result depends on; ``store``: the finished runs
- ``context``: what all training of an experiment has in common
- ``starting``: what a run starts from; ``fitting``: how every method is trained
- ``experiment``: all runs of an experiment; ``status``: how far they are
"""

from peftdiff.stages.context import TrainingContext
from peftdiff.stages.embedding import embed_by_cnn, embedding_models
from peftdiff.stages.fine_tuning import fine_tune, fine_tune_pool, read_held_out
from peftdiff.stages.pretraining import (
    fetch_backbone,
    fetch_cnn,
    pretrain_backbone,
    train_cnn,
)
from peftdiff.stages.source_training import source_times, train_method
from peftdiff.stages.starting import StartingModels, read_starting_models, start_model

__all__ = [
    "StartingModels",
    "TrainingContext",
    "embed_by_cnn",
    "embedding_models",
    "fetch_backbone",
    "fetch_cnn",
    "fine_tune",
    "fine_tune_pool",
    "pretrain_backbone",
    "read_held_out",
    "read_starting_models",
    "source_times",
    "start_model",
    "train_cnn",
    "train_method",
]
