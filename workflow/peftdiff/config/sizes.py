"""Checks of the methods' sizes against those of the backbone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from peftdiff.config.parameters import method_keywords
from peftdiff.config.sentences import where
from peftdiff.runtime import UserError

RANKS = {"lora": "rank", "fact_tt": "rank", "fact_tk": "rank", "noah": "lora"}
"""The key of each method that is the rank of a change of the backbone's matrices."""

NOAH_MODULES = ("adapter", "lora", "prompts")
NOAH_LAYERS = 3  # its published sizes are those of so many layers


def check_sizes(
    hyperparameters: Mapping[str, Mapping[str, Any]],
    methods: Iterable[str],
    *,
    width: int,
    depth: int,
    searched: Iterable[int] = (),
) -> None:
    """Check the sizes of methods against a backbone's.

    Parameters
    ----------
    hyperparameters
        Of each method those that are given, presets filled in.
    methods
        The methods that are used.
    width, depth
        The size of a token, and the number of blocks.
    searched
        The sizes that NOAH's search tries, if it has any; the given ones do not matter
        then.

    Raises
    ------
    UserError
        Naming the key, its value and what is allowed.
    """
    for method in methods:
        given = hyperparameters.get(method, {})
        if method == "noah" and (tried := list(searched)):
            _check_searched(tried, width)
            continue
        if method == "noah":
            _check_layers(given, depth)
        if method in RANKS:
            _check_rank(method, given, width)


def _check_rank(method: str, given: Mapping[str, Any], width: int) -> None:
    name = RANKS[method]
    rank = given.get(name, method_keywords(method)[name].default)
    if rank is None:  # NOAH's published ones, which fit
        return
    largest = max(rank) if isinstance(rank, list) else rank
    if largest > width:
        by_default = "" if name in given else " by default"
        raise UserError(
            f"{where(f'hyperparameters.{method}.{name}')} is {rank}{by_default}, but"
            f" the backbone's matrices have a rank of {width}; it must be {width} or"
            " less"
        )


def _check_searched(sizes: list[int], width: int) -> None:
    if max(sizes) > width:
        raise UserError(
            f"{where('noah.levels')} has sizes up to {max(sizes)}, also of LoRA's rank,"
            f" but the backbone's matrices have a rank of {width}; make them {width} or"
            " less"
        )


def _check_layers(given: Mapping[str, Any], depth: int) -> None:
    for module in NOAH_MODULES:
        sizes, key = given.get(module), f"hyperparameters.noah.{module}"
        if isinstance(sizes, list) and len(sizes) != depth:
            raise UserError(
                f"{where(key)} has {len(sizes)} sizes,"
                f" but the backbone has {depth} layers; give one size,"
                " or one for each layer"
            )
        if sizes is None and depth < NOAH_LAYERS:
            raise UserError(
                f"{where(key)} is not given, and the published sizes are those of"
                f" {NOAH_LAYERS} layers, but the backbone has {depth}; give one size,"
                " or one for each layer"
            )
