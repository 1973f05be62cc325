"""Checks that involve more than one key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peftdiff.config.experiment import Configuration
from peftdiff.config.models import Architecture, Backbone, Source
from peftdiff.config.recipes import SourceRecipe
from peftdiff.config.sentences import close_match, unknown_name, where
from peftdiff.config.sizes import check_sizes
from peftdiff.methods.presets import filled_in
from peftdiff.runtime import UserError
from peftdiff.tasks import SIZE, TASKS, DrawnTask, VtabTask
from peftdiff.tasks.vtab import COUNTS, TRAIN

# Names of other images, and of weights, where those of the tasks are counted; and of
# rows that stand for several tasks.
TAKEN = ("pretraining", "source", "backbone", "all", "mean")


def check_consistency(config: Configuration) -> None:
    """Check the values of a configuration against each other.

    Raises
    ------
    UserError
        Naming the key, its value and what to do.
    """
    _check_tasks(config)
    _check_backbone(config.backbone, config.tasks)
    _check_source(config.source, config.backbone)
    _check_hyperparameters(config)
    _check_scored_images(config)
    _check_published_chain(config)
    _check_held_out(config)
    _check_search(config)


def _check_tasks(config: Configuration) -> None:
    own, key = config.data.image_folders, "data.image_folders"
    for name in own:
        if name in TASKS or name in TAKEN:
            raise UserError(
                f"{where(key)} has a task '{name}', a name that is taken; give it"
                " another"
            )
    for task in config.tasks:
        if task not in TASKS and task not in own:
            more = (
                f"; a task of your own needs its folder in '{key}', as '{key}.{task}'"
            )
            raise UserError(unknown_name("tasks", task, [*TASKS, *own], more))
    for name in own:
        if name not in config.tasks:
            raise UserError(
                f"{where(key)} has a task '{name}', which is not among 'tasks'; add it"
                " there, or leave its folder out"
            )
    task = config.figures.map_task
    if task not in config.tasks:
        raise UserError(
            f"{where('figures.map_task')} is '{task}'{close_match(task, config.tasks)},"
            f" which is not among 'tasks'; allowed: {', '.join(config.tasks)}"
        )


def _check_backbone(backbone: Backbone, tasks: Iterable[str]) -> None:
    """Check the backbone without asking timm: fetching it does so."""
    architecture, size = backbone.architecture, backbone.image_size
    if isinstance(architecture, Architecture):
        return _check_architecture(backbone, architecture)
    if "." not in architecture and backbone.weights is None:
        raise UserError(
            f"{where('backbone.architecture')} is '{architecture}', without the tag of"
            " its weights; name it as in 'vit_base_patch16_224.orig_in21k', or give"
            " 'backbone.weights'"
        )
    if size is None:
        raise UserError(
            f"{where('backbone.image_size')} is null; set it to the pixels of the"
            f" input of '{architecture}', such as 224"
        )
    drawn = [t for t in tasks if isinstance(TASKS.get(t), DrawnTask)]
    if size != SIZE and drawn:
        raise UserError(
            f"{where('tasks')} has {', '.join(drawn)}, drawn at {SIZE} x {SIZE} for the"
            f" embedded backbone, but 'backbone.image_size' is {size}; take them off"
        )


def _check_architecture(backbone: Backbone, sizes: Architecture) -> None:
    for key in ("weights", "image_size"):
        if (value := getattr(backbone, key)) is not None:
            raise UserError(
                f"{where(f'backbone.{key}')} is {value!r}, which belongs to a backbone"
                " with a name; set it to null, or give timm's name as"
                " 'backbone.architecture'"
            )
    for whole, part in (("image_size", "patch_size"), ("width", "heads")):
        if getattr(sizes, whole) % getattr(sizes, part):
            raise UserError(
                f"{where(f'backbone.architecture.{part}')} is {getattr(sizes, part)};"
                f" it must divide {whole}, which is {getattr(sizes, whole)}"
            )


def _check_source(source: Source, backbone: Backbone) -> None:
    if source.hub and not source.folder and source.shots is None:
        raise UserError(
            f"{where('source.shots')} is null, but images of 'source.hub' are drawn by"
            " class; say how many of each, such as 16"
        )
    embedded = not source.folder and not source.hub
    if embedded and backbone.image_size not in (None, SIZE):
        raise UserError(
            f"{where('source.folder')} is null, as is 'source.hub', and the embedded"
            f" source is drawn at {SIZE} x {SIZE}, but 'backbone.image_size' is"
            f" {backbone.image_size}; give images to train the methods on"
        )
    for key in ("shots", "stored_size"):
        if embedded and (value := getattr(source, key)) is not None:
            raise UserError(
                f"{where(f'source.{key}')} is {value}, which is of image files, but"
                " 'source.folder' and 'source.hub' are null; set it to null, too, or"
                " name images"
            )
    architecture = backbone.architecture
    own = architecture if isinstance(architecture, Architecture) else backbone
    stored, size = source.stored_size, own.image_size
    if not embedded and stored and size and stored < size:
        raise UserError(
            f"{where('source.stored_size')} is {stored}, less than the backbone's input"
            f" of {size}; make it larger, or null"
        )
    _check_augmentation(source.recipe, source.images if embedded else None)


def _check_augmentation(recipe: SourceRecipe, images: int | None) -> None:
    """Check the augmentation of so many images; None where it is not known yet."""
    augmentation = recipe.augmentation
    if augmentation is None or not augmentation.model_fields_set:
        return
    if recipe.flips:
        raise UserError(
            f"{where('source.recipe.flips')} is true, but there is an augmentation,"
            " too; leave it out, or name 'augmentation.flip' in its place"
        )
    crop = augmentation.crop
    if crop is not None and crop[0] > crop[1]:
        raise UserError(
            f"{where('source.recipe.augmentation.crop')} is {crop}; name the smallest"
            " share first, then the largest"
        )
    if not (augmentation.mixup or augmentation.cutmix):
        return
    sizes = {"source.recipe.batch_size": recipe.batch_size}
    if images is not None and images < recipe.batch_size:  # one batch, of all images
        sizes = {"source.images": images}
    for key, size in sizes.items():
        if size % 2:
            raise UserError(
                f"{where(key)} is {size}; mixup and cutmix mix the images of a batch in"
                " pairs: make it even"
            )


def _check_hyperparameters(config: Configuration) -> None:
    given = filled_in(
        {
            method: {key: getattr(taken, key) for key in taken.model_fields_set}
            for method, taken in config.hyperparameters
        }
    )
    architecture, noah = config.backbone.architecture, config.noah
    searched = noah.search != "none"
    if isinstance(architecture, Architecture):
        check_sizes(
            given,
            config.methods,
            width=architecture.width,
            depth=architecture.depth,
            searched=getattr(noah.levels, noah.search).sizes if searched else (),
        )


def _image_counts(config: Configuration, split: str) -> Iterator[tuple[int, str]]:
    """Yield how many images tasks have in a split, and the key that says it."""
    tasks = [TASKS.get(task) for task in config.tasks]
    if not all(isinstance(task, VtabTask) for task in tasks):
        yield getattr(config.data, f"{split}_images"), f"data.{split}_images"
    if split == "train" and any(isinstance(task, VtabTask) for task in tasks):
        yield COUNTS[TRAIN], ""


def _scored_images(config: Configuration) -> tuple[int, str]:
    """Return how many images of a task are scored at most, and the key that says it."""
    counts = [(config.embedding.max_images, "embedding.max_images")]
    return min([*_image_counts(config, config.embedding.split), *counts])


def _check_scored_images(config: Configuration) -> None:
    images, _ = _scored_images(config)
    score = config.metric_parameters.peftdiff
    limits = {
        "metric_parameters.peftdiff.neighbors": (score.neighbors, images),
        "metric_parameters.peftdiff.components": (score.components, images),
        # A score compares two classes.
        "metric_parameters.peftdiff.min_class_size": (
            score.min_class_size,
            images // 2,
        ),
    }
    if "knn" in config.metrics:  # where an image is no neighbor of its own
        neighbors = config.metric_parameters.knn.neighbors
        limits["metric_parameters.knn.neighbors"] = neighbors, images - 1
    for key, (value, limit) in limits.items():
        _check_limit(config, key, value, limit)


def check_grid(config: Configuration) -> None:
    """Check that the grid of the studies, which few runs need, fits the tasks.

    Raises
    ------
    UserError
        Naming the key, its value and what to do.
    """
    images, _ = _scored_images(config)
    for name in ("neighbors", "components"):
        largest = max(getattr(config.studies.grid, name))
        _check_limit(config, f"studies.grid.{name}", largest, images)


def _check_limit(config: Configuration, key: str, value: int, limit: int) -> None:
    images, key_of_images = _scored_images(config)
    if value > limit:
        raise UserError(
            f"{where(key)} is {value}, but only {images} images of a task are"
            f" scored; it must be {limit} or less"
            + (f", or '{key_of_images}' larger" if key_of_images else "")
        )


def _check_published_chain(config: Configuration) -> None:
    score = config.metric_parameters.peftdiff
    if score.variant != "as_published":
        return
    # Imported here, because few experiments need it and each start waits for it.
    from peftdiff.diffusion.score import check_options

    sizes = ("neighbors", "components", "diffusion_time")
    try:
        check_options(**{key: value for key, value in score if key not in sizes})
    except ValueError as error:
        raise UserError(f"{where('metric_parameters.peftdiff')}: {error}") from None


def _check_held_out(config: Configuration) -> None:
    share = config.ground_truth.selection.share
    for images, _ in _image_counts(config, "train"):
        _check_share("ground_truth.selection.share", share, images, "a task")
    source = config.source
    if config.noah.search == "none" or (source.folder and not source.shots):
        return
    if source.folder or source.hub:
        of_class = source.shots or 0
    else:
        from peftdiff.tasks.synthetic.sources import UNSEEN_FILLS, UNSEEN_SHAPES

        of_class = source.images // (len(UNSEEN_SHAPES) * len(UNSEEN_FILLS))
    share = config.noah.validation_share
    _check_share("noah.validation_share", share, of_class, "a class of the source")


def _check_share(key: str, share: float, images: int, whose: str) -> None:
    held_out = round(share * images)
    if not 0 < held_out < images:
        what = "nothing" if held_out == 0 else "everything"
        raise UserError(
            f"{where(key)} is {share}, which holds out {what} of the {images} images"
            f" of {whose}; make it {'larger' if held_out == 0 else 'smaller'}, or"
            " take more images"
        )


def _check_search(config: Configuration) -> None:
    for name in ("lite", "full"):
        evolution = getattr(config.noah.levels, name).evolution
        for parts in (("mutations", "crossovers"), ("parents",)):
            count = sum(getattr(evolution, part) for part in parts)
            if count > evolution.population:
                raise UserError(
                    f"{where(f'noah.levels.{name}.evolution')}: {' and '.join(parts)}"
                    f" are {count}, more than the population of {evolution.population};"
                    " raise it, or lower them"
                )
