"""Before anything else: find the library, check the configuration, tidy up.

Takes config.yaml, with what --configfile and --config say.
Makes the names that the other files use: LIVE, PUBLISHED, CACHED, POOL, DRAWN, VTAB,
MISSING, GRID_MISTAKE, ARCHITECTURE, FETCHED, NORMALIZATION, ENVIRONMENT, and the function
refuse. Tasks that are missing, and may be, are no longer in config["tasks"].
"""

import os
import shlex
import sys
from pathlib import Path

from snakemake.logging import logger

LIBRARY = Path(workflow.basedir, "workflow")

if set("{}") & set(str(LIBRARY)):
    sys.exit(
        f"Error: the path of this workflow, {workflow.basedir}, holds a brace, which the"
        " engine takes for a variable; rename that folder"
    )

# The checkout's library goes before any that is installed: here, and in jobs, to whose
# search path the engine only appends its own. Seen from here, neither the library's
# path nor that of .venv has a space; any other is quoted.
sys.path.insert(0, str(LIBRARY))
searched = shlex.quote(os.path.relpath(LIBRARY))
shell.prefix(f"export PYTHONPATH={searched}" "${{PYTHONPATH:+:$PYTHONPATH}}; ")

# The engine does not quote the interpreter of scripts.
sys.executable = shlex.quote(os.path.relpath(sys.executable))

import peftdiff

if not Path(peftdiff.__file__).is_relative_to(LIBRARY):
    sys.exit(
        f"Error: Python takes another peftdiff ({peftdiff.__file__}) before the one of"
        f" this workflow ({LIBRARY}); remove it (pip uninstall peftdiff)"
    )

from peftdiff.config import check_config, grid_mistake
from peftdiff.config.files import check_file
from peftdiff.data.normalization import normalization_of
from peftdiff.methods import METHODS
from peftdiff.methods.presets import filled_in
from peftdiff.models.gpus import SLOTS
from peftdiff.paths import (
    RESULTS,
    cached,
    cached_experiments,
    live,
    published,
    published_table,
)
from peftdiff.runtime import UserError
from peftdiff.stages.compatibility import require_backbone_once
from peftdiff.stages.plan import architecture_of
from peftdiff.startup import (
    clear_stale_lock,
    find_missing,
    require_given,
    require_searches,
    require_writable,
    warnings_at_start,
)
from peftdiff.tasks import TASKS, DrawnTask, VtabTask, present_tasks


def refuse(sentence):
    """End before anything runs; the engine would show an exception with a traceback."""
    sys.exit(f"Error: {sentence}")


try:
    if workflow.is_main_process:
        # In another folder there is no config.yaml, and --configfile names all.
        for path in ("config.yaml", *workflow.config_settings.configfiles):
            if os.path.exists(path):
                check_file(os.path.relpath(path))
    config.update(check_config(config))
    GRID_MISTAKE = grid_mistake(config)
    config["hyperparameters"] = filled_in(config["hyperparameters"])
    require_writable(RESULTS)
    require_given(config)
    if workflow.is_main_process:
        require_searches(config)
        require_backbone_once(config, ".snakemake/fitting")
    MISSING = find_missing(config)
    config["tasks"] = present_tasks(
        config["tasks"],
        MISSING,
        skip=config["data"]["missing_tasks"] == "skip",
        map_task=config["figures"]["map_task"],
    )
    if workflow.is_main_process:
        # Never read: as long as it is there, its file is open and this engine locks it.
        # The engines that a cluster's jobs start hold no lock, and so keep nobody
        # waiting.
        ALIVE = clear_stale_lock(".snakemake", logger.warning)
        for warning in warnings_at_start(
            config,
            MISSING,
            accuracies=Path(workflow.basedir, published_table("accuracy_vtab")),
            gpus_uncounted=workflow.local_exec
            and "gpu" not in workflow.global_resources,
        ):
            logger.warning(warning)
except UserError as error:
    refuse(error)

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
CACHED = [cached(name) for name in cached_experiments()]
POOL = config["methods"]
DRAWN = [slug for slug, task in TASKS.items() if isinstance(task, DrawnTask)]
VTAB = [slug for slug, task in TASKS.items() if isinstance(task, VtabTask)]
ARCHITECTURE = architecture_of(config["backbone"])
FETCHED = "name" in ARCHITECTURE  # the backbone was pre-trained elsewhere
NORMALIZATION = normalization_of(config["data"]["normalization"])
ENVIRONMENT = "../../envs/environment.yaml"
