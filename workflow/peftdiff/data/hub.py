"""Files of datasets on the Hugging Face hub, or a sentence on why they cannot be had.

Mirrors (HF_ENDPOINT), offline mode (HF_HUB_OFFLINE), the cache's folder (HF_HOME) and
the account (`hf auth login`, or HF_TOKEN) are settings of the hub's own library.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import functools
from collections.abc import Callable, Iterator
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
        What the user can do without it, as the end of a sentence.
    """

    repository: str
    revision: str
    key: str
    instead: str


def list_files(dataset: HubDataset, pattern: str) -> tuple[str, list[str]]:
    """Return the commit that a dataset's revision is now, and its files, sorted.

    The list is kept in the hub's cache, where it is found without a network, too.

    Parameters
    ----------
    pattern
        Which files are wanted, with `*` for any text: the config key `files` of the
        dataset.

    Raises
    ------
    UserError
        Where neither the hub nor its cache has the list, or no file matches.
    """
    import huggingface_hub
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    name = dataset.repository
    with _user_errors(dataset, "the list of files"):
        revision = huggingface_hub.resolve_revision(
            repo_id=name, repo_type="dataset", revision=dataset.revision
        )
        try:
            files = huggingface_hub.get_cached_repo_tree(
                repo_id=name, repo_type="dataset", revision=revision
            )
        except CachedRepoTreeNotFoundError:
            # Downloading any part of a dataset caches the list of all its files.
            huggingface_hub.snapshot_download(
                repo_id=name,
                repo_type="dataset",
                revision=revision,
                allow_patterns=CARD,
            )
            files = huggingface_hub.get_cached_repo_tree(
                repo_id=name, repo_type="dataset", revision=revision
            )
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
    """Return the path of a file in the hub's cache, and its commit.

    The file is downloaded unless the cache has it.

    Parameters
    ----------
    commit
        The commit that `list_files` returned. By default the dataset's revision, as it
        is now.

    Raises
    ------
    UserError
        Where the file cannot be had, or the disk is too full for it.
    """
    import huggingface_hub

    download: Callable[..., Any] = functools.partial(
        huggingface_hub.hf_hub_download,
        repo_id=dataset.repository,
        repo_type="dataset",
        filename=file,
        revision=commit or dataset.revision,
    )
    with _user_errors(dataset, file):
        planned = download(dry_run=True)
        if planned.will_download and planned.file_size:
            purpose = f"downloading {file} of {dataset.repository}"
            require_space(planned.local_path, planned.file_size, purpose)
            logger.info("%s (%.2f GB)", purpose, planned.file_size / GIGABYTE)
        path = download()
    return Path(path), planned.commit_hash


@contextlib.contextmanager
def _user_errors(dataset: HubDataset, wanted: str) -> Iterator[None]:
    """Raise UserError in place of whatever the library raises."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # the library's transport, and so its errors, vary
        raise UserError(_explain(error, dataset, wanted)) from error


def _explain(error: Exception, dataset: HubDataset, wanted: str) -> str:
    """Return a sentence on why what was wanted of a dataset cannot be had."""
    from huggingface_hub import constants

    refusal = _explain_refusal(error, dataset, wanted)
    if refusal is not None:
        return refusal
    if any(getattr(cause, "errno", None) == errno.ENOSPC for cause in _causes(error)):
        return (
            f"{wanted} of the dataset {dataset.repository} does not fit the disk of"
            f" {constants.HF_HUB_CACHE}; free some, or set HF_HOME to a folder on a"
            " larger one"
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return (
        f"{wanted} of the dataset {dataset.repository} (revision {dataset.revision})"
        f" cannot be had from {constants.ENDPOINT} ({reason[:300]}); check the network"
        f" and config key '{dataset.key}', or {dataset.instead}"
    )


def _explain_refusal(error: Exception, dataset: HubDataset, wanted: str) -> str | None:
    """Return a sentence where the hub has answered, and refused; else None."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, revision = dataset.repository, dataset.revision
    causes = list(_causes(error))
    responses = {getattr(cause, "response", None) for cause in causes}
    codes = {getattr(response, "status_code", None) for response in responses}
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
    if gated or {401, 403} & codes:
        return (
            f"{wanted} of the dataset {repository} is refused: accept the terms on"
            f" {constants.ENDPOINT}/datasets/{repository}, {LOG_IN} and start again, or"
            f" {dataset.instead}"
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
