"""Published figures: the poster's numbers and four published ground truths.

Takes workflow/resources/published/*.csv; no image, no model.
Makes, below results/published/, tables/published_averages.csv, published_taus.csv,
published_agreement.csv, published_ceilings.csv, published.md, and figures/published.*.
"""


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
    conda:
        ENVIRONMENT
    message:
        "Compute the published figures again"
    script:
        "../scripts/compare_published.py"


rule tabulate_published:
    input:
        averages=PUBLISHED.table("published_averages"),
        agreement=PUBLISHED.table("published_agreement"),
        ceilings=PUBLISHED.table("published_ceilings"),
    output:
        report(
            PUBLISHED.page("published"),
            category="Published figures",
            caption="../report/published_table.rst",
            labels={"result": "published figures, computed again (table)"},
        ),
    log:
        PUBLISHED.log("tabulate_published"),
    conda:
        ENVIRONMENT
    message:
        "Write the page of the published figures: {output}"
    script:
        "../scripts/tabulate_published.py"


rule draw_published:
    input:
        taus=PUBLISHED.table("published_taus"),
        agreement=PUBLISHED.table("published_agreement"),
    output:
        report(
            PUBLISHED.figure("published")[0],
            category="Published figures",
            caption="../report/published.rst",
            labels={"result": "published metrics and ground truths"},
        ),
        PUBLISHED.figure("published")[1],
    log:
        PUBLISHED.log("draw_published"),
    conda:
        ENVIRONMENT
    message:
        "Draw the published figures"
    script:
        "../scripts/draw_published.py"
