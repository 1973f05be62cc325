"""Scores of the metrics, how well they agree with the ground truth, and how surely.

Takes embeddings/<task>.safetensors and tables/ground_truth.csv.
Makes tables/scores.csv, tables/components.csv, tables/correlation.csv,
tables/reliability.csv, tables/tasks.csv, tables/standings.csv,
tables/first_choices.csv, tables/summary.csv, tables/friedman.csv, tables/nemenyi.csv,
tables/stability.csv, tables/tau.md, and of all these tables/provenance.json.
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
        scores=shown_table("scores"),
        components=shown_table("components"),
    log:
        LIVE.log("collect_scores"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Collect the scores of all tasks"
    script:
        "../scripts/collect_tables.py"


rule correlate_scores:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
    output:
        correlation=shown_table("correlation"),
        reliability=shown_table("reliability"),
    log:
        LIVE.log("correlate_scores"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Correlate the scores with the ground truth"
    script:
        "../scripts/correlate_scores.py"


rule judge_accuracies:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
    output:
        tasks=shown_table("tasks"),
        standings=shown_table("standings"),
        choices=shown_table("first_choices"),
    log:
        LIVE.log("judge_accuracies"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Say what the accuracies tell on each task"
    script:
        "../scripts/judge_accuracies.py"


rule summarize_scores:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
        correlation=LIVE.table("correlation"),
    output:
        summary=shown_table("summary"),
        friedman=shown_table("friedman"),
        nemenyi=shown_table("nemenyi"),
    log:
        LIVE.log("summarize_scores"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Summarize each metric over all tasks"
    script:
        "../scripts/summarize_scores.py"


rule leave_methods_out:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
        components=LIVE.table("components"),
    output:
        shown_table("stability"),
    log:
        LIVE.log("leave_methods_out"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Rank the pool without each method in turn"
    script:
        "../scripts/leave_methods_out.py"


rule tabulate_tau:
    input:
        correlation=LIVE.table("correlation"),
        reliability=LIVE.table("reliability"),
        summary=LIVE.table("summary"),
        tasks=LIVE.table("tasks"),
        standings=LIVE.table("standings"),
    output:
        shown(LIVE.page("tau"), "tau_table", "weighted tau (table)", "Results"),
    log:
        LIVE.log("tabulate_tau"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        methods=POOL,
        source=config["ground_truth"]["source"],
    message:
        "Write the table of weighted taus"
    script:
        "../scripts/tabulate_tau.py"


rule record_provenance:
    input:
        **({"backbone": LIVE.model("backbone")} if FETCHED else {}),
        truth=LIVE.table("ground_truth"),
        tables=[LIVE.table(name) for name in TABLES],
        images=[
            *(LIVE.data(task) for task in config["tasks"] if task not in DRAWN),
            *([LIVE.data("source")] if OWN_SOURCE else []),
        ],
    output:
        shown(LIVE.provenance, "table_provenance", "provenance", "Summary"),
    log:
        LIVE.log("record_provenance"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=config,
        missing=MISSING,
    message:
        "Record what the tables come from"
    script:
        "../scripts/record_provenance.py"
