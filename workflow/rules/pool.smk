"""The pool of source-trained methods.

Takes data/source.safetensors and models/backbone.safetensors, and NOAH's sizes where
they are searched.
Makes models/<method>.safetensors for all source seeds.
"""

# One of a job's threads trains; the others augment images, if the recipe says so.
SOURCE_THREADS = 8 if config["source"]["recipe"].get("augmentation") else 1


rule train_method:
    input:
        images=LIVE.data("source"),
        backbone=LIVE.model("backbone"),
        sizes=lambda wildcards: NOAH_SIZES if wildcards.method == "noah" else [],
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
        **needs("train_method"),
    params:
        **with_noah_sizes(
            lambda wildcards: [wildcards.method],
            single=True,
            version=STAGE_VERSIONS["train_method"],
        ),
        **TRAINING,
        architecture=ARCHITECTURE,
        recipe=lambda wildcards: recipe_of(config["source"], wildcards.method),
        seeds=config["source"]["seeds"],
    message:
        "Train {wildcards.method} on the source (follow {log})"
    script:
        "../scripts/train_method.py"
