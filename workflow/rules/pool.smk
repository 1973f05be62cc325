"""The pool of source-trained methods.

Takes data/source.safetensors and models/backbone.safetensors.
Makes models/<method>.safetensors for all source seeds; where the configuration asks for
the search of NOAH's sizes, once and on the source, tables/noah_sizes.json before.
"""

# One of a job's threads trains; the others augment images, if the recipe says so.
SOURCE_THREADS = 8 if config["source"]["recipe"].get("augmentation") else 1


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
        gpu=GPU,
        mem_mb=doubling(12000),
        runtime=doubling(480),
    params:
        context=TRAINING,
        architecture=ARCHITECTURE,
        noah=noah_in_use(),
        hyperparameters=config["hyperparameters"].get("noah", {}),
        version=(STAGE_VERSIONS["train_supernet"], STAGE_VERSIONS["search_noah"]),
    message:
        "Search NOAH's sizes on the source (follow {log})"
    script:
        "../scripts/search_noah.py"


rule train_method:
    input:
        images=LIVE.data("source"),
        backbone=LIVE.model("backbone"),
        sizes=lambda wildcards: noah_sizes([wildcards.method]),
    output:
        LIVE.model("{method}"),
    log:
        LIVE.log("train_method", "{method}"),
    benchmark:
        LIVE.benchmark("train_method", "{method}")
    conda:
        ENVIRONMENT
    threads: SOURCE_THREADS
    resources:
        gpu=GPU,
        mem_mb=doubling(12000),
        runtime=doubling(240),
    params:
        context=TRAINING,
        architecture=ARCHITECTURE,
        hyperparameters=lambda wildcards: config["hyperparameters"].get(
            wildcards.method, {}
        ),
        # Plain values: the engine notices no change of an object that it does not know.
        recipe=lambda wildcards: (
            recipe_of(config["source"], wildcards.method).identity()
        ),
        seeds=config["source"]["seeds"],
        version=STAGE_VERSIONS["train_method"],
    message:
        "Train {wildcards.method} on the source (follow {log})"
    script:
        "../scripts/train_method.py"
