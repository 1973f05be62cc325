"""The backbone, pre-trained elsewhere: chosen where it has a name of timm's.

Takes a file of its weights, or else timm's hub (the settings HF_ENDPOINT,
HF_HUB_OFFLINE and HF_HOME are the hub's own).
Makes models/backbone.safetensors.
"""


# On a cluster, nodes that compute may have no network.
localrules:
    fetch_backbone,


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
    conda:
        ENVIRONMENT
    params:
        architecture=ARCHITECTURE,
        store=(LIVE.runs, config["retrain"]),
        version=STAGE_VERSIONS["fetch_backbone"],
    message:
        "Fetch the backbone (follow {log})"
    script:
        "../scripts/fetch_backbone.py"
