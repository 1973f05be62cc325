"""The whole configuration, and its sections that belong to no other module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, MinLen
from pydantic import BeforeValidator, WithJsonSchema

from peftdiff.config.data import Data, Embedding
from peftdiff.config.models import Backbone, Cnn, PoolMethod, Source
from peftdiff.config.noah import Noah
from peftdiff.config.recipes import DropPathRecipe
from peftdiff.config.values import (
    NO_REPEATS,
    WHOLE,
    Allowed,
    Count,
    Distinct,
    ExperimentName,
    HeldOutShare,
    NotNegative,
    Positive,
    Section,
    Seeds,
    Some,
)
from peftdiff.methods import METHODS
from peftdiff.metrics import METRICS
from peftdiff.parameters import OneOf
from peftdiff.tasks import TASKS

if TYPE_CHECKING:
    Hyperparameters = Any
    MetricParameters = Any
else:
    from peftdiff.config.parameters import Hyperparameters, MetricParameters

AnyMethod = Annotated[str, OneOf(METHODS)]
Reference = Annotated[str, OneOf(m.slug for m in METHODS.values() if not m.in_pool)]
Metric = Annotated[str, OneOf(METRICS)]
# Names of the user's tasks come from data.image_folders.
Task = Annotated[
    str,
    Allowed("the name of a task"),
    WithJsonSchema({"anyOf": [{"enum": list(TASKS)}, {"type": "string"}]}),
]


def _boolean(value: Any) -> Any:
    """Take the words of `--config retrain=true`, which arrive as text."""
    return value == "true" if value in ("true", "false") else value


class Selection(Section):
    """A grid of recipes, and what they are compared on."""

    share: HeldOutShare
    """The share of the training images that is held out, the last ones."""

    learning_rates: Some[Positive]
    """The learning rates to try with every method; a head with a rate of its own keeps
    its ratio to it."""

    weight_decays: Some[NotNegative]
    """The weight decays to try with each learning rate; of equally good recipes the
    first is taken."""


class GroundTruth(Section):
    """The fine-tuning of each source-trained method on each task."""

    seeds: Seeds
    """Seeds of fine-tuning. A run starts from the source model of its seed, or else
    from that of the first one."""

    references: Distinct[Reference]
    """What is fine-tuned for comparison, outside the pool."""

    recipe: DropPathRecipe
    """How methods are fine-tuned on the tasks."""

    learning_rates: dict[AnyMethod, Positive]
    """Learning rates of single methods, where they differ."""

    source: Literal[
        "fine_tune",
        "peft_selection_960d8d2",
        "peft_selection_2b889bc",
        "method_papers",
        "osu_unified_study",
    ]
    """Where the accuracies are from: `fine_tune`, or a published table (see
    `workflow/resources/published/README.md`), with which nothing is fine-tuned."""

    protocol: Literal["fixed", "val_selected"]
    """Whether each method has the recipe above, or (`val_selected`) the best of a grid
    on held-out training images of the task."""

    selection: Selection
    """The grid of recipes that `val_selected` chooses from, and that `choose_recipe`
    compares, with the first seed, on training images held out."""

    job: Literal["task", "method"]
    """Whether a job fine-tunes all methods on a task, or one of them, which is for
    clusters with many GPUs; the results are the same."""


class Grid(Section):
    """The settings of PEFTDiff's score whose every combination is tried."""

    diffusion_times: Some[Positive]
    """The numbers of steps of the walk."""

    neighbors: Some[Annotated[int, Ge(2), WHOLE]]
    """The numbers of nearest images that an image is linked to, itself counted."""

    components: Some[Count]
    """The numbers of eigenpairs that are used."""


class Studies(Section):
    """What the studies of PEFTDiff's score compare; the main job runs none."""

    grid: Grid
    """The diffusion times, neighbors and components of which `search_grid` tries every
    combination."""

    start_seeds: Seeds
    """Seeds of the eigensolver's start vectors from which `compare_choices` runs the
    published chain, and the corrected one."""

    cnn: Cnn
    """The CNN whose embeddings `measure_complexity` compares."""


class Figures(Section):
    """Choices of the figures."""

    map_task: Task
    """The task whose diffusion map is drawn; one of `tasks`."""


class Configuration(Section):
    """Everything that an experiment depends on."""

    experiment: ExperimentName
    """The name of the experiment; its results lie in `results/<experiment>/`."""

    retrain: Annotated[bool, BeforeValidator(_boolean)]
    """Whether all training is repeated, whatever the run store remembers."""

    device: Literal["auto", "cpu", "cuda"]
    """Where models run; `auto` is a GPU where torch sees one."""

    precision: Literal["auto", "float32", "bfloat16"]
    """The precision of the models' products; `auto` is bfloat16 on a GPU, else float32.
    """

    tasks: Some[Task]
    """The tasks, in the order of tables and figures."""

    methods: Annotated[list[PoolMethod], MinLen(2), NO_REPEATS]
    """The pool of methods that are ranked."""

    metrics: Some[Metric]
    """The transferability metrics that are computed and compared."""

    hyperparameters: Hyperparameters
    """The hyper-parameters of each method. What is not named, or null, keeps the
    method's default. `preset` takes the values that were published for a task of
    VTAB-1k, where none stand beside it."""

    metric_parameters: MetricParameters
    """The parameters of each metric. What is not named keeps the metric's default."""

    data: Data
    """Where images are from, the sizes of the tasks, and the normalization."""

    backbone: Backbone
    """The frozen model, pre-trained on the embedded images or elsewhere."""

    source: Source
    """The training of each method on the source, with the backbone frozen."""

    embedding: Embedding
    """Which images are embedded and scored."""

    ground_truth: GroundTruth
    """The fine-tuning of each source-trained method on each task."""

    studies: Studies
    """What the studies of PEFTDiff's score compare; the main job runs none."""

    figures: Figures
    """Choices of the figures."""

    noah: Noah
    """The search of NOAH's sizes on the source."""
