"""The page of cached tables in a real browser: it is opened and clicked through."""

import shutil

import pytest

from peftdiff.paths import (
    PAGE_PARTS,
    STUDY_TABLES,
    TABLES,
    cached,
    page_part,
    published_table,
)
from peftdiff.records import read_table
from peftdiff.reporting.figures import FIGURES, accuracy, critical_difference, tau
from peftdiff.reporting.figures.style import save
from tests.helpers.poster import POSTER
from tests.helpers.project import ROOT

write_summary = pytest.importorskip("write_summary")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (extra 'test')"
)
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no browser: install Debian's package chromium"
)

TITLES = {"accuracy": "accuracies", "tau": "taus", "critical_difference": "ranks"}
CONTRAST = 4.5  # of text to what is behind it (WCAG 2, level AA)
CONTRASTS = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      const [, , , alpha] = channels(color);
      if (alpha === undefined || alpha > 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest("script, style")) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, e.tagName + "." + e.className + ": " + e.textContent.trim()]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page of `mini`, with three of its figures, in a folder of its own."""
    folder = tmp_path_factory.mktemp("a page")
    experiment = cached("mini")
    path = {n: str(ROOT / experiment.table(n)) for n in (*TABLES, *STUDY_TABLES)}
    figures = [str(folder / f"{name}.svg") for name in TITLES]
    figures[1] = str(folder / "tau.png")
    tables = {name: read_table(path[name]) for name in TABLES}
    save(accuracy.draw(*(tables[n] for n in FIGURES["accuracy"].tables)), figures[:1])
    save(tau.draw(tables["correlation"], tables["summary"]), figures[1:2])
    save(critical_difference.draw(tables["friedman"]), figures[2:])
    write_summary.main(
        [path[name] for name in TABLES],
        [str(ROOT / published_table(name)) for name in POSTER],
        str(ROOT / experiment.provenance),
        figures,
        [str(ROOT / f"workflow/report/{name}.rst") for name in TITLES],
        [str(ROOT / page_part(name)) for name in PAGE_PARTS],
        str(folder / "summary.html"),
        logs=str(folder),
        titles=TITLES,
        remedy="snakemake",
    )
    assert (folder / "summary.html").stat().st_size < 3_000_000
    return (folder / "summary.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        found = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens the page; at the end nothing may have failed."""
    contexts, troubles, requests = [], [], []

    def open_page(width=1280, scheme="light"):
        size = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=size, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url[:99]))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
    assert {url for url in requests if not url.startswith("data:")} == {address}


def column(page, table, place):
    cells = page.locator(f"#table-{table} tbody tr > :nth-child({place})")
    return cells.all_inner_texts()


def numbers(texts):
    """Return a column's numbers, without their footnotes and what is undefined."""
    shown = [text.replace("−", "-") for text in texts]
    return [float(text) for text in shown if text and text[-1].isdigit()]


def test_it_opens_with_the_answer(open_page):
    page = open_page()
    assert page.locator("h1").inner_text() == "Which PEFT method? mini"
    verdict = page.locator(".verdict")
    assert verdict.inner_text().startswith("Do not choose by PEFTDiff here")
    box = verdict.bounding_box()
    assert box["y"] + box["height"] < 400
    assert page.locator(".cards li").count() == 6


def test_every_picture_shows(open_page):
    page = open_page()
    sizes = page.locator("img").evaluate_all(
        "images => images.map(i => [i.complete, i.naturalWidth, i.naturalHeight])"
    )
    assert len(sizes) == 3
    assert all(done and width > 0 and height > 0 for done, width, height in sizes)
    alts = page.locator("img").evaluate_all("images => images.map(i => i.alt)")
    assert all(alts)


def test_a_click_sorts_numbers_as_numbers(open_page):
    page = open_page()
    before = column(page, "accuracy", 2)
    heading = page.locator("#table-accuracy thead th", has_text="Digits")
    for order, turned in (("descending", True), ("ascending", False)):
        heading.locator("button").click()
        found = numbers(column(page, "accuracy", 2))
        assert len(found) == len(before)
        assert found == sorted(found, reverse=turned)
        assert heading.get_attribute("aria-sort") == order
        assert order in page.locator("#status").inner_text()
    heading.locator("button").click()
    assert column(page, "accuracy", 2) == before
    assert heading.get_attribute("aria-sort") == "none"


def test_the_keyboard_sorts_too(open_page):
    page = open_page()
    before = column(page, "tau", 1)
    button = page.locator("#table-tau thead th button", has_text="Metric")
    button.focus()
    page.keyboard.press("Enter")
    names = column(page, "tau", 1)
    assert names == sorted(before, key=str.lower)
    assert names != before
    page.keyboard.press("Tab")  # to the next heading
    page.keyboard.press("Space")
    found = numbers(column(page, "tau", 2))
    assert found == sorted(found, reverse=True)
    assert found[0] != found[-1]


def test_what_is_undefined_stays_below(open_page):
    page = open_page()
    page.locator("summary", has_text="poster").click()
    heading = page.locator("#table-poster thead th", has_text="KITTI")
    place = 1 + page.locator('#table-poster thead th[scope="col"]').evaluate_all(
        "all => all.findIndex(h => h.textContent.includes('KITTI'))"
    )
    for _ in range(2):
        heading.locator("button").click()
        assert "undefined" in column(page, "poster", place)[-1]


def test_the_button_turns_light_to_dark(open_page):
    for scheme in ("light", "dark"):
        page = open_page(scheme=scheme)
        paper = "getComputedStyle(document.body).backgroundColor"
        button = page.locator("#theme")
        first = page.evaluate(paper)
        assert button.get_attribute("aria-pressed") == str(scheme == "dark").lower()
        button.click()
        assert page.evaluate(paper) != first
        assert button.get_attribute("aria-pressed") == str(scheme == "light").lower()
        button.click()
        assert page.evaluate(paper) == first


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(open_page, scheme):
    page = open_page(scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 500
    assert [text for ratio, text in found if ratio < CONTRAST] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_only_boxes_scroll_sideways(open_page, width):
    page = open_page(width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 500:
        box = page.locator(".box", has=page.locator("#table-tau"))
        box.evaluate("e => { e.scrollLeft = 300; }")
        first = page.locator("#table-tau tbody th").first.bounding_box()
        assert first["x"] == pytest.approx(box.bounding_box()["x"], abs=1)


def test_on_paper_everything_is_open(open_page):
    page = open_page()
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    folded = page.locator("details")
    assert folded.count() > 0
    assert folded.evaluate_all("all => all.every(d => d.open)")
    assert not page.locator("header").is_visible()
