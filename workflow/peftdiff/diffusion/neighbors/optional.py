"""Libraries that only one search needs, imported when it is called."""

import importlib
from typing import Any

from peftdiff.runtime import UserError


class MissingLibrary(UserError, ImportError):
    """A library that a search needs is not installed."""


def optional_module(name: str, search: str) -> Any:
    """Return a library that a search needs.

    Raises
    ------
    MissingLibrary
        An ImportError naming the extra to install, where the library is absent.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingLibrary(
            f"search={search!r} needs the library {name}, which is not installed; "
            f'try: pip install "peftdiff[{search}]"'
        ) from None
