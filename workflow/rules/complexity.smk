"""How complex the embeddings are, beside a CNN's (a part of the target `studies`).

Takes embeddings/<task>.safetensors and data/<task>.safetensors, and
data/pretraining.safetensors where the CNN is to be trained.
Makes models/cnn.safetensors, tables/complexity.csv, tables/complexity.md,
arrays/scree.npz and the figure `scree`.
"""

# A CNN that timm has pre-trained needs none.
CNN_IMAGES = (
    {}
    if isinstance(config["studies"]["cnn"]["architecture"], str)
    else {"images": LIVE.data("pretraining")}
)


rule train_cnn:
    input:
        **CNN_IMAGES,
    output:
        LIVE.model("cnn"),
    log:
        LIVE.log("train_cnn"),
    benchmark:
        LIVE.benchmark("train_cnn")
    conda:
        ENVIRONMENT
    resources:
        **needs("train_cnn"),
    params:
        **TRAINING,
        cnn=config["studies"]["cnn"],
        version=STAGE_VERSIONS["train_cnn"],
    message:
        "Train, or fetch, the CNN (follow {log})"
    script:
        "../scripts/train_cnn.py"


rule measure_complexity:
    input:
        embeddings=[LIVE.embedding(task) for task in config["tasks"]],
        images=[LIVE.data(task) for task in config["tasks"]],
        cnn=LIVE.model("cnn"),
    output:
        table=LIVE.table("complexity"),
        curves=LIVE.array("scree"),
        page=report(
            LIVE.page("complexity"),
            category="Studies",
            caption="../report/complexity_table.rst",
            labels={"result": "complexity of the embeddings (table)"},
        ),
    log:
        LIVE.log("measure_complexity"),
    benchmark:
        LIVE.benchmark("measure_complexity")
    conda:
        ENVIRONMENT
    resources:
        **needs("measure_complexity"),
    params:
        **RUNNING,
        experiment=config["experiment"],
        tasks=config["tasks"],
        architecture=config["studies"]["cnn"]["architecture"],
        embedding=config["embedding"],
    message:
        "Count the components that each embedding needs"
    script:
        "../scripts/measure_complexity.py"


rule draw_scree:
    input:
        complexity=study_table("complexity"),
        curves=Experiment("{root}").array("scree"),
    output:
        figure("scree", "complexity of the embeddings", "Studies"),
    log:
        Experiment("{root}").log("draw_scree"),
    conda:
        ENVIRONMENT
    message:
        "Draw the complexity of the embeddings"
    script:
        "../scripts/draw_scree.py"
