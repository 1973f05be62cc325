"""The section `data`: where images are from, and what is done to them."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import Tag

from peftdiff.config.values import (
    BY_FORM,
    NUMBER,
    Count,
    NotNegative,
    OwnTaskName,
    PathText,
    Positive,
    Probability,
    Section,
    Seed,
    ShareBelowOne,
    Text,
    matching,
)
from peftdiff.data.normalization import NORMALIZATIONS
from peftdiff.parameters import OneOf

# Pixels are in [0, 1] here; elsewhere they may be counted up to 255.
Spread = Annotated[float, Ge(0.001), Le(1), *NUMBER]
Mean = Annotated[
    Annotated[Probability, Tag("number")]
    | Annotated[list[Probability], MinLen(3), MaxLen(3), Tag("list")],
    BY_FORM,
]
Std = Annotated[
    Annotated[Spread, Tag("number")]
    | Annotated[list[Spread], MinLen(3), MaxLen(3), Tag("list")],
    BY_FORM,
]


class Normalization(Section):
    """A normalization by numbers: one for all channels, or three."""

    mean: Mean
    """What is subtracted."""

    std: Std
    """What is then divided by."""


class VtabHub(Section):
    """A dataset of the Hugging Face hub that holds VTAB-1k."""

    repository: Text
    """The owner and the name of the dataset."""

    file: Text
    """The zip archive in it."""

    revision: Text
    """A commit, or a branch, which is resolved at the time of the download."""


class Data(Section):
    """Where images are from, the sizes of the tasks, and the normalization."""

    train_images: Count
    """The number of training images of each generated task, and of each of your own.
    VTAB-1k's tasks have 1000."""

    test_share: ShareBelowOne
    """The share of the images of your own tasks that is set aside for testing, unless
    it is more than `data.test_images`, before at most `data.train_images` others train.
    """

    test_images: Count
    """The number of test images of each generated task, and the largest number of those
    of your own tasks. VTAB-1k's are taken whole."""

    normalization: Annotated[
        Annotated[Normalization, Tag("mapping")]
        | Annotated[str, OneOf(NORMALIZATIONS), Tag("text")],
        BY_FORM,
    ]
    """How pixels in [0, 1] are normalized before any model sees them. `imagenet` is the
    convention of the methods' authors, `half` is 0.5 and 0.5, `none` leaves them as
    they are; or a mean, which is subtracted, and a std, by which is divided, each one
    number or three for the channels."""

    interpolation: Literal["bicubic", "bilinear"]
    """How image files are resized to the backbone's input."""

    resize: Literal["squash", "crop", "pad"]
    """How the images of tasks become squares: `squash` resizes the whole image to one,
    whatever its shape, as the methods' authors do; `crop` takes the central square;
    `pad` adds white at two sides. Of a source's images the central squares are taken.
    """

    unreadable: Literal["error", "skip"]
    """What becomes of images of your own tasks, and of the source, that cannot be
    decoded: `error` stops and lists them all, `skip` leaves them out and counts them.
    """

    stored_test_gigabytes: NotNegative
    """The size (in 10^9 bytes) up to which a task's test images are kept decoded. More
    are decoded whenever they are read."""

    image_folders: dict[OwnTaskName, PathText]
    """Your own tasks by name. Each is a folder of class folders, or a CSV file with the
    columns path and label; it is named in `tasks`, too."""

    split_seed: Seed
    """Seed of the split of your own tasks into training and test images."""

    missing_tasks: Literal["error", "skip"]
    """What becomes of a task whose images are not there; `skip` leaves it out, with a
    warning."""

    vtab_root: PathText | None
    """A folder with VTAB-1k's tasks; null to download them into `results/downloads/`.
    """

    vtab_hub: VtabHub | None
    """The dataset on the Hugging Face hub that VTAB-1k is downloaded from; null to take
    `data.vtab_url`."""

    vtab_url: (
        Annotated[str, *matching("[a-z]+://.+", "an address such as https://...")]
        | None
    )
    """The address of a zip archive of VTAB-1k, which is taken where the hub does not
    have it."""

    vtab_sha256: (
        Annotated[str, *matching("[0-9a-fA-F]{64}", "64 hexadecimal digits")] | None
    )
    """The SHA-256 that the downloaded archive must have; null to note it only."""

    unpacked_gigabytes: Positive
    """The size (in 10^9 bytes) that the unpacked archive may have at most."""


class Embedding(Section):
    """Which images are embedded and scored."""

    split: Literal["train", "test"]
    """Whether the training images or the test images are taken."""

    max_images: Count
    """The largest number of images; they are the first ones of the split."""

    batch_size: Count
    """The number of images that go through a model at a time."""
