"""The summary page: what an experiment's tables say, as one web page.

Tables in, text out; nothing here knows a file. The sentences stand in the templates
(workflow/resources/summary), which take their numbers from here.

- ``page``: everything that the templates speak of; ``answer``: that of the opening
- ``tables``: a data frame as a table whose cells know what they are sorted by;
  ``by_task``: tasks as columns, in groups, with averages
- ``results``, ``statistics``, ``studies``, ``provenance``: the tables of the sections
- ``render``: the page
"""

from peftdiff.reporting.webpage.page import Page, page_contents
from peftdiff.reporting.webpage.render import Picture, render

__all__ = ["Page", "Picture", "page_contents", "render"]
