"""The search of NOAH's sizes, once and on the source, where the configuration asks.

Takes data/source.safetensors and models/backbone.safetensors.
Makes tables/noah_sizes.json.
"""


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
        **TRAINING,
        architecture=ARCHITECTURE,
        noah=noah_in_use(),
        hyperparameters=config["hyperparameters"].get("noah", {}),
        version=(STAGE_VERSIONS["train_supernet"], STAGE_VERSIONS["search_noah"]),
    message:
        "Search NOAH's sizes on the source (follow {log})"
    script:
        "../scripts/search_noah.py"
