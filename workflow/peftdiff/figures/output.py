"""Figures on disk."""

from collections.abc import Iterable

from matplotlib.figure import Figure

from peftdiff.figures import style
from peftdiff.records import replacing


def save(figure: Figure, paths: Iterable[str]) -> None:
    """Write a figure to each path, in the format of its suffix; no date is written.

    The same figure gives the same bytes each time.
    """
    for path in paths:
        undated = {"Date": None} if path.endswith(".svg") else {}
        with style.context(), replacing(path) as temporary:
            figure.savefig(temporary, metadata=undated)
