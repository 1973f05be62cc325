"""The pages that describe the project, cut into what a test asks of."""

import itertools
import re

from tests.helpers.project import ROOT

README = ROOT / "README.md"
PAGES = [
    README,
    *(ROOT / "CONTRIBUTING.md", ROOT / "results/README.md"),
    *(ROOT / "benchmarks/README.md", ROOT / "tests/golden/README.md"),
    ROOT / "workflow/resources/published/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def sections(page):
    """Return a page's text, cut before each heading; a fenced block has none."""
    text = page.read_text(encoding="utf-8")
    masked = FENCED.sub(lambda block: block.group().replace("\n#", "\n "), text)
    starts = [heading.start() for heading in re.finditer(r"^#+ ", masked, re.M)]
    return [text[a:b] for a, b in itertools.pairwise([0, *starts, len(text)])]


def blocks(page, language):
    """Yield each fenced block of a language, with the section that it stands in."""
    for section in sections(page):
        for block in FENCED.finditer(section):
            if block.group(1) == language:
                yield section, block.group(2)
