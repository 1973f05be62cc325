"""Before anything else: find the library, check the configuration, tidy up.

Takes config.yaml and workflow/schemas/config.schema.yaml.
Makes the names that the other files use: LIVE, PUBLISHED, POOL, DRAWN, VTAB, MISSING,
ARCHITECTURE, FETCHED, NORMALIZATION, FIGURES, STUDY_FIGURES, ENVIRONMENT. Tasks that are
missing, and may be, are no longer in config["tasks"].
"""

import fcntl
import os
import shlex
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Scripts inherit this path, so the library need not be installed.
sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

# The engine does not quote the interpreter of scripts, so a space in its path would
# break them. Seen from here, the path of .venv has none; any other is quoted.
sys.executable = shlex.quote(os.path.relpath(sys.executable))

from peftdiff.config import FINE_TUNE, check_config
from peftdiff.data.normalization import normalization_of
from peftdiff.methods import METHODS
from peftdiff.methods.presets import filled_in
from peftdiff.models.gpus import SLOTS, visible_gpus
from peftdiff.paths import (
    PAGE_TABLES,
    RESULTS,
    STUDY_ARRAYS,
    STUDY_PAGES,
    STUDY_TABLES,
    TABLES,
    Experiment,
    HubSource,
    Vtab,
    cached,
    cached_experiments,
    live,
    page_part,
    part_name,
    published,
    published_table,
)
from peftdiff.runtime import UserError, digest
from peftdiff.stages.plan import STAGE_VERSIONS, architecture_of, recipe_of
from peftdiff.tasks import (
    GENERATOR_VERSION,
    TASKS,
    DrawnTask,
    VtabTask,
    group_of,
    missing_tasks,
    present_tasks,
)
from peftdiff.tasks.vtab import list_paths, task_folder


def require_writable(folder):
    """Say now, rather than in the first job's log, that results cannot be kept."""
    existing = next(p for p in [Path(folder), *Path(folder).parents] if p.exists())
    if not os.access(existing, os.W_OK) or not existing.is_dir():
        raise UserError(
            f"the results folder {existing} cannot be written;"
            " change its permissions, or run from a folder of your own"
        )


def require_given(config):
    """Say now that a file or folder of the user's is not there."""
    for section, key, instead in (
        ("source", "folder", "'source.hub' or the embedded source"),
        ("data", "vtab_root", "the hub's dataset"),
        ("backbone", "weights", "the hub's weights"),
    ):
        path = config[section][key]
        if path and not os.path.exists(path):
            raise UserError(
                f"config key '{section}.{key}' is {path}, which does not exist; correct"
                f" it, or leave it empty for {instead}"
            )


def clear_stale_lock(folder=".snakemake"):
    """Remove the lock that a killed Snakemake left behind, but no living one's.

    Each Snakemake holds a shared lock on one file as long as it lives, however it ends;
    whoever can have that lock alone is the only one here.
    """
    os.makedirs(folder, exist_ok=True)
    alive = open(Path(folder, "alive"), "w")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for lock in Path(folder, "locks").glob("*.lock"):
            lock.unlink()
    except OSError:
        pass  # another Snakemake lives here, or locks are unknown to this file system
    fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


def find_missing(data, tasks):
    """Return the tasks whose images are known not to be there, and why."""
    downloaded = Vtab.tasks if os.path.exists(Vtab.manifest) else None
    return missing_tasks(tasks, data["vtab_root"] or downloaded, data["image_folders"])


def check_published(truth, tasks, methods, map_task):
    """Say now, rather than in a job's log, what a published ground truth lacks."""
    from peftdiff.evaluation.published import absences, published_truth, read_accuracies

    accuracies = read_accuracies(
        Path(workflow.basedir, published_table("accuracy_vtab"))
    )
    groups = {task: group_of(task) for task in tasks}
    found = published_truth(accuracies, truth["source"], groups, methods)
    if map_task not in set(found["task"]):
        raise UserError(
            f"config key 'figures.map_task' is '{map_task}', on which the published"
            f" ground truth {truth['source']} has no accuracies; name another task"
        )
    lacking = absences(found, tasks, methods)
    if lacking:
        logger.warning(lacking)


# `--config retrain=true` arrives as a word.
if config.get("retrain") in ("true", "false"):
    config["retrain"] = config["retrain"] == "true"

try:
    with open(Path(workflow.basedir, "workflow/schemas/config.schema.yaml")) as file:
        check_config(config, yaml.safe_load(file))
    config["hyperparameters"] = filled_in(config["hyperparameters"])
    require_writable(RESULTS)
    require_given(config)
    MISSING = find_missing(config["data"], config["tasks"])
    config["tasks"] = present_tasks(
        config["tasks"],
        MISSING,
        skip=config["data"]["missing_tasks"] == "skip",
        map_task=config["figures"]["map_task"],
    )
    if config["ground_truth"]["source"] != FINE_TUNE and workflow.is_main_process:
        check_published(
            config["ground_truth"],
            config["tasks"],
            config["methods"],
            config["figures"]["map_task"],
        )
except UserError as error:
    raise WorkflowError(str(error)) from None

if MISSING:
    logger.warning(
        f"{len(MISSING)} of {len(MISSING) + len(config['tasks'])} tasks are missing and"
        f" left out: {', '.join(MISSING)}"
    )

if (
    workflow.is_main_process
    and not (config["source"]["folder"] or config["source"]["hub"])
    and any(isinstance(TASKS.get(task), VtabTask) for task in config["tasks"])
):
    logger.warning(
        "config keys 'source.folder' and 'source.hub' are empty: methods are trained on"
        " the embedded source, not on ImageNet, and results on VTAB-1k say nothing about"
        " the paper's"
    )

# The engines that a cluster's jobs start hold no lock, and so keep nobody waiting.
if workflow.is_main_process:
    ALIVE = clear_stale_lock()

if (
    workflow.is_main_process
    and workflow.local_exec
    and "gpu" not in workflow.global_resources
    and config["device"] != "cpu"
    and visible_gpus()
):
    logger.warning(
        "nothing counts this machine's GPUs, so that as many jobs as there are cores may"
        " use one at a time; take --workflow-profile profiles/gpu, or --resources gpu=1"
    )

# Jobs on this machine share its GPUs by slots, if a profile counts them; those that a
# cluster runs are given GPUs by it.
if (
    workflow.is_main_process
    and workflow.local_exec
    and "gpu" in workflow.global_resources
):
    os.environ[SLOTS] = str(workflow.global_resources["gpu"].value)

LIVE = live(config["experiment"])
PUBLISHED = published()
POOL = config["methods"]
DRAWN = [slug for slug, task in TASKS.items() if isinstance(task, DrawnTask)]
VTAB = [slug for slug, task in TASKS.items() if isinstance(task, VtabTask)]
ARCHITECTURE = architecture_of(config["backbone"])
FETCHED = "name" in ARCHITECTURE  # the backbone was pre-trained elsewhere
NORMALIZATION = normalization_of(config["data"]["normalization"])
FIGURES = ["accuracy", "scores", "tau", "critical_difference", "diffusion_map"]
STUDY_FIGURES = {  # and the tables that each is drawn from
    "ablation": ["ablation"],
    "grid_curves": ["grid", "grid_choice"],
    "grid_maps": ["grid", "grid_choice"],
    "choices": ["choices"],
    "start_seeds": ["choices"],
    "times": ["timing"],
    "scree": ["complexity"],
}
ENVIRONMENT = "../../envs/environment.yaml"
