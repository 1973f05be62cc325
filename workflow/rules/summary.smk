"""The summary page, and the report around it.

Takes tables/*.csv, tables/provenance.json and figures/* of the live or of a cached
experiment ({root}), the poster's tables and captions. Tables of studies are optional:
the page says which it lacks, and is made again once they are there.
Makes summary.html, one file that needs no other.
"""


rule write_summary:
    input:
        tables=[Experiment("{root}").table(name) for name in TABLES],
        studies=kept_studies,
        record=Experiment("{root}").provenance,
        figures=shown_figures,
        captions=shown_captions,
        published=[published_resource(name) for name in POSTER],
        parts=[beside_workflow(page_part(name)) for name in PAGE_PARTS],
    output:
        report(
            Experiment("{root}").summary_page,
            category="Summary",
            caption="../report/summary.rst",
            labels={"experiment": "{root}", "result": "the answer, on one page"},
        ),
    log:
        Experiment("{root}").log("write_summary"),
    conda:
        ENVIRONMENT
    params:
        # Times of jobs are read where they are; they make no page stale.
        logs=lambda wildcards: Experiment(wildcards.root).logs,
        titles=lambda wildcards: FIGURE_TITLES,
        remedy=remedy,
    message:
        "Write the summary page {output}"
    script:
        "../scripts/write_summary.py"
