"""Prepare a task of VTAB-1k: read its lists, decode its images."""

from typing import Any

from peftdiff.data.preparation import Preparation, check_decodable, write_prepared
from peftdiff.data.unreadable import naming_all_undecodable
from peftdiff.records import read_json, write_unavailable
from peftdiff.runtime import UserError, job, logger, params_as_kwargs
from peftdiff.tasks.vtab import (
    TEST,
    TRAIN,
    VTAB_TASKS,
    holds_out_val200,
    read_task,
    task_folder,
)


def main(
    path: str,
    *,
    task: str,
    root: str,
    manifest: str | None,
    missing: str,
    preparation: dict[str, Any],
) -> None:
    """Write the images of `task`, found in `root`, to `path`.

    `manifest` says where a downloaded `root` is from; with `missing="skip"` a task that
    is not there is noted as unavailable.
    """
    entry = next(each for each in VTAB_TASKS if each.slug == task)
    how = Preparation(**preparation)
    folder = task_folder(root, entry)
    if folder is None and missing == "skip":
        logger.warning("%s has no folder of the task %s: it is left out", root, task)
        return write_unavailable(path, f"{root} has no folder of the task")
    if folder is None:
        raise UserError(
            f"{root} has no folder of the task {task}; take it off config key 'tasks',"
            " or set 'data.missing_tasks' to 'skip'"
        )
    lists, checksums = read_task(folder, entry)
    origin = read_json(manifest) if manifest else {"kind": "folder", "path": root}
    source = {"from": origin, "folder": str(folder), "lists": checksums}
    source |= {"images": {name: len(files.labels) for name, files in lists.items()}}
    classes = [str(label) for label in range(entry.classes)]
    splits = {"train": lists[TRAIN], "test": lists[TEST]}
    remedy = "get a complete copy of the task"
    with naming_all_undecodable(lists.values(), classes, how, remedy):
        check_decodable((lists["train800"], lists["val200"]), how)
        write_prepared(path, splits, classes, how, source)
    if not holds_out_val200(lists):
        logger.warning("%s: the last 200 training images are not val200's", folder)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output[0],
            task=snakemake.wildcards.task,
            manifest=snakemake.input.get("manifest"),
            # Not a parameter of the rule: a change decodes nothing again.
            missing=snakemake.config["data"]["missing_tasks"],
            **params_as_kwargs(snakemake.params),
        )
