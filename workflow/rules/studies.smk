"""Studies of PEFTDiff's score: its parts, its settings, its choices (target `studies`).

Takes embeddings/<task>.safetensors, tables/components.csv and tables/ground_truth.csv;
where they are missing, they are made first.
Makes tables/ablation.csv, tables/grid.csv, tables/grid_choice.csv and tables/choices.csv,
and their figures, which can be drawn from the tables of a cached experiment, too.
"""


rule ablate_score:
    input:
        components=LIVE.table("components"),
        truth=LIVE.table("ground_truth"),
    output:
        shown_table("ablation", "either class distance alone"),
    log:
        LIVE.log("ablate_score"),
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Rank the pool by either class distance alone"
    script:
        "../scripts/ablate_score.py"


rule search_grid:
    input:
        LIVE.embedding("{task}"),
    output:
        LIVE.part("grid_components", "{task}"),
    log:
        LIVE.log("search_grid", "{task}"),
    benchmark:
        LIVE.benchmark("search_grid", "{task}")
    conda:
        ENVIRONMENT
    params:
        experiment=config["experiment"],
        axes=config["studies"]["grid"],
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
    message:
        "Score every method on {wildcards.task} over the grid of settings"
    script:
        "../scripts/search_grid.py"


rule correlate_grid:
    input:
        components=[LIVE.part("grid_components", task) for task in config["tasks"]],
        truth=LIVE.table("ground_truth"),
    output:
        grid=shown_table("grid", "every setting"),
        choice=shown_table("grid_choice", "choice of a setting"),
    log:
        LIVE.log("correlate_grid"),
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
    message:
        "Correlate the scores of every setting with the ground truth"
    script:
        "../scripts/correlate_grid.py"


rule compare_choices:
    input:
        LIVE.embedding("{task}"),
    output:
        LIVE.part("choices", "{task}"),
    log:
        LIVE.log("compare_choices", "{task}"),
    benchmark:
        LIVE.benchmark("compare_choices", "{task}")
    conda:
        ENVIRONMENT
    params:
        experiment=config["experiment"],
        peftdiff=config["metric_parameters"].get("peftdiff", {}),
        start_seeds=config["studies"]["start_seeds"],
    message:
        "Score every method on {wildcards.task} with each choice changed"
    script:
        "../scripts/compare_choices.py"


rule correlate_choices:
    input:
        components=[LIVE.part("choices", task) for task in config["tasks"]],
        truth=LIVE.table("ground_truth"),
    output:
        shown_table("choices", "choices of the definition"),
    log:
        LIVE.log("correlate_choices"),
    conda:
        ENVIRONMENT
    params:
        **CONFIGURED,
    message:
        "Correlate the scores of every choice with the ground truth"
    script:
        "../scripts/correlate_choices.py"


rule draw_ablation:
    input:
        study_table("ablation"),
    output:
        figure("ablation", "either class distance alone", "Studies"),
    log:
        Experiment("{root}").log("draw_ablation"),
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
    conda:
        ENVIRONMENT
    message:
        "Draw the spread over start vectors"
    script:
        "../scripts/draw_start_seeds.py"
