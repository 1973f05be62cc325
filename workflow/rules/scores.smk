"""Scores of the metrics, and how well they agree with the ground truth.

Takes embeddings/<task>.safetensors and tables/ground_truth.csv.
Makes tables/scores.csv, tables/components.csv, tables/correlation.csv and
tables/reliability.csv.
"""


rule score_task:
    input:
        LIVE.embedding("{task}"),
    output:
        scores=LIVE.part("scores", "{task}"),
        components=LIVE.part("components", "{task}"),
    log:
        LIVE.log("score_task", "{task}"),
    benchmark:
        LIVE.benchmark("score_task", "{task}")
    conda:
        ENVIRONMENT
    params:
        names=row_names,
        metrics={
            metric: config["metric_parameters"].get(metric, {})
            for metric in config["metrics"]
        },
    message:
        "Score every method on {wildcards.task}"
    script:
        "../scripts/score_task.py"


rule collect_scores:
    input:
        scores=[LIVE.part("scores", task) for task in config["tasks"]],
        components=[LIVE.part("components", task) for task in config["tasks"]],
    output:
        scores=shown_table("scores", "scores"),
        components=LIVE.table("components"),
    log:
        LIVE.log("collect_scores"),
    conda:
        ENVIRONMENT
    message:
        "Collect the scores of all tasks"
    script:
        "../scripts/collect_scores.py"


rule correlate_scores:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
    output:
        correlation=shown_table("correlation", "weighted tau, task by task"),
        reliability=shown_table("reliability", "reliability of the accuracies"),
    log:
        LIVE.log("correlate_scores"),
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Correlate the scores with the ground truth"
    script:
        "../scripts/correlate_scores.py"
