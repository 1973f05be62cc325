"""The backbone and the pool of source-trained methods.

Takes data/pretraining.safetensors and data/source.safetensors, and NOAH's sizes where
they are searched.
Makes models/backbone.safetensors, and models/<method>.safetensors for all source seeds.
"""


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
        sizes=lambda wildcards: NOAH_SIZES if wildcards.method == "noah" else [],
    output:
        LIVE.model("{method}"),
    log:
        LIVE.log("train_method", "{method}"),
    benchmark:
        LIVE.benchmark("train_method", "{method}")
    conda:
        ENVIRONMENT
    resources:
        **needs("train_method"),
    params:
        **with_noah_sizes(
            lambda wildcards: config["hyperparameters"].get(wildcards.method, {}),
            version=STAGE_VERSIONS["train_method"],
        ),
        architecture=config["backbone"]["architecture"],
        recipe=lambda wildcards: recipe_of(config["source"], wildcards.method),
        seeds=config["source"]["seeds"],
        normalization=NORMALIZATION,
        device=(config["device"], config["precision"]),
        store=(LIVE.runs, config["retrain"]),
    message:
        "Train {wildcards.method} on the source (follow {log})"
    script:
        "../scripts/train_method.py"
