"""What a job asks of the machine that it runs on.

Takes the configuration of startup.smk; makes no file. Rules that are not named here take
a profile's default; a workstation heeds none but the GPUs, and those if its profile
counts them.
"""

# Memory (MB), minutes and GPUs of a job's first attempt. On CPUs no job of mini took more
# than 1,100 MB (logs/*/*.usage.tsv).
# ASSUME: with ViT-B/16 on a GPU, CUDA takes some 3 GB of a job's memory, the model and a
# task's images 2, ImageNet's images of source training 3 and each of its processes 0.3.
NEEDS = {
    "pretrain_backbone": (4000, 120, 1),
    "train_method": (12000, 240, 1),
    "embed_task": (8000, 60, 1),
    "fine_tune": (8000, 240, 1),
    "validate_recipe": (8000, 240, 1),
    "train_cnn": (4000, 60, 1),
    "search_noah": (12000, 480, 1),
    "measure_complexity": (8000, 60, 1),
}


def needs(rule):
    """Return a job's resources; each time it is repeated, it asks for twice as much."""
    memory, minutes, gpus = NEEDS[rule]
    return {
        "gpu": 0 if config["device"] == "cpu" else gpus,
        "mem_mb": lambda wildcards, attempt: memory * 2 ** (attempt - 1),
        "runtime": lambda wildcards, attempt: minutes * 2 ** (attempt - 1),
    }


# On a cluster, what takes seconds runs where the engine does.
localrules:
    ablate_score,
    choose_recipe,
    collect_scores,
    collect_truth,
    compare_published,
    compare_times,
    correlate_choices,
    correlate_grid,
    correlate_scores,
    draw_ablation,
    draw_accuracy,
    draw_choices,
    draw_contact_sheet,
    draw_critical_difference,
    draw_diffusion_map,
    draw_grid_curves,
    draw_grid_maps,
    draw_published,
    draw_scores,
    draw_scree,
    draw_start_seeds,
    draw_tau,
    draw_times,
    freeze_results,
    leave_methods_out,
    prune_runs,
    record_provenance,
    report_status,
    summarize_scores,
    tabulate_published,
    tabulate_tau,
    take_published_truth,
