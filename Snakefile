"""Rank PEFT methods for image tasks, and say how well the ranking holds."""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/startup.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/sizes.smk"
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
    task="|".join([*TASKS, *config["data"]["image_folders"]]),
    method="|".join(METHODS),
    root="|".join([LIVE.root, *(cached(name).root for name in cached_experiments())]),


rule all:
    default_target: True
    input:
        LIVE.figures(FIGURES),
        [LIVE.contact_sheet(task) for task in config["tasks"]],
        LIVE.tau_table,
        LIVE.provenance,
        LIVE.summary_page,


rule studies:
    input:
        [LIVE.table(name) for name in STUDY_TABLES],
        [LIVE.page(name) for name in STUDY_PAGES],
        LIVE.figures(STUDY_FIGURES),


rule cached_figures:
    input:
        [cached(name).figures(FIGURES) for name in cached_experiments()],
        [study_figures(cached(name)) for name in cached_experiments()],


rule cached_pages:
    input:
        [cached(name).summary_page for name in cached_experiments()],


rule published:
    input:
        PUBLISHED.page("published"),
        PUBLISHED.figure("published"),
