"""What a reader sees of a page."""

import re
from html import unescape

from peftdiff.paths import PAGE_PARTS, page_part
from tests.helpers.project import ROOT


def parts():
    return {name: (ROOT / page_part(name)).read_text() for name in PAGE_PARTS}


def text_of(html):
    """Return the words of a part of a page, without marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


class Opening:
    """The opening of a page, as it is read."""

    def __init__(self, html):
        verdict = re.search(r'<p class="verdict (\w+)">(.*?)</p>', html, re.S)
        self.state, self.headline = verdict[1], text_of(verdict[2])
        listed = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html, re.S)
        self.points = {text_of(name): text_of(words) for name, words in listed}
        cards = re.search(r'<ul class="cards">(.*?)</ul>', html, re.S)[1]
        self.cards = [
            [text_of(p) for p in re.findall(r"<p[^>]*>(.*?)</p>", card, re.S)]
            for card in re.findall(r"<li>(.*?)</li>", cards, re.S)
        ]
        self.badges = re.findall(r'<p class="badge (\w+)">', cards)
