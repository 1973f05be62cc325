"""Images.

Takes

- for generated tasks and sources: the generators' seeds, and scikit-learn's digits;
- for a task of VTAB-1k: its folder, downloaded where none is given;
- for your own task or source: its image files, which are no inputs of a rule: the engine
  would look at the time of their folder alone, so a parameter tells whether they changed;
- for a source from the hub: its dataset there.

Makes data/<task>.safetensors, data/pretraining.safetensors and data/source.safetensors;
for all experiments results/downloads/vtab-1k/ and results/downloads/sources/. The name
OWN_SOURCE says whether the source is not drawn here.
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
FETCHED_SOURCE = {}
if config["source"]["hub"] and not config["source"]["folder"]:
    FETCHED_SOURCE = {"images": HUB_SOURCE.images, "manifest": HUB_SOURCE.manifest}
OWN_SOURCE = bool(config["source"]["folder"] or config["source"]["hub"])


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
    output:
        LIVE.data("{task}"),
    log:
        LIVE.log("prepare_image_folder", "{task}"),
    wildcard_constraints:
        task=one_of(config["data"]["image_folders"]),
    conda:
        ENVIRONMENT
    params:
        # By functions, because the engine takes braces in a text for wildcards.
        images_path=lambda wildcards: own_images(wildcards.task),
        sizes={
            "train": config["data"]["train_images"],
            "test": config["data"]["test_images"],
            "test_share": config["data"]["test_share"],
        },
        seed=config["data"]["split_seed"],
        unreadable=config["data"]["unreadable"],
        preparation=PREPARATION,
        version=lambda wildcards: version_of(own_images(wildcards.task)),
    message:
        "Split and decode the images of your own task {wildcards.task}"
    script:
        "../scripts/prepare_image_folder.py"


rule prepare_sources:
    output:
        **({} if OWN_SOURCE else {"source": LIVE.data("source")}),
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


if OWN_SOURCE:

    rule prepare_source_folder:
        input:
            **FETCHED_SOURCE,
        output:
            LIVE.data("source"),
        log:
            LIVE.log("prepare_source_folder"),
        conda:
            ENVIRONMENT
        params:
            images_path=lambda wildcards, input: config["source"]["folder"]
            or input.images,
            images=config["source"]["images"],
            shots=config["source"]["shots"],
            seed=config["source"]["draw_seed"],
            stored_size=config["source"]["stored_size"],
            unreadable=config["data"]["unreadable"],
            preparation=PREPARATION,
            version=lambda wildcards: version_of(config["source"]["folder"] or ""),
        message:
            "Draw and decode the images of the source (follow {log})"
        script:
            "../scripts/prepare_source_folder.py"
