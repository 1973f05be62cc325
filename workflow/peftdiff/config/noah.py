"""The section `noah`: the search of NOAH's sizes on the source."""

from __future__ import annotations

from typing import Literal

from peftdiff.config.recipes import DropPathRecipe
from peftdiff.config.values import (
    Count,
    HeldOutShare,
    Natural,
    Probability,
    Section,
    Seed,
    ShareOfAll,
    Some,
)


class Mutation(Section):
    """Probabilities of changes in a mutated candidate."""

    module: Probability
    """The probability that a module mutates."""

    depth: Probability
    """The probability that the depth of a mutating module is drawn again."""

    size: Probability
    """The probability that a size of a mutating module is drawn again."""


class Evolution(Section):
    """How candidates are searched."""

    population: Count
    """The number of candidates of each generation."""

    generations: Natural
    """The number of generations after the first, random one."""

    parents: Count
    """The number of the fittest so far that have the next generation."""

    mutations: Natural
    """The number of candidates of a generation that are mutated parents."""

    crossovers: Natural
    """The number of candidates of a generation that are two parents crossed; random
    ones fill it up."""

    tries: Count
    """The number of draws for each candidate that is wanted. Those already seen, or
    over the limit, do not count."""

    parameter_limit: Count
    """The largest number of trained parameters of a candidate, the head not counted."""

    mutation: Mutation
    """Probabilities that a module mutates, and then its depth, and each of its sizes.
    """


class Level(Section):
    """A search of one length."""

    sizes: Some[Count]
    """The sizes that a module can have in a layer; the supernet has the largest."""

    depths: Some[ShareOfAll]
    """The shares of the backbone's layers to which a module can reach."""

    recipe: DropPathRecipe
    """How the supernet is trained."""

    evolution: Evolution
    """How candidates are searched."""


class Levels(Section):
    """Two lengths of the search."""

    lite: Level
    """The short search."""

    full: Level
    """The search at its published length."""


class Noah(Section):
    """The search of NOAH's sizes on the source."""

    search: Literal["none", "lite", "full"]
    """With `none`, NOAH has the sizes of `hyperparameters`; else they are searched, as
    the level of this name says."""

    seed: Seed
    """Seed of the supernet, its candidates, the split and the evolution."""

    validation_share: HeldOutShare
    """The share of the source images of each class on which candidates are compared;
    the supernet is trained on the others."""

    levels: Levels
    """The lengths of the search: sizes, recipe of the supernet, evolution."""
