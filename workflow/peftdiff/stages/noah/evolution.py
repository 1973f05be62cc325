"""The evolutionary search: the fittest candidates have the next ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from peftdiff.runtime import UserError, logger
from peftdiff.stages.noah.space import (
    Candidate,
    MutationRates,
    Space,
    cross,
    mutate,
    sample,
)

Fitness = Callable[[Candidate], float]
Cost = Callable[[Candidate], int]


@dataclass(frozen=True)
class Evolution:
    """How the search goes.

    Parameters
    ----------
    population
        Candidates of the first generation, and of every later one.
    generations
        Those after the first, random one.
    parents
        How many of the fittest so far have the next generation.
    mutations, crossovers
        Candidates of a generation that are made so; random ones fill it up.
    tries
        Draws for each candidate that is wanted, before fewer are taken.
    parameter_limit
        A candidate trains at most so many numbers.
    mutation
        Its probabilities.
    """

    population: int
    generations: int
    parents: int
    mutations: int
    crossovers: int
    tries: int
    parameter_limit: int
    mutation: MutationRates


class Found(NamedTuple):
    """The fittest candidate, its fitness, and a line per generation."""

    best: Candidate
    fitness: float
    generations: list[dict[str, Any]]


def evolve(
    space: Space, how: Evolution, *, fitness: Fitness, cost: Cost, seed: int
) -> Found:
    """Search for the fittest candidate; among equals, the one that costs least.

    Every generation is ranked, the last one too (the published code does not look at
    that one again). The same seed and fitness give the same candidates.

    Parameters
    ----------
    fitness
        Asked once for each candidate.
    cost
        What is held against the limit.

    Raises
    ------
    UserError
        Where no candidate is found within the limit.
    """
    random = np.random.default_rng(seed)
    known: dict[Candidate, float] = {}
    seen: set[Candidate] = set()
    generations: list[dict[str, Any]] = []
    ranked: list[Candidate] = []

    def acceptable(candidate: Candidate) -> bool:
        new = candidate not in seen and cost(candidate) <= how.parameter_limit
        seen.add(candidate)
        return new

    def rank(candidate: Candidate) -> tuple[Any, ...]:
        return -known[candidate], cost(candidate), candidate

    for number in range(how.generations + 1):
        parents = ranked[: how.parents]
        new = _generation(space, how, parents, acceptable, random)
        if not new:
            logger.info("generation %d has no new candidates: the search ends", number)
            break
        known |= {candidate: fitness(candidate) for candidate in new}
        ranked = sorted(known, key=rank)
        best = known[ranked[0]]
        logger.info(
            "generation %d/%d  %d candidates  best %.2f",
            number,
            how.generations,
            len(new),
            best,
        )
        generations.append({"generation": number, "candidates": len(new), "best": best})
    if not ranked:
        raise UserError(
            f"no candidate of NOAH's search has at most {how.parameter_limit}"
            " parameters; raise 'parameter_limit' of the search's level, or lower its"
            " 'sizes'"
        )
    return Found(ranked[0], known[ranked[0]], generations)


def _generation(
    space: Space,
    how: Evolution,
    parents: list[Candidate],
    acceptable: Callable[[Candidate], bool],
    random: Generator,
) -> list[Candidate]:
    """Return a generation's candidates: mutated and crossed ones, then random ones."""

    def parent() -> Candidate:
        return parents[random.integers(len(parents))]

    def draw(make: Callable[[], Candidate], count: int) -> list[Candidate]:
        drawn: list[Candidate] = []
        for _ in range(how.tries * count):
            if len(drawn) == count:
                break
            if acceptable(candidate := make()):
                drawn.append(candidate)
        return drawn

    new: list[Candidate] = []
    if parents:
        new += draw(
            lambda: mutate(parent(), space, how.mutation, random), how.mutations
        )
        new += draw(lambda: cross(parent(), parent(), random), how.crossovers)
    return new + draw(lambda: sample(space, random), how.population - len(new))
