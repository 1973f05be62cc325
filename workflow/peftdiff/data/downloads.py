"""VTAB-1k's archive from elsewhere: the Hugging Face hub, or any address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from peftdiff.data.archives import require_space
from peftdiff.data.hub import HubDataset, fetch_file
from peftdiff.runtime import UserError, logger

RETRIES = 5
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
PIECE = 1 << 16  # of a piece that breaks off nothing is kept

Source = dict[str, Any]


def fetch_archive(
    path: str | Path, *, hub: Mapping[str, str] | None, url: str | None
) -> tuple[Path, Source]:
    """Return the archive from the first source that has it, and where it is from.

    Parameters
    ----------
    path
        Where an archive from `url` is kept. One from the hub stays in the hub's cache.
    hub
        A dataset of the Hugging Face hub (`peftdiff.data.hub`): repository, file,
        revision.
    url
        An address (http or https).

    Raises
    ------
    UserError
        Where no source has it; with a sentence for each.
    """
    tries: list[Callable[[], tuple[Path, Source]]] = []
    if hub is not None:
        tries.append(lambda: _from_hub(**hub))
    if url is not None:
        tries.append(lambda: _from_url(url, Path(path)))
    failures = []
    for attempt in tries:
        try:
            return attempt()
        except UserError as error:
            logger.info("%s", error)
            failures.append(str(error))
    if not failures:
        raise UserError(
            "config keys 'data.vtab_root', 'data.vtab_hub' and 'data.vtab_url' are all"
            " empty; give a folder with VTAB-1k's tasks or a source to download from"
        )
    raise UserError("; ".join(failures))


def check_archive(archive: Path, checksum: str, wanted: str | None) -> None:
    """Raise UserError where an archive's SHA-256 is not the one wanted."""
    if wanted is not None and checksum != wanted.lower():
        raise UserError(
            f"{archive} has the SHA-256 {checksum}, config key 'data.vtab_sha256' says"
            f" {wanted.lower()}; correct the key, or delete the archive and start again"
        )


def _from_hub(repository: str, file: str, revision: str) -> tuple[Path, Source]:
    instead = "give 'data.vtab_url' or 'data.vtab_root'"
    dataset = HubDataset(repository, revision, "data.vtab_hub", instead)
    path, commit = fetch_file(dataset, file)
    source = {"kind": "hub", "repository": repository, "file": file, "revision": commit}
    # Not the link to it, whose removal leaves a damaged archive in the hub's cache.
    return path.resolve(), source


def _from_url(url: str, path: Path) -> tuple[Path, Source]:
    import pooch
    import requests

    if not url.startswith(("http://", "https://")):
        raise UserError(
            f"config key 'data.vtab_url' is {url!r}; it must begin with http:// or"
            " https:// (a folder belongs into 'data.vtab_root')"
        )
    partial = path.with_name(f"{path.name}.partial")
    registry: dict[str, Any] = {path.name: None}  # compared later, for every source
    store = pooch.create(
        path.parent,
        base_url="",
        registry=registry,
        urls={path.name: url},
        retry_if_failed=RETRIES,
    )
    try:
        store.fetch(path.name, downloader=Resuming(partial))
    except requests.RequestException as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{url} cannot be downloaded ({reason[:300]}); what has come is kept in"
            f" {partial.parent}: check the address and the network, and start again"
        ) from None
    return path, {"kind": "url", "url": url}


class Resuming:
    """A downloader for pooch that goes on where a broken one has stopped.

    What has come lies in `partial`, and beside it the server's mark of the version, so
    that pieces of two versions are never put together.
    """

    def __init__(self, partial: Path) -> None:
        self._partial = partial
        self._mark = partial.with_name(f"{partial.name}.etag")

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        """Download `url` and put it at `output_file`."""
        import requests

        headers = {"Accept-Encoding": "identity"}
        have = self._partial.stat().st_size if self._partial.exists() else 0
        if have and self._mark.exists():
            headers |= {"Range": f"bytes={have}-", "If-Range": self._mark.read_text()}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                self._forget()  # the retry starts from the beginning
            answer.raise_for_status()
            self._receive(answer, have)
        self._partial.replace(output_file)
        self._forget()

    def _receive(self, answer: Any, have: int) -> None:
        resumed = answer.status_code == 206
        start = have if resumed else 0
        if not resumed:
            self._forget()
            mark = answer.headers.get("ETag", "")
            if mark and not mark.startswith("W/"):
                self._mark.write_text(mark)
        logger.info("downloading %s from byte %d on", answer.url, start)
        length = int(answer.headers.get("Content-Length", 0))
        require_space(self._partial, length, f"downloading {answer.url}")
        with open(self._partial, "ab" if resumed else "wb") as file:
            for piece in answer.iter_content(PIECE):
                file.write(piece)

    def _forget(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
