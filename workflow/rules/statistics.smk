"""How far the weighted taus can be trusted.

Takes tables/scores.csv, tables/components.csv, tables/ground_truth.csv,
tables/correlation.csv and tables/reliability.csv.
Makes tables/summary.csv, tables/friedman.csv, tables/nemenyi.csv, tables/stability.csv
and tables/tau.md.
"""


rule summarize_scores:
    input:
        scores=LIVE.table("scores"),
        truth=LIVE.table("ground_truth"),
        correlation=LIVE.table("correlation"),
    output:
        summary=shown_table("summary", "summary of every metric"),
        friedman=shown_table("friedman", "mean ranks of the metrics"),
        nemenyi=shown_table("nemenyi", "pairs of metrics"),
    log:
        LIVE.log("summarize_scores"),
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
        shown_table("stability", "without one method"),
    log:
        LIVE.log("leave_methods_out"),
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
    output:
        report(
            LIVE.tau_table,
            category="Results",
            caption="../report/tau_table.rst",
            labels={"experiment": LIVE.root, "result": "weighted tau (table)"},
        ),
    log:
        LIVE.log("tabulate_tau"),
    conda:
        ENVIRONMENT
    params:
        methods=POOL,
        source=config["ground_truth"]["source"],
    message:
        "Write the table of weighted taus"
    script:
        "../scripts/tabulate_tau.py"
