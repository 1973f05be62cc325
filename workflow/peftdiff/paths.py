"""Where everything lies: the one place that spells file patterns.

Patterns keep `{task}` and `{method}` as wildcards; numbers are columns of tables and
never part of a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

RESULTS = "results"
DOWNLOADS = f"{RESULTS}/downloads"
RESOURCES = "workflow/resources"

# Tables of the main job, each with its title in the report; its caption is
# workflow/report/table_<name>.rst.
TABLES = {
    "ground_truth": "accuracies",
    "components": "parts of the scores",
    "scores": "scores",
    "correlation": "weighted tau, task by task",
    "reliability": "reliability of the accuracies",
    "tasks": "what the accuracies tell on each task",
    "standings": "every method on each task",
    "first_choices": "first choice of every metric",
    "summary": "summary of every metric",
    "friedman": "mean ranks of the metrics",
    "nemenyi": "pairs of metrics",
    "stability": "without one method",
}

# Those of the studies, which the main job does not run.
STUDY_TABLES = {
    "ablation": "either class distance alone",
    "grid": "every setting",
    "grid_choice": "choice of a setting",
    "choices": "choices of the definition",
    "timing": "seconds of scoring and fine-tuning",
    "times": "minutes of scoring and fine-tuning, and the speed-up",
    "complexity": "complexity of the embeddings",
}
STUDY_PAGES = ("times", "complexity")
STUDY_ARRAYS = ("scree",)


# The templates of the summary page, its styles and its script.
PAGE_PARTS = (
    "page.html",
    "macros.html",
    "answer.html",
    "cards.html",
    "points.html",
    "ranking.html",
    "accuracies.html",
    "trust.html",
    "studies.html",
    "images.html",
    "origin.html",
    "glossary.html",
    "page.css",
    "page.js",
)


class Experiment:
    """The files of one experiment, below one root folder."""

    def __init__(self, root: str) -> None:
        self.root = root

    def data(self, name: str) -> str:
        """Return the images of a task, or of the sources "pretraining" and "source"."""
        return f"{self.root}/data/{name}.safetensors"

    def model(self, name: str) -> str:
        """Return the weights of the backbone, or of a method for all seeds."""
        return f"{self.root}/models/{name}.safetensors"

    def embedding(self, task: str) -> str:
        """Return a task's features through every model."""
        return f"{self.root}/embeddings/{task}.safetensors"

    def part(self, table: str, name: str) -> str:
        """Return one job's rows of a table; `part_name` gives the job's name."""
        return f"{self.root}/parts/{table}/{name}.csv"

    def table(self, name: str) -> str:
        """Return a tidy table over all tasks."""
        return f"{self.root}/tables/{name}.csv"

    def existing_tables(self, names: Iterable[str]) -> list[str]:
        """Return those of some tables that are there."""
        return [name for name in names if Path(self.table(name)).exists()]

    @property
    def provenance(self) -> str:
        """Where it is said what the tables come from."""
        return f"{self.root}/tables/provenance.json"

    @property
    def noah_sizes(self) -> str:
        """What NOAH's search has found."""
        return f"{self.root}/tables/noah_sizes.json"

    def page(self, name: str) -> str:
        """Return a page of text made from tables, such as "tau"."""
        return f"{self.root}/tables/{name}.md"

    @property
    def summary_page(self) -> str:
        """The page that opens with the answer."""
        return f"{self.root}/summary.html"

    def array(self, name: str) -> str:
        """Return a small array that a figure is drawn from."""
        return f"{self.root}/arrays/{name}.npz"

    def contact_sheet(self, task: str) -> str:
        """Return a picture of a task's classes."""
        return f"{self.root}/arrays/contact_sheet_{task}.png"

    def figure(self, name: str) -> list[str]:
        """Return a figure in both of its formats."""
        return [f"{self.root}/figures/{name}.{kind}" for kind in ("png", "svg")]

    def figures(self, names: Iterable[str]) -> list[str]:
        """Return several figures, each in both of its formats."""
        return [path for name in names for path in self.figure(name)]

    @property
    def runs(self) -> str:
        """The folder of the run store."""
        return f"{self.root}/runs"

    @property
    def logs(self) -> str:
        """The folder of the jobs' logs."""
        return f"{self.root}/logs"

    def benchmark(self, rule: str, name: str = "all") -> str:
        """Return the time and memory of a job, by the engine's account."""
        return f"{self.logs}/{rule}/{name}.usage.tsv"

    def log(self, rule: str, name: str = "all") -> str:
        """Return the log of a job."""
        return f"{self.logs}/{rule}/{name}.log"


class Vtab:
    """VTAB-1k as it was downloaded, for all experiments."""

    tasks = f"{DOWNLOADS}/vtab-1k/tasks"
    manifest = f"{DOWNLOADS}/vtab-1k/source.json"

    @staticmethod
    def archive(key: str) -> str:
        """Return the archive; `key` stands for the address that it is from."""
        return f"{DOWNLOADS}/vtab-1k-{key}.zip"


class HubSource:
    """Source images of a dataset on the hub, as they were drawn, for all experiments.

    `key` stands for all that decides which ones they are.
    """

    def __init__(self, key: str) -> None:
        self.images = f"{DOWNLOADS}/sources/{key}/images.csv"
        self.manifest = f"{DOWNLOADS}/sources/{key}/source.json"


def part_name(task: str, method: str | None = None) -> str:
    """Return what a job's part and log are named after: a task, or a method on it."""
    return task if method is None else f"{task}/{method}"


def one_of(names: Iterable[str]) -> str:
    """Return a wildcard's pattern: one of these names, or nothing at all."""
    return "|".join(names) or "(?!)"


def live(experiment: str) -> Experiment:
    """Return the files of an experiment's running, or last, computation."""
    return Experiment(f"{RESULTS}/{experiment}")


def cached(experiment: str) -> Experiment:
    """Return the files kept of a finished experiment."""
    return Experiment(f"{RESULTS}/cached/{experiment}")


def published() -> Experiment:
    """Return the files made from figures that others have published."""
    return Experiment(f"{RESULTS}/published")


def published_table(name: str) -> str:
    """Return a table of published figures; it lies with the workflow."""
    return f"{RESOURCES}/published/{name}.csv"


def page_part(name: str) -> str:
    """Return a part of the summary page, one of `PAGE_PARTS`."""
    return f"{RESOURCES}/summary/{name}"


def cached_experiments() -> list[str]:
    """Return the experiments that have cached results here."""
    folder = Path(RESULTS, "cached")
    return sorted(path.parts[-3] for path in folder.glob("*/tables/provenance.json"))
