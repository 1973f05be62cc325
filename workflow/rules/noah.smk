"""The search of NOAH's sizes, once and on the source.

Takes data/source.safetensors and models/backbone.safetensors.
Makes tables/noah_sizes.json where the configuration asks for a search; NOAH_SIZES and
with_noah_sizes() for the rules that train, embed with and fine-tune the methods.
"""

import json

# What the rules take that need NOAH's sizes: a file where they are searched, or nothing.
SEARCHED = "noah" in POOL and config["noah"]["search"] != "none"
NOAH_SIZES = [LIVE.noah_sizes] if SEARCHED else []


def with_noah_sizes(configured, **version):
    """Return params: hyper-parameters, and the version, if there is one.

    `configured` are hyper-parameters by method, or a function of the wildcards that
    returns those of one. Where NOAH's sizes are searched, they are read from the input
    `sizes`. The engine does not notice a change of params that are made from input, so
    the version then holds the configured ones, too.
    """
    if not SEARCHED:
        return {"hyperparameters": configured, **version}
    of = configured if callable(configured) else lambda wildcards: configured

    def found(wildcards, input):
        if not input.sizes:
            return of(wildcards)
        with open(input.sizes[0]) as file:
            sizes = json.load(file)["sizes"]
        if callable(configured):
            return of(wildcards) | sizes
        return configured | {"noah": configured["noah"] | sizes}

    return {
        "hyperparameters": found,
        "version": lambda wildcards: (*version.values(), str(of(wildcards))),
    }


rule search_noah:
    input:
        images=LIVE.data("source"),
        backbone=LIVE.model("backbone"),
    output:
        LIVE.noah_sizes,
    log:
        LIVE.log("search_noah"),
    benchmark:
        LIVE.benchmark("search_noah")
    conda:
        ENVIRONMENT
    resources:
        **needs("search_noah"),
    params:
        architecture=config["backbone"]["architecture"],
        noah={
            key: value
            for key, value in config["noah"].items()
            if key in ("search", "seed", "validation_share", config["noah"]["search"])
        },
        hyperparameters=config["hyperparameters"].get("noah", {}),
        normalization=NORMALIZATION,
        device=(config["device"], config["precision"]),
        store=(LIVE.runs, config["retrain"]),
        version=(STAGE_VERSIONS["train_supernet"], STAGE_VERSIONS["search_noah"]),
    message:
        "Search NOAH's sizes on the source (follow {log})"
    script:
        "../scripts/search_noah.py"
