"""What several rules say in the same words.

Takes the configuration and the names of startup.smk; makes CONFIGURED, RUNNING,
TRAINING, HUB_SOURCE and SOURCE_FILES, and no file.
"""

# What a table holds rows for, though they may be empty.
CONFIGURED = {
    "tasks": {task: group_of(task) for task in config["tasks"]},
    "methods": POOL,
}

# What is said to every job that runs models, and to every one that trains any.
RUNNING = {
    "normalization": NORMALIZATION,
    "device": (config["device"], config["precision"]),
}
TRAINING = {**RUNNING, "store": (LIVE.runs, config["retrain"])}

# Jobs that run models ask for a GPU, unless the device is a CPU.
GPU = 0 if config["device"] == "cpu" else 1

# What the source is made of, if it is no embedded one: a folder, or images of the hub's
# dataset, fetched once for all experiments that choose the same.
HUB_SOURCE = HubSource(
    digest({key: config["source"][key] for key in ("hub", "shots", "draw_seed")})
)
SOURCE_FILES = {}
if config["source"]["folder"]:
    SOURCE_FILES = {"images": config["source"]["folder"]}
elif config["source"]["hub"]:
    SOURCE_FILES = {"images": HUB_SOURCE.images, "manifest": HUB_SOURCE.manifest}

# Fine-tuning: one job a task, or one a method of it; by a fixed recipe, or a selected one.
BY_METHOD = config["ground_truth"]["job"] == "method"
SELECTED = config["ground_truth"]["protocol"] == "val_selected"
TUNED = part_name("{task}", "{method}") if BY_METHOD else part_name("{task}")
TUNED_METHODS = "{wildcards.method}" if BY_METHOD else "every method"

FIGURE_TITLES = {}  # by name, for whoever cannot see the figure
POSTER = ["weighted_tau", "averages", "improvements", "ablation"]
PAGE_PARTS = ["page.html", "page.css", "page.js"]


def one_of(names):
    """Return the pattern of a wildcard that is one of these names, or of none at all."""
    return "|".join(names) or "(?!)"


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


def figure(name, title, category="Results"):
    """Return a figure's files, the PNG with its place in the report."""
    FIGURE_TITLES[name] = title
    png, svg = Experiment("{root}").figure(name)
    place = {"category": category, "labels": {"experiment": "{root}", "result": title}}
    shown = report(png, caption=f"../report/{name}.rst", **place)
    return [shown, svg]


def shown(path, name, title, category="Tables"):
    """Return a live file with its place in the report."""
    place = {"category": category, "labels": {"experiment": LIVE.root, "result": title}}
    return report(path, caption=f"../report/table_{name}.rst", **place)


def shown_table(name, title):
    """Return a live table with its place in the report."""
    return shown(LIVE.table(name), name, title)


def beside_workflow(path):
    """Return a file that lies with the workflow, wherever the results go."""
    return os.path.relpath(Path(workflow.basedir, path))


def published_resource(name):
    """Return a table that lies with the workflow, wherever the results go."""
    return beside_workflow(published_table(name))


def study_table(name):
    """Return a function for a study's table of {root}; it says who makes a missing one."""

    def path(wildcards):
        table = Experiment(wildcards.root).table(name)
        if wildcards.root != LIVE.root and not os.path.exists(table):
            raise WorkflowError(
                f"{table} is missing; the targets 'studies' and then 'freeze_results'"
                " make it, with that experiment's --configfile"
            )
        return table

    return path


def study_figures(experiment):
    """Return the figures of the studies whose tables an experiment has kept."""
    return [
        path
        for name, tables in STUDY_FIGURES.items()
        if all(os.path.exists(experiment.table(table)) for table in tables)
        for path in experiment.figure(name)
    ]


def kept_studies(wildcards):
    """Return the tables of studies that {root} has by now."""
    paths = map(Experiment(wildcards.root).table, PAGE_TABLES)
    return [path for path in paths if os.path.exists(path)]


def shown_figures(wildcards):
    """Return the figures of {root}, those of its studies if it has their tables."""
    experiment = Experiment(wildcards.root)
    return [*experiment.figures(FIGURES), *study_figures(experiment)]


def shown_captions(wildcards):
    """Return the caption of each figure that is shown."""
    names = dict.fromkeys(Path(path).stem for path in shown_figures(wildcards))
    return [beside_workflow(f"workflow/report/{name}.rst") for name in names]


def remedy(wildcards):
    """Say who makes a study's table."""
    if wildcards.root == LIVE.root:
        return "The target 'studies' makes it: snakemake --cores all studies"
    return (
        "The targets 'studies' and then 'freeze_results' make it, with this"
        " experiment's --configfile."
    )


def row_names(wildcards):
    """Return what every row of a task's table says."""
    task = wildcards.task
    return {
        "experiment": config["experiment"],
        "task": task,
        "group": group_of(task),
    }


def vtab_inputs(wildcards):
    """Return the lists of a task in a given folder, or what says that all are there."""
    if not config["data"]["vtab_root"]:
        return {"manifest": Vtab.manifest}
    folder = task_folder(config["data"]["vtab_root"], TASKS[wildcards.task])
    return {"lists": [path for path in list_paths(folder) if path.exists()]}


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


def fine_tuning_inputs():
    """Return what fine-tuning, and comparing recipes for it, start from."""
    return {
        "images": LIVE.data("{task}"),
        "backbone": LIVE.model("backbone"),
        "methods": lambda wildcards: [
            LIVE.model(method) for method in tuned_methods(wildcards) if method in POOL
        ],
        "sizes": lambda wildcards: (
            NOAH_SIZES if "noah" in tuned_methods(wildcards) else []
        ),
    }


def fine_tuning_params(selection):
    """Return the parameters of fine-tuning, or of comparing recipes for it."""
    truth = config["ground_truth"]
    # What changes no number of a job makes none stale.
    others = {"source", "protocol", "job"}
    if not selection:
        others.add("selection")
    return {
        "names": row_names,
        "architecture": ARCHITECTURE,
        **with_noah_sizes(tuned_methods, version=STAGE_VERSIONS["fine_tune"]),
        "truth": {key: truth[key] for key in truth if key not in others},
        **TRAINING,
    }
