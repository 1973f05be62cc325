"""Datasets of the Hugging Face hub: their files, and in a sentence why there are none.

Mirrors (HF_ENDPOINT), offline mode (HF_HUB_OFFLINE), the cache's place (HF_HOME) and
who asks (`hf auth login`, or HF_TOKEN) are the library's own settings.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peftdiff.data.archives import GIGABYTE, require_space
from peftdiff.runtime import UserError, logger

CARD = "README.md"
LOG_IN = "log in to the hub (hf auth login, or HF_TOKEN)"


@dataclass(frozen=True)
class HubDataset:
    """A dataset on the hub.

    Parameters
    ----------
    repository
        Owner and name.
    revision
        A commit, or a branch or tag.
    key
        The config key whose `repository` and `revision` these are.
    instead
        What else its user can do, for the end of a sentence.
    """

    repository: str
    revision: str
    key: str
    instead: str


def list_files(dataset: HubDataset, pattern: str) -> tuple[str, list[str]]:
    """Return the commit that a dataset's revision is now, and files of it, sorted.

    The list stays in the hub's cache, where it is found without a network, too.

    Parameters
    ----------
    pattern
        What names of the files match, with `*` for anything: the key `files` beside
        `repository`.

    Raises
    ------
    UserError
        Where neither the hub nor its cache says them, or none matches.
    """
    import huggingface_hub
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    what: Any = {"repo_id": dataset.repository, "repo_type": "dataset"}
    with _sentences(dataset, "the list of files"):
        revision = huggingface_hub.resolve_revision(**what, revision=dataset.revision)
        what["revision"] = revision
        try:
            files = huggingface_hub.get_cached_repo_tree(**what)
        except CachedRepoTreeNotFoundError:
            # Whatever part of a dataset is asked for, its list of files is kept.
            huggingface_hub.snapshot_download(**what, allow_patterns=CARD)
            files = huggingface_hub.get_cached_repo_tree(**what)
    names = sorted(file.path for file in files)
    matching = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
    if not matching:
        raise UserError(
            f"config key '{dataset.key}.files' is {pattern}, which none of the"
            f" {len(names)} files of {dataset.repository} matches (such as"
            f" {', '.join(names[:3])}); correct it"
        )
    return revision.resolved, matching


def fetch_file(
    dataset: HubDataset, file: str, commit: str | None = None
) -> tuple[Path, str]:
    """Return where a file lies in the hub's cache, downloaded if need be; its commit.

    Parameters
    ----------
    commit
        As `list_files` returns it; else the dataset's revision, as it is now.

    Raises
    ------
    UserError
        Where the file cannot be had, or the disk is too full for it.
    """
    import huggingface_hub

    what: Any = {"repo_id": dataset.repository, "repo_type": "dataset"}
    what |= {"filename": file, "revision": commit or dataset.revision}
    with _sentences(dataset, file):
        planned = huggingface_hub.hf_hub_download(**what, dry_run=True)
        if planned.will_download and planned.file_size:
            purpose = f"downloading {file} of {dataset.repository}"
            require_space(planned.local_path, planned.file_size, purpose)
            logger.info("%s (%.2f GB)", purpose, planned.file_size / GIGABYTE)
        path = huggingface_hub.hf_hub_download(**what)
    return Path(path), planned.commit_hash


@contextlib.contextmanager
def _sentences(dataset: HubDataset, what: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # of the library's own transport, by version
        raise UserError(_sentence(error, dataset, what)) from error


def _sentence(error: Exception, dataset: HubDataset, what: str) -> str:
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, revision = dataset.repository, dataset.revision
    causes = list(_causes(error))
    answers = {getattr(cause, "response", None) for cause in causes}
    refused = {401, 403} & {getattr(a, "status_code", None) for a in answers}
    gated = any(isinstance(cause, GatedRepoError) for cause in causes)
    if not gated and any(isinstance(c, RepositoryNotFoundError) for c in causes):
        return (
            f"{constants.ENDPOINT} shows no dataset {repository}; correct config key"
            f" '{dataset.key}.repository', {LOG_IN} if it is private, or"
            f" {dataset.instead}"
        )
    if any(isinstance(cause, RevisionNotFoundError) for cause in causes):
        return (
            f"the dataset {repository} has no revision {revision}; correct config key"
            f" '{dataset.key}.revision', or {dataset.instead}"
        )
    if gated or refused:
        return (
            f"{what} of the dataset {repository} is refused: accept the terms on"
            f" {constants.ENDPOINT}/datasets/{repository}, {LOG_IN} and start again, or"
            f" {dataset.instead}"
        )
    if any(getattr(cause, "errno", None) == errno.ENOSPC for cause in causes):
        return (
            f"{what} of the dataset {repository} does not fit the disk of"
            f" {constants.HF_HUB_CACHE}; free some, or set HF_HOME to a folder on a"
            " larger one"
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return (
        f"{what} of the dataset {repository} (revision {revision}) cannot be had from"
        f" {constants.ENDPOINT} ({reason[:300]}); check the network and config key"
        f" '{dataset.key}', or {dataset.instead}"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
