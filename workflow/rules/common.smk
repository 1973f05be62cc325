"""What several rules say in the same words.

Takes the configuration and the names of startup.smk; makes CONFIGURED, and no file.
"""

# What a table holds rows for, though they may be empty.
CONFIGURED = {
    "tasks": {task: TASKS[task].group for task in config["tasks"]},
    "methods": POOL,
}


def figure(name, title, category="Results"):
    """Return a figure's files, the PNG with its place in the report."""
    png, svg = Experiment("{root}").figure(name)
    place = {"category": category, "labels": {"result": title}}
    shown = report(png, caption=f"../report/{name}.rst", **place)
    return [shown, svg]


def published_resource(name):
    """Return a table that lies with the workflow, wherever the results go."""
    return os.path.relpath(Path(workflow.basedir, published_table(name)))


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


def fine_tuning_params(validate):
    """Return the parameters of fine-tuning, of which comparing recipes is a kind."""
    methods = [*POOL, *config["ground_truth"]["references"]]
    truth = config["ground_truth"]
    return {
        "experiment": config["experiment"],
        "architecture": config["backbone"]["architecture"],
        "hyperparameters": {m: config["hyperparameters"].get(m, {}) for m in methods},
        "truth": {key: truth[key] for key in truth if validate or key != "validation"},
        "validate": validate,
        "normalization": NORMALIZATION,
        "device": (config["device"], config["precision"]),
        "store": (LIVE.runs, config["retrain"]),
        "version": STAGE_VERSIONS["fine_tune"],
    }
