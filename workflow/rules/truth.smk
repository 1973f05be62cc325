"""The ground truth: accuracies after fine-tuning every method on every task.

Takes a task's images, the backbone and every source-trained method; or, where
ground_truth.source names one, a published table, and nothing is fine-tuned.
Makes tables/ground_truth.csv; on demand (choose_recipe) tables/recipe.csv, where
recipes are compared on held-out training images. Where ground_truth.protocol is
val_selected, each method is fine-tuned by the best of them, task by task.
"""


rule validate_recipe:
    input:
        images=LIVE.data("{task}"),
        backbone=LIVE.model("backbone"),
        methods=trained_models,
        sizes=lambda wildcards: noah_sizes(tuned_methods(wildcards)),
    output:
        LIVE.part("recipe", TUNED),
    log:
        LIVE.log("validate_recipe", TUNED),
    benchmark:
        LIVE.benchmark("validate_recipe", TUNED)
    # The longest jobs go first; the short ones of scoring fill what they leave idle.
    priority: 1
    conda:
        ENVIRONMENT
    resources:
        gpu=GPU,
        mem_mb=doubling(8000),
        runtime=doubling(240),
    params:
        names=row_names,
        architecture=ARCHITECTURE,
        hyperparameters=lambda wildcards: hyperparameters_of(tuned_methods(wildcards)),
        truth=truth_section(selection=True),
        context=TRAINING,
        version=STAGE_VERSIONS["fine_tune"],
    message:
        f"Compare recipes of {TUNED_METHODS} on held-out images of {{wildcards.task}}"
    script:
        "../scripts/validate_recipe.py"


rule choose_recipe:
    input:
        recipe=tuned_parts("recipe"),
    output:
        recipe=LIVE.table("recipe"),
    log:
        LIVE.log("choose_recipe"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Collect the accuracies on held-out training images"
    script:
        "../scripts/collect_tables.py"


rule fine_tune:
    input:
        **({"selection": LIVE.part("recipe", TUNED)} if SELECTED else {}),
        images=LIVE.data("{task}"),
        backbone=LIVE.model("backbone"),
        methods=trained_models,
        sizes=lambda wildcards: noah_sizes(tuned_methods(wildcards)),
    output:
        LIVE.part("ground_truth", TUNED),
    log:
        LIVE.log("fine_tune", TUNED),
    benchmark:
        LIVE.benchmark("fine_tune", TUNED)
    priority: 1
    conda:
        ENVIRONMENT
    resources:
        gpu=GPU,
        mem_mb=doubling(8000),
        runtime=doubling(240),
    params:
        names=row_names,
        architecture=ARCHITECTURE,
        hyperparameters=lambda wildcards: hyperparameters_of(tuned_methods(wildcards)),
        truth=truth_section(selection=SELECTED),
        context=TRAINING,
        version=STAGE_VERSIONS["fine_tune"],
    message:
        f"Fine-tune {TUNED_METHODS} on {{wildcards.task}} (follow {{log}})"
    script:
        "../scripts/fine_tune.py"


rule take_published_truth:
    input:
        accuracies=published_resource("accuracy_vtab"),
        methods=[LIVE.model(method) for method in POOL],
    output:
        LIVE.part("published_truth", "all"),
    log:
        LIVE.log("take_published_truth"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
        experiment=config["experiment"],
        source=config["ground_truth"]["source"],
        references=config["ground_truth"]["references"],
    message:
        "Take the accuracies from the published table {params.source}"
    script:
        "../scripts/take_published_truth.py"


rule collect_truth:
    input:
        ground_truth=truth_parts(),
    output:
        ground_truth=shown_table("ground_truth"),
    log:
        LIVE.log("collect_truth"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Collect the accuracies of all tasks"
    script:
        "../scripts/collect_tables.py"
