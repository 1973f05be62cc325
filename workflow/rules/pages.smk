"""Pages, and what becomes of a finished experiment.

Takes tables/*.csv, tables/provenance.json and figures/* of the live or of a cached
experiment ({root}), the poster's tables and captions. Tables of studies are optional:
the page says which it lacks, and is made again once they are there.
Makes summary.html, one file that needs no other, and results/published/tables/published.md.
freeze_results copies small results, those of the studies if they are there, to
results/cached/<experiment>/; prune_runs deletes runs that the configuration no longer
refers to; report_status needs nothing and writes into its log what is done and what is
left.
"""

from peftdiff.paths import PAGE_PARTS, STUDY_ARRAYS, STUDY_PAGES, page_part
from peftdiff.reporting.figures import FIGURES

POSTER = ["weighted_tau", "averages", "improvements", "ablation"]

# What runs are made of: images, and the weights of a backbone from elsewhere.
CHECKED = {name: LIVE.data(name) for name in ["source", *config["tasks"]]}
if FETCHED:
    CHECKED["backbone"] = LIVE.model("backbone")
if CNN_IMAGES or not FETCHED:
    CHECKED["pretraining"] = LIVE.data("pretraining")


rule write_summary:
    input:
        tables=[ANY.table(name) for name in TABLES],
        studies=lambda wildcards: kept_studies(wildcards.root),
        record=ANY.provenance,
        figures=lambda wildcards: Experiment(wildcards.root).figures(
            figures_shown(wildcards.root)
        ),
        captions=lambda wildcards: [
            beside_workflow(f"workflow/report/{name}.rst")
            for name in figures_shown(wildcards.root)
        ],
        published=[published_resource(name) for name in POSTER],
        parts=[beside_workflow(page_part(name)) for name in PAGE_PARTS],
    output:
        shown(ANY.summary_page, "summary", "the answer, on one page", "Summary", ANY),
    log:
        ANY.log("write_summary"),
    conda:
        ENVIRONMENT
    params:
        # Times of jobs are read where they are; they make no page stale.
        logs=lambda wildcards: Experiment(wildcards.root).logs,
        titles={name: entry.title for name, entry in FIGURES.items()},
        remedy=lambda wildcards: remedy(wildcards.root),
    message:
        "Write the summary page {output}"
    script:
        "../scripts/write_summary.py"


rule tabulate_published:
    input:
        averages=PUBLISHED.table("published_averages"),
        agreement=PUBLISHED.table("published_agreement"),
        ceilings=PUBLISHED.table("published_ceilings"),
    output:
        shown(
            PUBLISHED.page("published"),
            "published_table",
            "published figures, computed again (table)",
            "Published figures",
            PUBLISHED,
        ),
    log:
        PUBLISHED.log("tabulate_published"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Write the page of the published figures: {output}"
    script:
        "../scripts/tabulate_published.py"


# No output is declared: with one, a fresh clone would rather train the experiment than
# draw its cached figures.
rule freeze_results:
    input:
        tables=[LIVE.table(name) for name in TABLES],
        studies=[
            path
            for path in (
                *map(LIVE.table, STUDY_TABLES),
                *map(LIVE.page, STUDY_PAGES),
                *map(LIVE.array, STUDY_ARRAYS),
            )
            if os.path.exists(path)
        ],
        texts=[LIVE.provenance, LIVE.page("tau"), *([NOAH_SIZES] if SEARCHED else [])],
        arrays=LIVE.array("diffusion_map"),
        sheets=[LIVE.contact_sheet(task) for task in config["tasks"]],
    log:
        LIVE.log("freeze_results"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        live=lambda wildcards, input: os.path.commonpath(input),
        cached=cached(config["experiment"]).root,
    message:
        "Copy the small results to {params.cached}"
    script:
        "../scripts/freeze_results.py"


rule prune_runs:
    input:
        list(CHECKED.values()),
    log:
        LIVE.log("prune_runs"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=config,
        store=LIVE.runs,
    message:
        "Delete the runs that the configuration does not refer to"
    script:
        "../scripts/prune_runs.py"


# It may run beside the engine that does the work: --nolock.
rule report_status:
    log:
        LIVE.log("report_status"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=config,
        checked=CHECKED,
        store=LIVE.runs,
    message:
        "Say what is done and what is left: {log}"
    script:
        "../scripts/report_status.py"
