"""The summary page: what tables say, in the words and the layout of one web page.

Tables in, text out; nothing here knows a file.

- ``cells``: numbers as text, and tables whose cells know what they are sorted by
- ``by_task``: the layout with tasks as columns, in groups, and averages
- ``chance``: which metrics can be told from chance
- ``answer``: the opening, and what to use on each task; ``cost``: what it took
- ``results``, ``evidence``, ``studies``, ``origin``, ``glossary``: the sections
- ``contents``: all of them together; ``render``: the page
"""

from peftdiff.reporting.webpage.contents import Page, page_contents
from peftdiff.reporting.webpage.render import Picture, render

__all__ = ["Page", "Picture", "page_contents", "render"]
