"""Augmentation of training images, by timm's own parts.

Each image is cropped, flipped and changed by itself, in worker processes; then parts of
a batch's images are erased, and images mixed, on the device. timm draws from the global
generators of Python, numpy and torch. They are seeded for every image (by seed, epoch
and row) and for every batch, and set back afterwards. So what an image becomes depends
neither on the workers nor on where training was interrupted, and the random numbers of
all else, such as dropout, stay what they are. Threads would share those generators, and
so have to wait for each other: hence processes.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data import Mixup, create_transform
from timm.data.auto_augment import posterize
from timm.data.random_erasing import RandomErasing
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from peftdiff.data.images import Images
from peftdiff.data.normalization import PerChannel
from peftdiff.models.vit import to_input
from peftdiff.runtime import UserError, digest

Pixels = NDArray[np.uint8]
Order = list[list[int]]  # the rows of each batch

# ASSUME: bicubic crops, erased parts filled with noise: what timm-based recipes call
# `train-interpolation` and `remode`, at the values of NOAH's.
INTERPOLATION = "bicubic"
ERASED = "pixel"

WATCH_SECONDS = 0.5


@contextlib.contextmanager
def seeded(*purpose: str | int, device: str = "cpu") -> Iterator[None]:
    """Seed the generators of Python, numpy and torch; set them back at the end."""
    number = int(digest(list(purpose))[:8], 16)  # numpy takes 32 bits
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    gpus = [torch.cuda.current_device()] if device == "cuda" else []
    with torch.random.fork_rng(gpus):
        torch.default_generator.manual_seed(number)
        if gpus:
            torch.cuda.manual_seed(number)
        random.seed(number)
        np.random.seed(number)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


class Augmented(Dataset[Pixels]):
    """Images that are other ones in every epoch.

    Parameters
    ----------
    images
        At least as large as the model's input.
    parts
        The recipe's `augmentation`; a part that is not named, None or 0 does nothing.
        crop: smallest and largest share of the area that a random crop has (none: the
        central square). flip: probability of mirroring left and right. randaugment:
        timm's name of a RandAugment. color_jitter: its strength; as in timm, it acts
        only without RandAugment. erasing: probability of erasing a rectangle.
        mixup, cutmix: parameters of their beta distributions; where both are above 0,
        each batch is mixed by one or the other.
    size
        Height and width of the model's input.
    workers
        Processes beside this one; none: all is done in this one.
    """

    def __init__(
        self,
        images: Images,
        parts: Mapping[str, Any],
        *,
        size: int,
        device: str = "cpu",
        workers: int = 0,
    ) -> None:
        crop = parts.get("crop")
        self._images = images if crop else images.center(size)
        self._labels = torch.from_numpy(np.array(images.labels))
        self._device, self._workers = device, workers
        self._transform = _image_transform(parts, size, images.mean)
        self._erase = _erasing(parts, device)
        self._mix = _mixing(parts, images.classes[0])
        self._key: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._labels)

    def __getitem__(self, row: int) -> Pixels:
        """Return an image (3, size, size) as the present epoch has it."""
        pixels = np.array(self._images.pixels[row : row + 1])[0]
        seed, epoch = self._key
        with seeded("image", seed, epoch, row):
            return np.asarray(self._transform(Image.fromarray(pixels)))

    def epoch(
        self, order: Order, seed: int, epoch: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield normalized batches (n, 3, size, size) and their labels.

        Labels are (n,), or (n, classes) where images are mixed: each class's share.
        """
        self._key = seed, epoch
        batches = DataLoader(
            self,
            batch_sampler=order,
            collate_fn=np.stack,
            num_workers=self._workers,
            # Forked, so that workers see the images without a copy of their own.
            multiprocessing_context="fork" if self._workers else None,
            worker_init_fn=partial(_end_with, os.getpid()),
            generator=torch.Generator(),  # or it would draw from the global one
        )
        for step, (rows, pixels) in enumerate(zip(order, batches, strict=True)):
            with seeded("batch", seed, epoch, step, device=self._device):
                batch = self._batch(rows, pixels)
            yield batch

    def _batch(self, rows: list[int], pixels: Pixels) -> tuple[Tensor, Tensor]:
        uint8 = self._moved(torch.from_numpy(pixels).permute(0, 2, 3, 1))
        x = to_input(uint8, self._images.mean, self._images.std)
        labels = self._moved(self._labels[rows])
        if self._erase is not None:
            x = self._erase(x)
        if self._mix is None:
            return x, labels
        if len(rows) % 2:
            raise UserError(
                f"a batch has {len(rows)} images, and mixup and cutmix mix them in"
                " pairs; make config key 'source.recipe.batch_size' even"
            )
        mixed: tuple[Tensor, Tensor] = self._mix(x, labels)
        return mixed

    def _moved(self, tensor: Tensor) -> Tensor:
        if self._device == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)


def _end_with(parent: int, _worker: int) -> None:
    """End this worker when its parent is gone, however it ended.

    A worker that waits to hand over an image would wait forever, and hold what it has
    inherited: the locks of the job's run and of its GPU.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _image_transform(
    parts: Mapping[str, Any], size: int, mean: PerChannel
) -> Callable[[Image.Image], Any]:
    """Return what turns an image into a changed one (3, size, size), uint8.

    Without a crop, the "random" one is the whole image, and changes nothing.
    """
    crop = parts.get("crop")
    transform: Any = create_transform(
        size,
        is_training=True,
        scale=tuple(crop) if crop else (1.0, 1.0),
        ratio=None if crop else (1.0, 1.0),
        hflip=parts.get("flip") or 0.0,
        # None is none at all, though timm's own signature does not say so.
        color_jitter=parts.get("color_jitter") or None,  # type: ignore[arg-type]
        auto_augment=parts.get("randaugment"),
        interpolation=INTERPOLATION,
        mean=tuple(np.broadcast_to(mean, 3).tolist()),  # fills what moves into view
        use_prefetcher=True,  # bytes are returned
    )
    for part in transform.transforms:
        for change in getattr(part, "ops", ()):
            if change.aug_fn is posterize:
                change.aug_fn = _posterize
    return transform


def _posterize(image: Image.Image, bits: int, **how: Any) -> Image.Image:
    """Keep so many bits of each color; of none, black is left.

    RandAugment's highest level asks for none, which Pillow now refuses; it gave black.
    """
    if bits < 1:
        return Image.new(image.mode, image.size)
    return posterize(image, bits, **how)


def _erasing(parts: Mapping[str, Any], device: str) -> RandomErasing | None:
    share = parts.get("erasing") or 0.0
    return RandomErasing(share, mode=ERASED, device=device) if share else None


def _mixing(parts: Mapping[str, Any], classes: int) -> Mixup | None:
    mixup, cutmix = (parts.get(name) or 0.0 for name in ("mixup", "cutmix"))
    if not mixup and not cutmix:
        return None
    # The loss smooths labels, mixed or not; to smooth and to mix are both linear.
    return Mixup(mixup, cutmix, label_smoothing=0.0, num_classes=classes)
