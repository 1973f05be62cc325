"""Rank PEFT methods for image tasks, and say how well the ranking holds."""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/startup.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/backbone.smk"
include: "workflow/rules/pool.smk"
include: "workflow/rules/embeddings.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/pages.smk"


wildcard_constraints:
    task=one_of([*TASKS, *config["data"]["image_folders"]]),
    method=one_of(METHODS),
    root=one_of(place.root for place in (LIVE, PUBLISHED, *CACHED)),


rule all:
    default_target: True
    input:
        LIVE.figures(figures_of("Results")),
        [LIVE.contact_sheet(task) for task in config["tasks"]],
        LIVE.page("tau"),
        LIVE.provenance,
        LIVE.summary_page,


rule studies:
    input:
        [LIVE.table(name) for name in STUDY_TABLES],
        [LIVE.page(name) for name in STUDY_PAGES],
        LIVE.figures(figures_of("Studies")),


rule cached_figures:
    input:
        [kept.figures(figures_shown(kept.root)) for kept in CACHED],


rule cached_pages:
    input:
        [kept.summary_page for kept in CACHED],


rule published:
    input:
        PUBLISHED.page("published"),
        PUBLISHED.figure("published"),
