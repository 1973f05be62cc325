"""What becomes of a finished experiment.

Takes its tables and arrays.
Makes tables/provenance.json; copies small results, those of the studies if they are
there, to results/cached/<experiment>/ (freeze_results); deletes runs that the configuration no longer refers to (prune_runs).
report_status needs nothing and writes into its log what is done and what is left.
"""

# What runs are made of: images, and the weights of a backbone from elsewhere.
CHECKED = {name: LIVE.data(name) for name in ["source", *config["tasks"]]}
if FETCHED:
    CHECKED["backbone"] = LIVE.model("backbone")
if CNN_IMAGES or not FETCHED:
    CHECKED["pretraining"] = LIVE.data("pretraining")


rule record_provenance:
    input:
        **({"backbone": LIVE.model("backbone")} if FETCHED else {}),
        truth=LIVE.table("ground_truth"),
        tables=[LIVE.table(name) for name in TABLES],
        images=[
            *(LIVE.data(task) for task in config["tasks"] if task not in DRAWN),
            *([LIVE.data("source")] if SOURCE_FILES else []),
        ],
    output:
        shown(LIVE.provenance, "provenance", "provenance", "Summary"),
    log:
        LIVE.log("record_provenance"),
    conda:
        ENVIRONMENT
    params:
        config=config,
        missing=MISSING,
    message:
        "Record what the tables come from"
    script:
        "../scripts/record_provenance.py"


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
        texts=[LIVE.provenance, LIVE.tau_table, *NOAH_SIZES],
        arrays=LIVE.array("diffusion_map"),
        sheets=[LIVE.contact_sheet(task) for task in config["tasks"]],
    log:
        LIVE.log("freeze_results"),
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
