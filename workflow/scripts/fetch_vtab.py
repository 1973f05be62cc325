"""Download VTAB-1k's archive and unpack it, once for all tasks and experiments."""

from pathlib import Path

from peftdiff.data.archives import GIGABYTE, unpack
from peftdiff.data.downloads import check_archive, fetch_archive
from peftdiff.data.files import file_checksum
from peftdiff.records import write_json
from peftdiff.runtime import UserError, job, logger, params_as_kwargs
from peftdiff.tasks import TASKS, VtabTask
from peftdiff.tasks.vtab import task_folder


def main(
    path: str,
    *,
    archive: str,
    folder: str,
    hub: dict[str, str] | None,
    url: str | None,
    sha256: str | None,
    gigabytes: float,
) -> None:
    """Fill `folder`, and then say in `path` what is there and where it is from."""
    kept, source = fetch_archive(archive, hub=hub, url=url)
    checksum = file_checksum(kept)
    check_archive(kept, checksum, sha256)
    unpack(kept, folder, most_bytes=int(gigabytes * GIGABYTE))
    known = [task for task in TASKS.values() if isinstance(task, VtabTask)]
    found = [task.slug for task in known if task_folder(folder, task) is not None]
    if not found:
        raise UserError(
            f"{kept} holds no task of VTAB-1k; correct config key 'data.vtab_hub' or"
            " 'data.vtab_url', delete the file and start again"
        )
    logger.info("%d of %d tasks are there", len(found), len(known))
    size = Path(kept).stat().st_size
    archived = {"archive": str(kept), "bytes": size, "sha256": checksum}
    write_json(path, source | archived | {"tasks": found})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.output[0], **params_as_kwargs(snakemake.params))
