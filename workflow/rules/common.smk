"""Names and functions shared by the rule files.

Takes the configuration and the names of startup.smk. Makes ANY, CONFIGURED, TRAINING,
SEARCHED, NOAH_SIZES, GPU, the names of fine-tuning (BY_METHOD, SELECTED, TUNED,
TUNED_METHODS) and functions, but no file.
"""

from peftdiff.config import FINE_TUNE
from peftdiff.data.changes import listing_digest
from peftdiff.data.preparation import PREPARATION_VERSION
from peftdiff.paths import STUDY_TABLES, TABLES, Experiment, Vtab, part_name
from peftdiff.reporting.figures import figures_of, figures_with
from peftdiff.stages.plan import STAGE_VERSIONS, recipe_of
from peftdiff.tasks import TASKS, group_of
from peftdiff.tasks.vtab import existing_lists

# Whichever experiment a figure or a page is asked of: the live or a cached one.
ANY = Experiment("{root}")

# Every table has a row for each of these tasks and methods, even where a value is
# missing.
CONFIGURED = {
    "tasks": {task: group_of(task) for task in config["tasks"]},
    "methods": POOL,
}

# What every job that trains is told, whatever it trains.
TRAINING = {
    "device": config["device"],
    "precision": config["precision"],
    "normalization": NORMALIZATION,
    "store": LIVE.runs,
    "retrain": config["retrain"],
}

# A file where NOAH's sizes are searched, for the rules that need them, or nothing.
SEARCHED = "noah" in POOL and config["noah"]["search"] != "none"
NOAH_SIZES = LIVE.noah_sizes if SEARCHED else []

# Jobs that run models ask for a GPU, unless the device is a CPU. Rules with
# `localrule: True` run where the engine does, on a cluster too: they take seconds, or
# need the network, which nodes that compute may not have.
GPU = 0 if config["device"] == "cpu" else 1

# Fine-tuning: one job per task, or one per task and method; by a fixed recipe, or a selected one.
BY_METHOD = config["ground_truth"]["job"] == "method"
SELECTED = config["ground_truth"]["protocol"] == "val_selected"
TUNED = part_name("{task}", "{method}") if BY_METHOD else part_name("{task}")
TUNED_METHODS = "{wildcards.method}" if BY_METHOD else "every method"


def doubling(first):
    """Return a resource (MB or minutes) that doubles each time a job is repeated.

    Rules that do not say what they need take a profile's default; a workstation heeds
    none but the GPUs, and those if its profile counts them. On CPUs no job of mini took
    more than 1,100 MB (logs/*/*.usage.tsv).
    ASSUME: with ViT-B/16 on a GPU, CUDA takes some 3 GB of a job's memory, the model and
    a task's images 2, ImageNet's images of source training 3 and each of its processes
    0.3.
    """
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def shown(path, caption, title, category, experiment=LIVE):
    """Return a file with its place in the report."""
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=category,
        labels={"experiment": experiment.root, "result": title},
    )


def shown_table(name):
    """Return a live table with its place in the report."""
    title = (TABLES | STUDY_TABLES)[name]
    return shown(LIVE.table(name), f"table_{name}", title, "Tables")


def beside_workflow(path):
    """Return a file that lies with the workflow, wherever the results go."""
    return os.path.relpath(Path(workflow.basedir, path))


def published_resource(name):
    """Return a table that lies with the workflow, wherever the results go."""
    return beside_workflow(published_table(name))


def figure_sources(entry):
    """Return the files that a figure of the table FIGURES is drawn from, by name."""
    table = study_table if entry.category == "Studies" else ANY.table
    return {
        **{name: table(name) for name in entry.tables},
        **{name: ANY.array(name) for name in entry.arrays},
    }


def study_table(name):
    """Return a function for a study's table of {root}; it says who makes a missing one."""

    def path(wildcards):
        table = Experiment(wildcards.root).table(name)
        if wildcards.root != LIVE.root and not os.path.exists(table):
            refuse(
                f"{table} is missing; the targets 'studies' and then 'freeze_results'"
                " make it, with that experiment's --configfile"
            )
        return table

    return path


def grid_embedding(wildcards):
    """Return a task's embedding, if the grid fits the tasks."""
    if GRID_MISTAKE:
        refuse(GRID_MISTAKE)
    return LIVE.embedding(wildcards.task)


def remedy(root):
    """Return the command that runs this experiment; nothing for a cached one."""
    if root != LIVE.root:
        return ""
    engine = ".venv/bin/snakemake" if os.path.exists(".venv") else "snakemake"
    settings = workflow.config_settings
    files = [os.path.relpath(path) for path in settings.configfiles]
    given = {"--configfile": files, "--config": settings.config_args or []}
    options = [
        part for name, values in given.items() if values for part in (name, *values)
    ]
    return shlex.join([engine, "--cores", "all", *options])


def kept_studies(root):
    """Return the tables of studies that an experiment has by now."""
    experiment = Experiment(root)
    return [experiment.table(name) for name in experiment.existing_tables(STUDY_TABLES)]


def figures_shown(root):
    """Return the names of an experiment's figures, with those of the studies it has."""
    kept = Experiment(root).existing_tables(STUDY_TABLES)
    return [*figures_of("Results"), *figures_with("Studies", kept)]


def own_images(task):
    """Return where the images of a user's own task are."""
    return config["data"]["image_folders"][task]


def version_of(images):
    """Return what changes when images at a path change, or how they are prepared."""
    return f"{PREPARATION_VERSION} of {listing_digest(images)}"


def vtab_inputs(wildcards):
    """Return the lists of a task in a given folder, or what says that all are there."""
    root = config["data"]["vtab_root"]
    if not root:
        return {"manifest": Vtab.manifest}
    return {"lists": existing_lists(root, TASKS[wildcards.task])}


def row_names(wildcards):
    """Return what every row of a task's table says."""
    task = wildcards.task
    return {
        "experiment": config["experiment"],
        "task": task,
        "group": group_of(task),
    }


def hyperparameters_of(methods):
    """Return the configured hyper-parameters of methods and references."""
    return {method: config["hyperparameters"].get(method, {}) for method in methods}


def noah_in_use():
    """Return the section `noah` with the level in use alone: no other one matters."""
    noah = config["noah"]
    used = {k: v for k, v in noah["levels"].items() if k == noah["search"]}
    return noah | {"levels": used}


def tuned_methods(wildcards=None):
    """Return what a job fine-tunes: one method where it is a wildcard, or else all."""
    one = wildcards.get("method") if wildcards is not None else None
    return [one] if one else [*POOL, *config["ground_truth"]["references"]]


def tuned_parts(table):
    """Return the parts of a table to which each job of fine-tuning adds one."""
    methods = tuned_methods() if BY_METHOD else [None]
    names = [part_name(task, method) for task in config["tasks"] for method in methods]
    return [LIVE.part(table, name) for name in names]


def truth_parts():
    """Return the parts of the ground truth: those of the jobs, or a published table's."""
    if config["ground_truth"]["source"] == FINE_TUNE:
        return tuned_parts("ground_truth")
    return [LIVE.part("published_truth", "all")]


def trained_models(wildcards):
    """Return the source-trained models that a job of fine-tuning starts from."""
    return [LIVE.model(method) for method in tuned_methods(wildcards) if method in POOL]


def noah_sizes(methods):
    """Return the file of NOAH's sizes if a job of these methods takes it, or nothing."""
    return NOAH_SIZES if "noah" in methods else []


def truth_section(selection):
    """Return the section `ground_truth`, with or without what selects recipes.

    Changing the keys that are left out does not change a job's numbers, so it must not
    rerun the job.
    """
    left_out = {"source", "protocol", "job"} | (set() if selection else {"selection"})
    truth = config["ground_truth"]
    return {key: truth[key] for key in truth if key not in left_out}
