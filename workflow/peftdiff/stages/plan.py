"""The plan of a run: everything that its result depends on, and so its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from peftdiff.data.normalization import normalization_of
from peftdiff.models.device import Setting
from peftdiff.runtime import digest
from peftdiff.training.recipe import Recipe

Config = Mapping[str, Any]
Starts = Mapping[str, Mapping[int, str]]
Results = Mapping[str, Mapping[str, Any]]

# Raise a stage's number when its code would give other numbers than before.
STAGE_VERSIONS = {
    "pretrain_backbone": 2,
    "fetch_backbone": 1,
    "train_cnn": 1,
    "train_supernet": 1,
    "search_noah": 1,
    "train_method": 2,
    "fine_tune": 2,
}


@dataclass(frozen=True)
class Plan:
    """How a run is made.

    Parameters
    ----------
    stage
        One of `STAGE_VERSIONS`.
    start
        The key of the run whose weights this one starts from ("" for none).
    method
        What is trained: a method's slug.
    hyperparameters
        The method's, or the architecture where a backbone is trained from scratch.
    recipe
        How the model is trained; None where nothing is trained, or where the recipe is
        still to be selected, so that no run has this plan's key.
    data
        Checksums of the images, and how they are normalized.
    seed
        Seed of the initialisation, of the data order and of the augmentation.
    setting
        The type of the device, and the precision.
    """

    stage: str
    start: str
    method: str
    hyperparameters: Mapping[str, Any]
    recipe: Recipe | None
    data: Mapping[str, Any]
    seed: int
    setting: Setting

    def identity(self) -> dict[str, Any]:
        """Return everything that the run's result depends on."""
        recipe = self.recipe.identity() if self.recipe else {}
        version = STAGE_VERSIONS[self.stage]
        return asdict(self) | {"recipe": recipe, "version": version}

    @property
    def training_recipe(self) -> Recipe:
        """The recipe of a plan that trains.

        Raises
        ------
        ValueError
            Where nothing is trained by this plan.
        """
        if self.recipe is None:
            raise ValueError(f"a plan of {self.stage} has no recipe")
        return self.recipe

    @property
    def key(self) -> str:
        """The digest of the run's identity."""
        return digest(self.identity())


def recipe_of(section: Config, method: str = "") -> Recipe:
    """Return the recipe of a section of the configuration.

    Parameters
    ----------
    section
        It has a `recipe`, and may have the `learning_rates` of single methods.
    method
        The method that is trained, if the section has rates of single methods.
    """
    recipe = Recipe.of(section["recipe"])
    rate = section.get("learning_rates", {}).get(method, recipe.learning_rate)
    return replace(recipe, learning_rate=rate)


def data_of(checksums: Iterable[str], normalization: str | Config) -> dict[str, Any]:
    """Return the part of a run's identity that describes its normalized images."""
    return {"checksums": list(checksums), **normalization_of(normalization)}


def architecture_of(backbone: Config) -> dict[str, Any]:
    """Return what the backbone is built from, of the section `backbone`.

    Either the sizes of the embedded one, or the name of one of timm's; its image_size
    is that of all images.
    """
    architecture = backbone["architecture"]
    if isinstance(architecture, str):
        return {"name": architecture, "image_size": backbone["image_size"]}
    return dict(architecture)
