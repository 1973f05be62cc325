"""Figures, one for each line of the table FIGURES (workflow/peftdiff/reporting/figures).

Takes tables/*.csv and arrays/*.npz of the live or of a cached experiment ({root}), or
of what others have published. Makes figures/*.png and figures/*.svg beside them, with
the captions of workflow/report/; nothing else is read. Before that it makes
arrays/diffusion_map.npz, and of each task's images arrays/contact_sheet_<task>.png.
"""

from peftdiff.reporting.figures import FIGURES


rule draw_contact_sheet:
    input:
        LIVE.data("{task}"),
    output:
        report(
            LIVE.contact_sheet("{task}"),
            category="Tasks",
            caption="../report/contact_sheet.rst",
            labels={"task": "{task}"},
        ),
    log:
        LIVE.log("draw_contact_sheet", "{task}"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw examples of each class of task {wildcards.task}"
    script:
        "../scripts/draw_contact_sheet.py"


rule map_diffusion:
    input:
        embedding=LIVE.embedding(config["figures"]["map_task"]),
        truth=LIVE.table("ground_truth"),
    output:
        LIVE.array("diffusion_map"),
    log:
        LIVE.log("map_diffusion"),
    conda:
        ENVIRONMENT
    params:
        task=config["figures"]["map_task"],
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
    message:
        "Compute diffusion maps of the backbone and of the best and worst method"
    script:
        "../scripts/map_diffusion.py"


for entry in FIGURES.values():

    rule:
        name:
            f"draw_{entry.name}"
        input:
            **figure_sources(entry),
        output:
            shown(
                ANY.figure(entry.name)[0],
                entry.name,
                entry.title,
                entry.category,
                ANY,
            ),
            ANY.figure(entry.name)[1],
        log:
            ANY.log(f"draw_{entry.name}"),
        localrule: True
        conda:
            ENVIRONMENT
        params:
            name=entry.name,
        message:
            f"Draw {entry.title}"
        script:
            "../scripts/draw_figure.py"
