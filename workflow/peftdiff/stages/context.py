"""What all training of an experiment has in common, whatever is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peftdiff.data.normalization import PerChannel
from peftdiff.models.device import Setting, prepare_torch
from peftdiff.stages.plan import data_of
from peftdiff.stages.store import RunStore


@dataclass(frozen=True)
class TrainingContext:
    """The run store, where models run, and how their images are normalized.

    Parameters
    ----------
    store
        It remembers finished runs.
    setting
        The type of the device, and the precision.
    normalization
        The mean and the std of images, see `data.normalization.normalization_of`.
    """

    store: RunStore
    setting: Setting
    normalization: Mapping[str, PerChannel]

    @classmethod
    def prepare(
        cls,
        *,
        store: str,
        retrain: bool,
        device: str,
        precision: str,
        normalization: Mapping[str, PerChannel],
        threads: int = 1,
    ) -> TrainingContext:
        """Return the context of configured names, and prepare torch for it.

        Parameters
        ----------
        store
            The folder of the run store.
        retrain
            Whether to repeat the runs that the store remembers.
        device, precision
            As in the configuration; either may be "auto".
        threads
            The threads of torch, on which last digits depend.
        """
        return cls(
            store=RunStore(store, retrain=retrain),
            setting=prepare_torch(device, precision, threads=threads),
            normalization=normalization,
        )

    def data(self, *checksums: str) -> dict[str, Any]:
        """Return the part of a run's identity that describes its images.

        See `plan.data_of`.
        """
        return data_of(checksums, self.normalization)
