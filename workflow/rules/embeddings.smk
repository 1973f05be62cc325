"""Embeddings.

Takes a task's images, the backbone and every source-trained method.
Makes embeddings/<task>.safetensors and parts/embedding_times/<task>.csv.
"""


rule embed_task:
    input:
        images=LIVE.data("{task}"),
        backbone=LIVE.model("backbone"),
        methods=[LIVE.model(method) for method in POOL],
        sizes=NOAH_SIZES,
    output:
        embedding=LIVE.embedding("{task}"),
        times=LIVE.part("embedding_times", "{task}"),
    log:
        LIVE.log("embed_task", "{task}"),
    benchmark:
        LIVE.benchmark("embed_task", "{task}")
    conda:
        ENVIRONMENT
    resources:
        gpu=GPU,
        mem_mb=doubling(8000),
        runtime=doubling(60),
    params:
        device=config["device"],
        precision=config["precision"],
        normalization=NORMALIZATION,
        hyperparameters=hyperparameters_of(POOL),
        names=row_names,
        architecture=ARCHITECTURE,
        embedding=config["embedding"],
    message:
        "Embed the images of {wildcards.task} through every model"
    script:
        "../scripts/embed_task.py"
