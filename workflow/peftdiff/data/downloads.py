"""VTAB-1k's archive is downloaded: from the Hugging Face hub, or from any address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from peftdiff.data.archives import require_space
from peftdiff.data.hub import HubDataset, fetch_file
from peftdiff.runtime import UserError, logger

RETRIES = 5
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
PIECE = 1 << 16  # bytes; a piece that breaks off is lost

Origin = dict[str, Any]


def fetch_archive(
    path: str | Path, *, hub: Mapping[str, str] | None, url: str | None
) -> tuple[Path, Origin]:
    """Return the archive from the first place that has it, and where it is from.

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
        Where neither has it; with a sentence for each.
    """
    places: list[Callable[[], tuple[Path, Origin]]] = []
    if hub is not None:
        places.append(
            lambda: _from_hub(hub["repository"], hub["file"], hub["revision"])
        )
    if url is not None:
        places.append(lambda: _from_url(url, Path(path)))
    failures = []
    for fetch in places:
        try:
            return fetch()
        except UserError as error:
            logger.info("%s", error)
            failures.append(str(error))
    if not failures:
        raise UserError(
            "config keys 'data.vtab_root', 'data.vtab_hub' and 'data.vtab_url' are all"
            " empty; give a folder with VTAB-1k's tasks, or an archive to download"
        )
    raise UserError("; ".join(failures))


def check_archive(archive: Path, checksum: str, wanted: str | None) -> None:
    """Raise UserError where an archive's SHA-256 is not the one wanted."""
    if wanted is not None and checksum != wanted.lower():
        raise UserError(
            f"{archive} has the SHA-256 {checksum}, config key 'data.vtab_sha256' says"
            f" {wanted.lower()}; correct the key, or delete the archive and start again"
        )


def _from_hub(repository: str, file: str, revision: str) -> tuple[Path, Origin]:
    instead = "give 'data.vtab_url' or 'data.vtab_root'"
    dataset = HubDataset(repository, revision, "data.vtab_hub", instead)
    path, commit = fetch_file(dataset, file)
    origin = {"kind": "hub", "repository": repository, "file": file, "revision": commit}
    # The file, not the hub's link to it: who deletes a damaged archive must not be left
    # with a copy in the hub's cache.
    return path.resolve(), origin


def _from_url(url: str, path: Path) -> tuple[Path, Origin]:
    import pooch
    import requests

    if not url.startswith(("http://", "https://")):
        raise UserError(
            f"config key 'data.vtab_url' is {url!r}; it must begin with http:// or"
            " https:// (a folder belongs into 'data.vtab_root')"
        )
    partial = path.with_name(f"{path.name}.partial")
    registry: dict[str, Any] = {
        path.name: None
    }  # `check_archive` compares the checksum
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
    """A downloader for pooch that resumes a download that broke off.

    What has come lies in `partial`, and beside it the server's ETag of the version, so
    that pieces of two versions are never put together.
    """

    def __init__(self, partial: Path) -> None:
        self._partial = partial
        self._etag = partial.with_name(f"{partial.name}.etag")

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        """Download `url` and put it at `output_file`."""
        import requests

        headers = {"Accept-Encoding": "identity"}
        received = self._partial.stat().st_size if self._partial.exists() else 0
        if received and self._etag.exists():
            headers |= {
                "Range": f"bytes={received}-",
                "If-Range": self._etag.read_text(),
            }
        with requests.get(
            url, headers=headers, stream=True, timeout=TIMEOUT
        ) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                self._forget()  # the retry starts from the beginning
            response.raise_for_status()
            self._receive(response, received)
        self._partial.replace(output_file)
        self._forget()

    def _receive(self, response: Any, received: int) -> None:
        resumed = response.status_code == 206  # partial content
        if not resumed:
            self._forget()
            etag = response.headers.get("ETag", "")
            if etag and not etag.startswith("W/"):  # a weak one does not mark bytes
                self._etag.write_text(etag)
        start = received if resumed else 0
        logger.info("downloading %s from byte %d on", response.url, start)
        length = int(response.headers.get("Content-Length", 0))
        require_space(self._partial, length, f"downloading {response.url}")
        with open(self._partial, "ab" if resumed else "wb") as file:
            for piece in response.iter_content(PIECE):
                file.write(piece)

    def _forget(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)
