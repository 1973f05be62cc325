"""The search of NOAH's sizes, once and on the source.

Takes data/source.safetensors and models/backbone.safetensors.
Makes tables/noah_sizes.json where the configuration asks for a search; NOAH_SIZES and
with_noah_sizes() for the rules that train, embed with and fine-tune the methods.
"""

import json

# What the rules take that need NOAH's sizes: a file where they are searched, or nothing.
SEARCHED = "noah" in POOL and config["noah"]["search"] != "none"
NOAH_SIZES = [LIVE.noah_sizes] if SEARCHED else []


def with_noah_sizes(methods, single=False, **version):
    """Return params: hyper-parameters, and the version, if there is one.

    `methods` is a function of the wildcards; a `single` method's hyper-parameters are
    given by themselves, others by method. Where NOAH's sizes are searched, they are
    read from the input `sizes`. The engine does not notice a change of params that are
    made from input, so the version then holds the configured ones, too.
    """

    def configured(wildcards):
        sizes = {m: config["hyperparameters"].get(m, {}) for m in methods(wildcards)}
        return sizes[wildcards.method] if single else sizes

    def found(wildcards, input):
        sizes = configured(wildcards)
        if not input.sizes:
            return sizes
        with open(input.sizes[0]) as file:
            searched = json.load(file)["sizes"]
        if single:
            return sizes | searched
        return sizes | {"noah": sizes["noah"] | searched}

    if not SEARCHED:
        return {"hyperparameters": configured, **version}
    return {
        "hyperparameters": found,
        "version": lambda wildcards: (*version.values(), str(configured(wildcards))),
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
        architecture=ARCHITECTURE,
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
