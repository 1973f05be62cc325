"""Figures.

Takes tables/*.csv and arrays/*.npz of the live or of a cached experiment ({root}).
Makes figures/*.png and figures/*.svg beside them; nothing else is read.
"""


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


rule draw_accuracy:
    input:
        Experiment("{root}").table("ground_truth"),
    output:
        figure("accuracy", "accuracy of every method"),
    log:
        Experiment("{root}").log("draw_accuracy"),
    conda:
        ENVIRONMENT
    message:
        "Draw the accuracies"
    script:
        "../scripts/draw_accuracy.py"


rule draw_scores:
    input:
        scores=Experiment("{root}").table("scores"),
        truth=Experiment("{root}").table("ground_truth"),
        correlation=Experiment("{root}").table("correlation"),
    output:
        figure("scores", "score against accuracy"),
    log:
        Experiment("{root}").log("draw_scores"),
    conda:
        ENVIRONMENT
    message:
        "Draw scores against accuracies"
    script:
        "../scripts/draw_scores.py"


rule draw_tau:
    input:
        correlation=Experiment("{root}").table("correlation"),
        summary=Experiment("{root}").table("summary"),
    output:
        figure("tau", "weighted tau of every metric"),
    log:
        Experiment("{root}").log("draw_tau"),
    conda:
        ENVIRONMENT
    message:
        "Draw the weighted taus"
    script:
        "../scripts/draw_tau.py"


rule draw_critical_difference:
    input:
        Experiment("{root}").table("friedman"),
    output:
        figure("critical_difference", "mean rank of every metric"),
    log:
        Experiment("{root}").log("draw_critical_difference"),
    conda:
        ENVIRONMENT
    message:
        "Draw the metrics' mean ranks"
    script:
        "../scripts/draw_critical_difference.py"


rule draw_diffusion_map:
    input:
        Experiment("{root}").array("diffusion_map"),
    output:
        figure("diffusion_map", "diffusion maps"),
    log:
        Experiment("{root}").log("draw_diffusion_map"),
    conda:
        ENVIRONMENT
    message:
        "Draw the diffusion maps"
    script:
        "../scripts/draw_diffusion_map.py"
