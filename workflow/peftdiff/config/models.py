"""The sections `backbone` and `source`, and the CNN of the studies."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import Tag

from peftdiff.config.recipes import DropPathRecipe, Recipe, SourceRecipe
from peftdiff.config.values import (
    BY_FORM,
    WHOLE,
    Count,
    PathText,
    Positive,
    Section,
    Seed,
    Seeds,
    Text,
    matching,
)
from peftdiff.methods import METHODS
from peftdiff.parameters import OneOf

PoolMethod = Annotated[str, OneOf(m.slug for m in METHODS.values() if m.in_pool)]

TIMM_NAME = r"[A-Za-z0-9_]+([.][A-Za-z0-9_]+)?"
VIT_NAME = matching(
    TIMM_NAME, "timm's name of a model, such as vit_base_patch16_224.orig_in21k"
)
CNN_NAME = matching(TIMM_NAME, "timm's name of a model, such as resnet152.a1_in1k")
WEIGHTS_FILE = matching(r"[\s\S]+[.](safetensors|npz)", "a .safetensors or .npz file")


MOST_BLOCKS = 1000
Depth = Annotated[int, Ge(1), Le(MOST_BLOCKS), WHOLE]


class Architecture(Section):
    """The sizes of a vision transformer that is pre-trained here."""

    image_size: Annotated[Literal[32], WHOLE]
    """The height and width of the images in pixels; the embedded ones have 32."""

    patch_size: Count
    """The height and width of a patch in pixels; it divides `image_size`."""

    width: Count
    """The size of a token."""

    depth: Depth
    """The number of blocks."""

    heads: Count
    """The number of attention heads; it divides `width`."""


class Backbone(Section):
    """The frozen model, pre-trained on the embedded images or elsewhere."""

    architecture: Annotated[
        Annotated[Architecture, Tag("mapping")]
        | Annotated[str, *VIT_NAME, Tag("text")],
        BY_FORM,
    ]
    """The sizes of a vision transformer that is pre-trained here, on the embedded
    images; or the name of one that timm has pre-trained, with the tag of its weights,
    such as `vit_base_patch16_224.orig_in21k`, which is fetched and heeds none of
    `images`, `seed`, `threads` and `recipe`."""

    images: Count
    """The number of pre-training images."""

    seed: Seed
    """Seed of initialisation and data order."""

    threads: Count
    """The number of threads of the pre-training job; the last digits of its result
    depend on it."""

    recipe: DropPathRecipe
    """How the backbone is pre-trained."""

    weights: Annotated[str, *WEIGHTS_FILE] | None
    """Of a backbone with a name, a file of its weights: `.safetensors`, or the `.npz`
    of an original (JAX) checkpoint; null to fetch them from the Hugging Face hub."""

    image_size: Count | None
    """Of a backbone with a name, the height and width of its input in pixels; null for
    one that is pre-trained here, whose architecture says it."""


class SourceHub(Section):
    """A dataset of the Hugging Face hub, in Parquet files."""

    repository: Text
    """The owner and the name of the dataset."""

    files: Text
    """Its files to draw from, by a pattern with `*`."""

    revision: Text
    """A commit, or a branch, which is resolved at the time of the download."""

    image: Text
    """The column of encoded images."""

    label: Text
    """The column of classes."""


class Source(Section):
    """The training of each method on the source, with the backbone frozen."""

    images: Count
    """The number of source images; of files, `source.shots` goes before."""

    seeds: Seeds
    """Seeds of source training; each method has one source model per seed."""

    recipe: SourceRecipe
    """How methods are trained on the source."""

    learning_rates: dict[PoolMethod, Positive]
    """Learning rates of single methods, where they differ."""

    folder: PathText | None
    """Own source images, such as a copy of ImageNet, in class folders (or a folder
    `train` of them), or a CSV file with the columns path and label; null for
    `source.hub`, or else the embedded source."""

    hub: SourceHub | None
    """A dataset of the Hugging Face hub, in Parquet files, of which `source.shots`
    images of each class are drawn. Its files are downloaded one by one until every
    class has so many."""

    shots: Count | None
    """The number of images of each class that are drawn from the folder, or from the
    hub's dataset; null to draw `source.images` of the folder in all."""

    draw_seed: Seed
    """Seed of the draw of images from the folder, or from the hub's dataset."""

    stored_size: Count | None
    """The height and width in pixels to which the central squares of these images are
    resized before they are cropped to the backbone's input; null for that of the input.
    """


Stages = Annotated[list[Depth], MinLen(4), MaxLen(4)]
Channels = Annotated[list[Annotated[int, Ge(2), WHOLE]], MinLen(4), MaxLen(4)]


class CnnArchitecture(Section):
    """The sizes of a small ResNet of four stages."""

    blocks: Stages
    """The number of blocks of each stage."""

    channels: Channels
    """The number of channels of each stage."""


class Cnn(Section):
    """A convolutional network, for comparison."""

    architecture: Annotated[
        Annotated[CnnArchitecture, Tag("mapping")]
        | Annotated[str, *CNN_NAME, Tag("text")],
        BY_FORM,
    ]
    """The blocks and channels of four stages of a small ResNet, which is trained on the
    backbone's images; or the name of one that timm has pre-trained, such as
    `resnet152.a1_in1k`, which is fetched and needs no recipe."""

    seed: Seed
    """Seed of initialisation and data order."""

    recipe: Recipe
    """How the CNN is trained."""
