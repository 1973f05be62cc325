"""Studies, which the main job does not run (target `studies`), and published figures.

Takes embeddings/<task>.safetensors, parts/embedding_times/<task>.csv, tables/scores.csv,
tables/components.csv, tables/ground_truth.csv, tables/provenance.json, the run store,
images, and what others have published (workflow/resources/published/*.csv).
Makes tables/ablation.csv, grid.csv, grid_choice.csv, choices.csv, timing.csv,
times.csv and complexity.csv, the pages times.md and complexity.md, models/cnn.safetensors and
arrays/scree.npz; below results/published/ tables/published_averages.csv,
published_taus.csv, published_agreement.csv and published_ceilings.csv.
"""

# A CNN that timm has pre-trained needs none.
CNN_IMAGES = (
    {}
    if isinstance(config["studies"]["cnn"]["architecture"], str)
    else {"images": LIVE.data("pretraining")}
)


rule ablate_score:
    input:
        components=LIVE.table("components"),
        truth=LIVE.table("ground_truth"),
    output:
        shown_table("ablation"),
    log:
        LIVE.log("ablate_score"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Rank the pool by either class distance alone"
    script:
        "../scripts/ablate_score.py"


rule search_grid:
    input:
        grid_embedding,
    output:
        LIVE.part("grid_components", "{task}"),
    log:
        LIVE.log("search_grid", "{task}"),
    benchmark:
        LIVE.benchmark("search_grid", "{task}")
    conda:
        ENVIRONMENT
    params:
        experiment=config["experiment"],
        axes=config["studies"]["grid"],
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
    message:
        "Score every method on {wildcards.task} over the grid of settings"
    script:
        "../scripts/search_grid.py"


rule correlate_grid:
    input:
        components=[LIVE.part("grid_components", task) for task in config["tasks"]],
        truth=LIVE.table("ground_truth"),
    output:
        grid=shown_table("grid"),
        choice=shown_table("grid_choice"),
    log:
        LIVE.log("correlate_grid"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
    message:
        "Correlate the scores of every setting with the ground truth"
    script:
        "../scripts/correlate_grid.py"


rule compare_choices:
    input:
        LIVE.embedding("{task}"),
    output:
        LIVE.part("choices", "{task}"),
    log:
        LIVE.log("compare_choices", "{task}"),
    benchmark:
        LIVE.benchmark("compare_choices", "{task}")
    conda:
        ENVIRONMENT
    params:
        experiment=config["experiment"],
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
        start_seeds=config["studies"]["start_seeds"],
    message:
        "Score every method on {wildcards.task} with each choice changed"
    script:
        "../scripts/compare_choices.py"


rule correlate_choices:
    input:
        components=[LIVE.part("choices", task) for task in config["tasks"]],
        truth=LIVE.table("ground_truth"),
    output:
        shown_table("choices"),
    log:
        LIVE.log("correlate_choices"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Correlate the scores of every choice with the ground truth"
    script:
        "../scripts/correlate_choices.py"


rule compare_times:
    input:
        scores=LIVE.table("scores"),
        components=LIVE.table("components"),
        truth=LIVE.table("ground_truth"),
        embedding=[LIVE.part("embedding_times", task) for task in config["tasks"]],
        methods=[LIVE.model(method) for method in POOL],
        poster=published_resource("timing_minutes"),
        provenance=LIVE.provenance,
    output:
        timing=shown_table("timing"),
        times=shown_table("times"),
        page=shown(
            LIVE.page("times"),
            "times_table",
            "minutes of scoring and fine-tuning (table)",
            "Studies",
        ),
    log:
        LIVE.log("compare_times"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        methods=POOL,
        store=LIVE.runs,
    message:
        "Compare the times of scoring and of fine-tuning"
    script:
        "../scripts/compare_times.py"


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
        gpu=GPU,
        mem_mb=doubling(4000),
        runtime=doubling(60),
    params:
        context=TRAINING,
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
        table=shown_table("complexity"),
        curves=LIVE.array("scree"),
        page=shown(
            LIVE.page("complexity"),
            "complexity_table",
            "complexity of the embeddings (table)",
            "Studies",
        ),
    log:
        LIVE.log("measure_complexity"),
    benchmark:
        LIVE.benchmark("measure_complexity")
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
        experiment=config["experiment"],
        tasks=config["tasks"],
        architecture=config["studies"]["cnn"]["architecture"],
        embedding=config["embedding"],
    message:
        "Count the components that each embedding needs"
    script:
        "../scripts/measure_complexity.py"


rule compare_published:
    input:
        weighted_tau=published_resource("weighted_tau"),
        averages=published_resource("averages"),
        improvements=published_resource("improvements"),
        timing_minutes=published_resource("timing_minutes"),
        ablation=published_resource("ablation"),
        accuracy_vtab=published_resource("accuracy_vtab"),
    output:
        averages=PUBLISHED.table("published_averages"),
        taus=PUBLISHED.table("published_taus"),
        agreement=PUBLISHED.table("published_agreement"),
        ceilings=PUBLISHED.table("published_ceilings"),
    log:
        PUBLISHED.log("compare_published"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Compute the published figures again"
    script:
        "../scripts/compare_published.py"
