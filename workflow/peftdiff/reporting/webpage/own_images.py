"""Tables of the user's own images: how many of each class train and test."""

from __future__ import annotations

import pandas as pd

from peftdiff.reporting.own_images import OwnImages
from peftdiff.reporting.webpage.tables import Column, Table, decimals, make_table

SHOWN = 20  # classes of a table that is open at once


def table_name(own: OwnImages) -> str:
    """Return the name of a task's table."""
    return f"images-{own.name}"


def images_table(own: OwnImages) -> Table:
    """Return the number of images by class and split, and of those left out."""
    frame = pd.DataFrame(own.images).rename_axis("class")
    lost = pd.Series(0.0, frame.index)
    for each in own.left_out:
        known = {name: n for name, n in each.by_class.items() if name in frame.index}
        lost = lost.add(pd.Series(known, dtype=float), fill_value=0)
    frame = frame.assign(left_out=lost).reset_index()
    splits = {"train": "Training", "test": "Test"}
    columns = (
        Column("class", "Class"),
        *(Column(k, splits[k], decimals(0)) for k in splits if k in own.images),
        Column("left_out", "Left out", decimals(0)),
    )
    return make_table(table_name(own), frame, columns)
