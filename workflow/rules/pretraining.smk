"""The backbone, pre-trained here: chosen where the configuration says its sizes.

Takes data/pretraining.safetensors.
Makes models/backbone.safetensors.
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
        **TRAINING,
        backbone=config["backbone"],
        version=STAGE_VERSIONS["pretrain_backbone"],
    message:
        "Pre-train the backbone (follow {log})"
    script:
        "../scripts/pretrain_backbone.py"
