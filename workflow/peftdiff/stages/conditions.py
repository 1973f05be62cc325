"""What all training of an experiment has in common, whatever is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peftdiff.normalization import Level
from peftdiff.plans import data_of
from peftdiff.runs import RunStore
from peftdiff.runtime import Setting, prepare_torch


@dataclass(frozen=True)
class Conditions:
    """What the jobs that train are told in the same words.

    Parameters
    ----------
    normalization
        The mean and the std of images, see `normalization.normalization_of`.
    device
        The configured names of the device and of the precision.
    store
        The folder of the run store, and whether to repeat what it remembers.
    """

    normalization: Mapping[str, Level]
    device: tuple[str, str]
    store: tuple[str, bool]

    def data(self, *checksums: str) -> dict[str, Any]:
        """Return what a run's result owes to its images, see `plans.data_of`."""
        return data_of(checksums, self.normalization)

    def setting(self, threads: int = 1) -> Setting:
        """Return how models run, and prepare torch for it."""
        return prepare_torch(*self.device, threads=threads)

    def runs(self) -> RunStore:
        """Return the run store."""
        root, retrain = self.store
        return RunStore(root, retrain=retrain)
