"""Figures.

Takes tables/*.csv and arrays/*.npz of the live or of a cached experiment ({root}).
Makes figures/*.png and figures/*.svg beside them, and a contact sheet of each task.
"""


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


rule draw_accuracy:
    input:
        Experiment("{root}").table("ground_truth"),
    output:
        figure("accuracy", "accuracy of every method"),
    log:
        Experiment("{root}").log("draw_accuracy"),
    localrule: True
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
    localrule: True
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
    localrule: True
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
    localrule: True
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
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the diffusion maps"
    script:
        "../scripts/draw_diffusion_map.py"


rule draw_ablation:
    input:
        study_table("ablation"),
    output:
        figure("ablation", "either class distance alone", "Studies"),
    log:
        Experiment("{root}").log("draw_ablation"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the ablation"
    script:
        "../scripts/draw_ablation.py"


rule draw_grid_curves:
    input:
        grid=study_table("grid"),
        choice=study_table("grid_choice"),
    output:
        figure("grid_curves", "settings, one at a time", "Studies"),
    log:
        Experiment("{root}").log("draw_grid_curves"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw weighted tau along each parameter"
    script:
        "../scripts/draw_grid_curves.py"


rule draw_grid_maps:
    input:
        grid=study_table("grid"),
        choice=study_table("grid_choice"),
    output:
        figure("grid_maps", "settings, two at a time", "Studies"),
    log:
        Experiment("{root}").log("draw_grid_maps"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw weighted tau along each two parameters"
    script:
        "../scripts/draw_grid_maps.py"


rule draw_choices:
    input:
        study_table("choices"),
    output:
        figure("choices", "choices of the definition", "Studies"),
    log:
        Experiment("{root}").log("draw_choices"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw what each choice changes"
    script:
        "../scripts/draw_choices.py"


rule draw_start_seeds:
    input:
        study_table("choices"),
    output:
        figure("start_seeds", "spread over start vectors", "Studies"),
    log:
        Experiment("{root}").log("draw_start_seeds"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the spread over start vectors"
    script:
        "../scripts/draw_start_seeds.py"


rule draw_times:
    input:
        study_table("timing"),
    output:
        figure("times", "minutes of scoring and fine-tuning", "Studies"),
    log:
        Experiment("{root}").log("draw_times"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the times of scoring and of fine-tuning"
    script:
        "../scripts/draw_times.py"


rule draw_scree:
    input:
        complexity=study_table("complexity"),
        curves=Experiment("{root}").array("scree"),
    output:
        figure("scree", "complexity of the embeddings", "Studies"),
    log:
        Experiment("{root}").log("draw_scree"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the complexity of the embeddings"
    script:
        "../scripts/draw_scree.py"


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
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Draw the published figures"
    script:
        "../scripts/draw_published.py"
