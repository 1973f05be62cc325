"""The page: its contents put into the templates, nothing left outside of it."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from peftdiff.evaluation import first_choice, standings, verdict
from peftdiff.reporting import labels, text
from peftdiff.reporting.glossary import GLOSSARY
from peftdiff.reporting.standings import meaningless, undecidable
from peftdiff.reporting.webpage.own_images import SHOWN
from peftdiff.reporting.webpage.page import Page

KINDS = {"svg": "image/svg+xml", "png": "image/png"}
FILTERS = {
    "number": text.number,
    "percent": text.percent,
    "p": text.p_equals,
    "interval": lambda ends: text.interval(ends[0], ends[1]),
    "three_digits": text.three_digits,
    "duration": text.duration,
    "counted": text.counted,
    "part_of": text.part_of,
    "listed": text.listed,
    "capitalized": text.capitalized,
    "points": text.points,
    "ordinal": text.ordinal,
    "method": labels.method_label,
    "metric": labels.metric_label,
    "task": labels.task_label,
    "group": labels.group_label,
}


@dataclass(frozen=True)
class Picture:
    """A figure's file, its name for people, and what stands below it."""

    content: bytes
    kind: str
    title: str
    caption: str

    @property
    def source(self) -> str:
        """The picture as an address that holds it."""
        coded = base64.b64encode(self.content).decode()
        return f"data:{KINDS[self.kind]};base64,{coded}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, which keep its place while the page is laid out."""
        if self.kind == "png":
            width, height = struct.unpack(">II", self.content[16:24])
            return width, height
        box = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', self.content)
        if box is None:
            raise ValueError(f"the figure '{self.title}' has no viewBox; draw it again")
        return round(float(box[1])), round(float(box[2]))


def render(
    page: Page,
    pictures: Mapping[str, Picture],
    parts: Mapping[str, str],
    remedy: str = "",
) -> str:
    """Return the page as one HTML text that asks for no other file.

    Parameters
    ----------
    page
        What it speaks of.
    pictures
        Figures by name; one that is not there is not shown.
    parts
        The texts of its parts by name: templates (*.html), "page.css", "page.js".
    remedy
        The command that runs this experiment; empty where it cannot be run.
    """
    environment = Environment(
        loader=DictLoader(dict(parts)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.tests["known"] = _is_known
    return environment.get_template("page.html").render(
        page=page,
        pictures=pictures,
        remedy=remedy,
        verdicts=verdict,
        outcomes=first_choice,
        standings=standings,
        meaningless=meaningless,
        undecidable=undecidable,
        glossary=GLOSSARY,
        shown_classes=SHOWN,
        style=Markup(parts["page.css"]),
        script=Markup(parts["page.js"]),
    )


def _is_known(value: Any) -> bool:
    """Whether a value is there: no NaN, no None."""
    return not pd.isna(value)
