"""Images.

Takes nothing but the seeds of the generators (and scikit-learn's digits).
Makes data/<task>.safetensors, data/pretraining.safetensors, data/source.safetensors,
and a contact sheet of each task.
"""


rule prepare_task:
    output:
        LIVE.data("{task}"),
    log:
        LIVE.log("prepare_task", "{task}"),
    conda:
        ENVIRONMENT
    params:
        sizes=(config["data"]["train_images"], config["data"]["test_images"]),
        version=GENERATOR_VERSION,
    message:
        "Generate the images of task {wildcards.task}"
    script:
        "../scripts/prepare_task.py"


rule prepare_sources:
    output:
        pretraining=LIVE.data("pretraining"),
        source=LIVE.data("source"),
    log:
        LIVE.log("prepare_sources"),
    conda:
        ENVIRONMENT
    params:
        sizes=(config["backbone"]["images"], config["source"]["images"]),
        version=GENERATOR_VERSION,
    message:
        "Generate the images for pre-training and for source training"
    script:
        "../scripts/prepare_sources.py"


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
    conda:
        ENVIRONMENT
    message:
        "Draw examples of each class of task {wildcards.task}"
    script:
        "../scripts/draw_contact_sheet.py"
