"""Images.

Takes

- for generated tasks and sources: the generators' seeds, and scikit-learn's digits;
- for a task of VTAB-1k: its folder, downloaded where none is given;
- for your own task or source: its image files;
- for a source from the hub: its dataset there.

Makes data/<task>.safetensors, data/pretraining.safetensors and data/source.safetensors;
for all experiments results/downloads/vtab-1k/ and results/downloads/sources/. The name
SOURCE_FILES holds what a source that is not drawn here is made of.
"""

from peftdiff.data.preparation import PREPARATION_VERSION
from peftdiff.paths import HubSource, Vtab, one_of
from peftdiff.runtime import digest
from peftdiff.tasks import GENERATOR_VERSION

PREPARATION = {
    "size": ARCHITECTURE["image_size"],
    "interpolation": config["data"]["interpolation"],
    "resize": config["data"]["resize"],
    "stored_bytes": config["data"]["stored_test_gigabytes"] * 10**9,
}

# What the source is made of, if it is no embedded one: a folder, or images of the hub's
# dataset, fetched once for all experiments that choose the same.
HUB_SOURCE = HubSource(
    digest({key: config["source"][key] for key in ("hub", "shots", "draw_seed")})
)
SOURCE_FILES = {}
if config["source"]["folder"]:
    SOURCE_FILES = {"images": config["source"]["folder"]}
elif config["source"]["hub"]:
    SOURCE_FILES = {"images": HUB_SOURCE.images, "manifest": HUB_SOURCE.manifest}


rule prepare_task:
    output:
        LIVE.data("{task}"),
    log:
        LIVE.log("prepare_task", "{task}"),
    wildcard_constraints:
        task=one_of(DRAWN),
    conda:
        ENVIRONMENT
    params:
        train_size=config["data"]["train_images"],
        test_size=config["data"]["test_images"],
        version=GENERATOR_VERSION,
    message:
        "Generate the images of task {wildcards.task}"
    script:
        "../scripts/prepare_task.py"


rule fetch_vtab:
    output:
        Vtab.manifest,
    log:
        LIVE.log("fetch_vtab"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        archive=Vtab.archive(digest(config["data"]["vtab_url"])),
        folder=Vtab.tasks,
        hub=config["data"]["vtab_hub"],
        url=config["data"]["vtab_url"],
        sha256=config["data"]["vtab_sha256"],
        gigabytes=config["data"]["unpacked_gigabytes"],
    message:
        "Download and unpack VTAB-1k (follow {log})"
    script:
        "../scripts/fetch_vtab.py"


rule prepare_vtab:
    input:
        unpack(vtab_inputs),
    output:
        LIVE.data("{task}"),
    log:
        LIVE.log("prepare_vtab", "{task}"),
    wildcard_constraints:
        task=one_of(VTAB),
    conda:
        ENVIRONMENT
    params:
        root=config["data"]["vtab_root"] or Vtab.tasks,
        preparation=PREPARATION,
        version=PREPARATION_VERSION,
    message:
        "Decode the images of {wildcards.task} of VTAB-1k"
    script:
        "../scripts/prepare_vtab.py"


rule prepare_image_folder:
    input:
        lambda wildcards: config["data"]["image_folders"][wildcards.task],
    output:
        LIVE.data("{task}"),
    log:
        LIVE.log("prepare_image_folder", "{task}"),
    wildcard_constraints:
        task=one_of(config["data"]["image_folders"]),
    conda:
        ENVIRONMENT
    params:
        train_size=config["data"]["train_images"],
        test_size=config["data"]["test_images"],
        seed=config["data"]["split_seed"],
        unreadable=config["data"]["unreadable"],
        preparation=PREPARATION,
        version=PREPARATION_VERSION,
    message:
        "Split and decode the images of your own task {wildcards.task}"
    script:
        "../scripts/prepare_image_folder.py"


rule prepare_sources:
    output:
        **({} if SOURCE_FILES else {"source": LIVE.data("source")}),
        pretraining=LIVE.data("pretraining"),
    log:
        LIVE.log("prepare_sources"),
    conda:
        ENVIRONMENT
    params:
        pretraining_size=config["backbone"]["images"],
        source_size=config["source"]["images"],
        version=GENERATOR_VERSION,
    message:
        "Generate the images for pre-training and for source training"
    script:
        "../scripts/prepare_sources.py"


rule fetch_source:
    output:
        images=HUB_SOURCE.images,
        manifest=HUB_SOURCE.manifest,
    log:
        LIVE.log("fetch_source"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        hub=config["source"]["hub"],
        shots=config["source"]["shots"],
        seed=config["source"]["draw_seed"],
    message:
        "Download files of the source's dataset, and draw its images (follow {log})"
    script:
        "../scripts/fetch_source.py"


if SOURCE_FILES:

    rule prepare_source_folder:
        input:
            **SOURCE_FILES,
        output:
            LIVE.data("source"),
        log:
            LIVE.log("prepare_source_folder"),
        conda:
            ENVIRONMENT
        params:
            images=config["source"]["images"],
            shots=config["source"]["shots"],
            seed=config["source"]["draw_seed"],
            stored_size=config["source"]["stored_size"],
            unreadable=config["data"]["unreadable"],
            preparation=PREPARATION,
            version=PREPARATION_VERSION,
        message:
            "Draw and decode the images of the source (follow {log})"
        script:
            "../scripts/prepare_source_folder.py"
