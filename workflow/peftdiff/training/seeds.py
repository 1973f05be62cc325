"""Random numbers: every purpose of a seed has some of its own."""

from __future__ import annotations

import torch

from peftdiff.runtime import digest


def seed_for(seed: int, *purpose: str | int) -> int:
    """Return the seed of one purpose of a seed."""
    return int(digest([seed, *purpose])[:15], 16)


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Return a random generator for one purpose of one seed."""
    return torch.Generator().manual_seed(seed_for(seed, *purpose))
