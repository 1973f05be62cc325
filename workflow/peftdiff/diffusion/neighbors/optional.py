"""Libraries that only one search needs, imported when it is called."""

import importlib
from typing import Any


def optional_module(name: str, search: str) -> Any:
    """Return a library that a search needs.

    Raises
    ------
    ImportError
        Naming the extra to install, where the library is absent.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(
            f"search={search!r} needs the library {name}, which is not installed; "
            f'try: pip install "peftdiff[{search}]"'
        ) from None
