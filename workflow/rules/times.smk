"""What scoring costs beside fine-tuning (a part of the target `studies`).

Takes parts/embedding_times/<task>.csv, tables/scores.csv, tables/components.csv,
tables/ground_truth.csv, tables/provenance.json, the run store, and what the poster
prints. Makes tables/timing.csv, tables/times.md and the figure `times`.
"""


rule compare_times:
    input:
        tables=[LIVE.table(name) for name in ("scores", "components", "ground_truth")],
        embedding=[LIVE.part("embedding_times", task) for task in config["tasks"]],
        methods=[LIVE.model(method) for method in POOL],
        poster=published_resource("timing_minutes"),
        provenance=LIVE.provenance,
    output:
        timing=LIVE.table("timing"),
        page=report(
            LIVE.page("times"),
            category="Studies",
            caption="../report/times_table.rst",
            labels={"result": "minutes of scoring and fine-tuning (table)"},
        ),
    log:
        LIVE.log("compare_times"),
    conda:
        ENVIRONMENT
    params:
        methods=POOL,
        store=LIVE.runs,
    message:
        "Compare the times of scoring and of fine-tuning"
    script:
        "../scripts/compare_times.py"


rule draw_times:
    input:
        study_table("timing"),
    output:
        figure("times", "minutes of scoring and fine-tuning", "Studies"),
    log:
        Experiment("{root}").log("draw_times"),
    conda:
        ENVIRONMENT
    message:
        "Draw the times of scoring and of fine-tuning"
    script:
        "../scripts/draw_times.py"
