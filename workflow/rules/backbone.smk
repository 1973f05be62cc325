"""The backbone: pre-trained elsewhere, where it has a name of timm's, or here.

Takes a file of its weights, or else timm's hub (the settings HF_ENDPOINT,
HF_HUB_OFFLINE and HF_HOME are the hub's own); or data/pretraining.safetensors.
Makes models/backbone.safetensors.
"""

if FETCHED:

    rule fetch_backbone:
        input:
            **(
                {"weights": config["backbone"]["weights"]}
                if config["backbone"]["weights"]
                else {}
            ),
        output:
            LIVE.model("backbone"),
        log:
            LIVE.log("fetch_backbone"),
        benchmark:
            LIVE.benchmark("fetch_backbone")
        localrule: True
        conda:
            ENVIRONMENT
        params:
            architecture=ARCHITECTURE,
            store=LIVE.runs,
            retrain=config["retrain"],
            version=STAGE_VERSIONS["fetch_backbone"],
        message:
            "Fetch the backbone (follow {log})"
        script:
            "../scripts/fetch_backbone.py"

else:

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
            gpu=GPU,
            mem_mb=doubling(4000),
            runtime=doubling(120),
        params:
            context=TRAINING,
            backbone=config["backbone"],
            version=STAGE_VERSIONS["pretrain_backbone"],
        message:
            "Pre-train the backbone (follow {log})"
        script:
            "../scripts/pretrain_backbone.py"
