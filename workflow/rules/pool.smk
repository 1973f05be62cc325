"""The backbone and the pool of source-trained methods.

Takes data/pretraining.safetensors and data/source.safetensors.
Makes models/backbone.safetensors, and models/<method>.safetensors for all source seeds.
"""

# One of a job's threads trains; the others augment images, if the recipe says so.
SOURCE_THREADS = 8 if config["source"]["recipe"].get("augmentation") else 1


rule pretrain_backbone:
    input:
        LIVE.data("pretraining"),
    output:
        LIVE.model("backbone"),
    log:
        LIVE.log("pretrain_backbone"),
    benchmark:
        LIVE.benchmark("pretrain_backbone")
    conda:
        ENVIRONMENT
    threads: config["backbone"]["threads"]
    resources:
        **needs("pretrain_backbone"),
    params:
        backbone=config["backbone"],
        normalization=NORMALIZATION,
        device=(config["device"], config["precision"]),
        store=(LIVE.runs, config["retrain"]),
        version=STAGE_VERSIONS["pretrain_backbone"],
    message:
        "Pre-train the backbone (follow {log})"
    script:
        "../scripts/pretrain_backbone.py"


rule train_method:
    input:
        images=LIVE.data("source"),
        backbone=LIVE.model("backbone"),
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
        architecture=config["backbone"]["architecture"],
        hyperparameters=lambda wildcards: config["hyperparameters"].get(
            wildcards.method, {}
        ),
        recipe=lambda wildcards: recipe_of(config["source"], wildcards.method),
        seeds=config["source"]["seeds"],
        normalization=NORMALIZATION,
        device=(config["device"], config["precision"]),
        store=(LIVE.runs, config["retrain"]),
        version=STAGE_VERSIONS["train_method"],
    message:
        "Train {wildcards.method} on the source (follow {log})"
    script:
        "../scripts/train_method.py"
