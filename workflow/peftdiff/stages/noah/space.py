"""The candidates of NOAH's search, and how one becomes another.

Each module reaches from the first layer to a depth; each layer up to there has one of a
few sizes, the layers beyond have none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from numpy.random import Generator

Vector = tuple[int, ...]


class Candidate(NamedTuple):
    """The size of each module in every layer, first layers first, as NOAH takes it."""

    adapter: Vector
    lora: Vector
    prompts: Vector


@dataclass(frozen=True)
class Space:
    """What may be chosen: sizes of a layer, depths of a module; and the layers' number.

    All are in rising order.
    """

    sizes: Vector
    depths: Vector
    layers: int


@dataclass(frozen=True)
class MutationRates:
    """Probabilities: of a module to mutate, and then of its depth and of each size."""

    module: float
    depth: float
    size: float


def search_space(sizes: Sequence[int], depths: Sequence[float], layers: int) -> Space:
    """Return the space of a backbone with that many layers.

    `depths` are shares of the layers; at least one layer is meant by each.
    """
    counts = {max(1, round(share * layers)) for share in depths}
    return Space(tuple(sorted(set(sizes))), tuple(sorted(counts)), layers)


def largest(space: Space) -> Candidate:
    """Return the candidate of which all others are parts."""
    return Candidate._make([(space.sizes[-1],) * space.layers] * 3)


def sample(space: Space, random: Generator) -> Candidate:
    """Draw a depth for each module, then a size for each of its layers."""
    return Candidate._make(
        _vector((), _depth(space, random), space, random) for _ in Candidate._fields
    )


def mutate(
    candidate: Candidate, space: Space, rates: MutationRates, random: Generator
) -> Candidate:
    """Change the depth and the sizes of some modules.

    A smaller depth cuts the last sizes off, a larger one adds random ones. Unlike the
    published search, which changes depths alone, sizes that stay are drawn again, too.
    """
    return Candidate._make(
        _mutated(vector, space, rates, random) for vector in candidate
    )


def cross(one: Candidate, other: Candidate, random: Generator) -> Candidate:
    """Take each module's sizes whole from either of two candidates."""
    return Candidate._make(
        pair[random.integers(2)] for pair in zip(one, other, strict=True)
    )


def parameters(candidate: Candidate, width: int) -> int:
    """Return how many numbers a candidate trains at a width D, the head not counted.

    An adapter of h units has 2 h D + h + D, a change of rank r of the fused qkv layer
    4 r D, n prompts n D.
    """
    adapter = sum(2 * h * width + h + width for h in candidate.adapter if h)
    return adapter + 4 * width * sum(candidate.lora) + width * sum(candidate.prompts)


def _depth(space: Space, random: Generator) -> int:
    return int(random.choice(space.depths))


def _size(space: Space, random: Generator) -> int:
    return int(random.choice(space.sizes))


def _vector(kept: Vector, depth: int, space: Space, random: Generator) -> Vector:
    """Return the kept sizes, cut off or continued by random ones up to a depth."""
    new = tuple(_size(space, random) for _ in range(depth - len(kept)))
    return (*kept[:depth], *new, *(0,) * (space.layers - depth))


def _mutated(
    vector: Vector, space: Space, rates: MutationRates, random: Generator
) -> Vector:
    if random.random() >= rates.module:
        return vector
    sizes = tuple(size for size in vector if size)
    depth = _depth(space, random) if random.random() < rates.depth else len(sizes)
    drawn = tuple(
        _size(space, random) if random.random() < rates.size else size for size in sizes
    )
    return _vector(drawn, depth, space, random)
