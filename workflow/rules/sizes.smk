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
