"""NOAH's sizes, fixed or searched, for the rules that need the methods' sizes.

Takes the configuration and the names of startup.smk; makes NOAH_SIZES, and no file.
"""

import json

# What the rules take that need NOAH's sizes: a file where they are searched, or nothing.
SEARCHED = "noah" in POOL and config["noah"]["search"] != "none"
NOAH_SIZES = [LIVE.noah_sizes] if SEARCHED else []


def noah_in_use():
    """Return the section `noah` with the level in use alone: no other one matters."""
    noah = config["noah"]
    used = {k: v for k, v in noah["levels"].items() if k == noah["search"]}
    return noah | {"levels": used}


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
