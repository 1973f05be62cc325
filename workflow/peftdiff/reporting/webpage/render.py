"""The page: its contents put into the template, nothing left outside of it."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from peftdiff.reporting.webpage.contents import Page

KINDS = {"svg": "image/svg+xml", "png": "image/png"}


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
        text = base64.b64encode(self.content).decode()
        return f"data:{KINDS[self.kind]};base64,{text}"

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
    **words: Any,
) -> str:
    """Return the page as one HTML text that asks for no other file.

    Parameters
    ----------
    page
        What it says.
    pictures
        Figures by name; one that is not there is not shown.
    parts
        The texts of "page.html" (the template), "page.css" and "page.js".
    **words
        Further names of the template.
    """
    environment = Environment(
        loader=DictLoader({"page.html": parts["page.html"]}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        page=page,
        pictures=pictures,
        style=Markup(parts["page.css"]),
        script=Markup(parts["page.js"]),
        **words,
    )
