"""The ground truth: accuracies after fine-tuning every method on every task.

Takes a task's images, the backbone and every source-trained method.
Makes tables/ground_truth.csv; on demand (choose_recipe) tables/recipe.csv, where
learning rates are compared on held-out training images.
"""


rule fine_tune:
    input:
        images=LIVE.data("{task}"),
        backbone=LIVE.model("backbone"),
        methods=[LIVE.model(method) for method in POOL],
        sizes=NOAH_SIZES,
    output:
        LIVE.part("ground_truth", "{task}"),
    log:
        LIVE.log("fine_tune", "{task}"),
    benchmark:
        LIVE.benchmark("fine_tune", "{task}")
    # The longest jobs go first; the short ones of scoring fill what they leave idle.
    priority: 1
    conda:
        ENVIRONMENT
    resources:
        **needs("fine_tune"),
    params:
        **fine_tuning_params(validate=False),
    message:
        "Fine-tune every method on {wildcards.task} (follow {log})"
    script:
        "../scripts/fine_tune.py"


rule validate_recipe:
    input:
        images=LIVE.data("{task}"),
        backbone=LIVE.model("backbone"),
        methods=[LIVE.model(method) for method in POOL],
        sizes=NOAH_SIZES,
    output:
        LIVE.part("recipe", "{task}"),
    log:
        LIVE.log("validate_recipe", "{task}"),
    conda:
        ENVIRONMENT
    resources:
        **needs("validate_recipe"),
    params:
        **fine_tuning_params(validate=True),
    message:
        "Compare learning rates on held-out training images of {wildcards.task}"
    script:
        "../scripts/fine_tune.py"


rule choose_recipe:
    input:
        [LIVE.part("recipe", task) for task in config["tasks"]],
    output:
        LIVE.table("recipe"),
    log:
        LIVE.log("choose_recipe"),
    conda:
        ENVIRONMENT
    message:
        "Collect the accuracies on held-out training images"
    script:
        "../scripts/collect_truth.py"


rule collect_truth:
    input:
        [LIVE.part("ground_truth", task) for task in config["tasks"]],
    output:
        shown_table("ground_truth", "accuracies"),
    log:
        LIVE.log("collect_truth"),
    conda:
        ENVIRONMENT
    message:
        "Collect the accuracies of all tasks"
    script:
        "../scripts/collect_truth.py"
