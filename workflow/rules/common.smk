"""What several rules say in the same words.

Takes the configuration and the names of startup.smk; makes CONFIGURED, and no file.
"""

# What a table holds rows for, though they may be empty.
CONFIGURED = {
    "tasks": {task: group_of(task) for task in config["tasks"]},
    "methods": POOL,
}

FIGURE_TITLES = {}  # by name, for whoever cannot see the figure
POSTER = ["weighted_tau", "averages", "improvements", "ablation"]
PAGE_PARTS = ["page.html", "page.css", "page.js"]


def either(names):
    """Return the pattern of a wildcard that is one of these names, or of none at all."""
    return "|".join(names) or "(?!)"


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


def vtab_inputs(wildcards):
    """Return the lists of a task in a given folder, or what says that all are there."""
    if not config["data"]["vtab_root"]:
        return {"manifest": Vtab.manifest}
    folder = task_folder(config["data"]["vtab_root"], TASKS[wildcards.task])
    return {"lists": [path for path in list_paths(folder) if path.exists()]}


def fine_tuning_params(validate):
    """Return the parameters of fine-tuning, of which comparing recipes is a kind."""
    methods = [*POOL, *config["ground_truth"]["references"]]
    configured = {m: config["hyperparameters"].get(m, {}) for m in methods}
    truth = config["ground_truth"]
    return {
        "experiment": config["experiment"],
        "architecture": config["backbone"]["architecture"],
        **with_noah_sizes(configured, version=STAGE_VERSIONS["fine_tune"]),
        "truth": {key: truth[key] for key in truth if validate or key != "validation"},
        "validate": validate,
        "normalization": NORMALIZATION,
        "device": (config["device"], config["precision"]),
        "store": (LIVE.runs, config["retrain"]),
    }
