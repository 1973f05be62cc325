"""What several rules say in the same words.

Takes the configuration and LIVE of startup.smk; makes no file.
"""


def figure(name, title):
    """Return a figure's files, the PNG with its place in the report."""
    png, svg = Experiment("{root}").figure(name)
    place = {"category": "Results", "labels": {"result": title}}
    shown = report(png, caption=f"../report/{name}.rst", **place)
    return [shown, svg]


def published_resource(name):
    """Return a table that lies with the workflow, wherever the results go."""
    return os.path.relpath(Path(workflow.basedir, published_table(name)))


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
