"""Scores of the metrics, and how well they agree with the ground truth.

Takes embeddings/<task>.safetensors and tables/ground_truth.csv.
Makes tables/scores.csv, tables/components.csv, tables/correlation.csv,
tables/reliability.csv and tables/tau.md.
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
        experiment=config["experiment"],
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
        scores=LIVE.table("scores"),
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
        correlation=LIVE.table("correlation"),
        reliability=LIVE.table("reliability"),
    log:
        LIVE.log("correlate_scores"),
    conda:
        ENVIRONMENT
    message:
        "Correlate the scores with the ground truth"
    script:
        "../scripts/correlate_scores.py"


rule tabulate_tau:
    input:
        correlation=LIVE.table("correlation"),
        reliability=LIVE.table("reliability"),
    output:
        report(
            LIVE.tau_table,
            category="Results",
            caption="../report/tau_table.rst",
            labels={"result": "weighted tau (table)"},
        ),
    log:
        LIVE.log("tabulate_tau"),
    conda:
        ENVIRONMENT
    message:
        "Write the table of weighted taus"
    script:
        "../scripts/tabulate_tau.py"
