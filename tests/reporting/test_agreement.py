"""Page, texts and figures of one experiment say the same number in the same words."""

import re

import pytest
from matplotlib.colors import same_color

from peftdiff.evaluation.comparison import compare_all, compare_pairs
from peftdiff.evaluation.correlation import correlate, reliabilities
from peftdiff.evaluation.derived import with_derived
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.evaluation.stability import leave_methods_out
from peftdiff.evaluation.standings import ONE_BEST, SOME_ALIKE
from peftdiff.evaluation.studies.times import TOTAL
from peftdiff.evaluation.summary import summarize
from peftdiff.evaluation.verdict import BEYOND, UNCORRECTED_ONLY
from peftdiff.methods import METHODS
from peftdiff.paths import STUDY_TABLES, TABLES, cached, published_table
from peftdiff.records import read_json, read_table
from peftdiff.reporting import text
from peftdiff.reporting.figures import FIGURES, accuracy, style, tau, times
from peftdiff.reporting.labels import metric_label
from peftdiff.reporting.pages.answer import answer_page
from peftdiff.reporting.pages.tau import tau_page
from peftdiff.reporting.pages.times import times_page
from peftdiff.reporting.standings import meaningless, standing, undecidable
from peftdiff.reporting.webpage import page_contents, render
from tests.helpers import tables
from tests.helpers.poster import poster
from tests.helpers.project import ROOT
from tests.helpers.webpage import Opening, parts, text_of


class Experiment:
    """A cached experiment, and what people are shown of it."""

    def __init__(self, name):
        found = cached(name)
        names = (*TABLES, *STUDY_TABLES)
        self.tables = {n: read_table(ROOT / found.table(n)) for n in names}
        self.record = read_json(ROOT / found.provenance)
        self.summary = self.tables["summary"].set_index("metric")
        page = page_contents(self.tables, poster(), self.record)
        self.html = render(page, {}, parts())
        names = ("correlation", "reliability", "summary")
        self.tau_page = tau_page(*(self.tables[n] for n in names)).replace("\n", " ")
        minutes = read_table(ROOT / published_table("timing_minutes"))
        self.times_page = times_page(
            self.tables["times"],
            self.tables["timing"],
            minutes,
            self.record["machine"],
        )

    def page_row(self, table, metric):
        """Return the cells of a metric in a table of the page, by heading."""
        found = re.search(f'<table id="table-{table}".*?</table>', self.html, re.S)[0]
        heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', found, re.S)
        row = rf'<th scope="row"[^>]*>{re.escape(metric_label(metric))}</th>(.*?)</tr>'
        cells = re.findall(r"<td[^>]*>(.*?)</td>", re.search(row, found, re.S)[1], re.S)
        return list(zip(map(text_of, heads[1:]), map(text_of, cells), strict=True))

    def metrics_of(self, verdict):
        """Return the metrics, no baselines, that the table gives a verdict."""
        own = self.summary.index[self.summary["verdict"] == verdict]
        return [metric for metric in own if metric not in BASELINES]


@pytest.fixture(scope="module", params=["mini", "mini_long"])
def experiment(request):
    return Experiment(request.param)


def test_one_verdict(experiment):
    figure = tau.draw(experiment.tables["correlation"], experiment.tables["summary"])
    panels = {panel.get_title().replace("\n", " "): panel for panel in figure.axes}
    for metric, verdict in experiment.summary["verdict"].dropna().items():
        assert dict(experiment.page_row("summary", metric))["Verdict"] == verdict
        titles = [t for t in panels if t.replace("- ", "-") == metric_label(metric)]
        (mean,) = [line for line in panels[titles[0]].lines if line.get_marker() == "D"]
        filled = same_color(mean.get_markerfacecolor(), style.ACCENT)
        assert filled == (verdict == BEYOND)
    for verdict in (BEYOND, UNCORRECTED_ONLY):
        metrics = experiment.metrics_of(verdict)
        said = re.search(
            rf"{verdict.capitalize()}[^:.]*: ([^.]*)\.", experiment.tau_page
        )
        assert (said[1].split(", ") if said else []) == metrics
    others = Opening(experiment.html).points["Other metrics"]
    beyond = re.search(r"Beyond chance.*?: (.*?\))\.", others)[1]
    for metric in experiment.metrics_of(BEYOND):
        assert f"{metric_label(metric)} (" in beyond
    for metric in experiment.metrics_of(UNCORRECTED_ONLY):
        assert metric_label(metric) not in beyond
        assert metric_label(metric) in others


def test_one_speed_up(experiment):
    minutes = experiment.tables["times"]
    totals = minutes[minutes["group"] == TOTAL]
    panel = times.draw(minutes).axes[-1]
    drawn = {t.xy[1]: t.get_text() for t in panel.texts if t.get_text().endswith("×")}
    second = experiment.times_page.split("## ")[2]
    for metric, value in totals.set_index("metric")["speed_up"].items():
        said = text.three_digits(value)
        assert experiment.page_row("times", metric)[-1] == ("Speed-up", said)
        (line,) = [ln for ln in second.splitlines() if ln.startswith(f"| {metric} ")]
        assert line.split("|")[-2].strip() == f"{said}x"
        assert f"{said}×" in drawn.values()
    ours = text.three_digits(totals.set_index("metric").loc["peftdiff", "speed_up"])
    cost = Opening(experiment.html).points["What it cost"]
    assert f"for one seed of each, {ours} times as long" in cost
    first = experiment.times_page.split("## ")[1]
    (line,) = [ln for ln in first.splitlines() if ln.startswith("| total ")]
    assert line.split("|")[5].strip() == f"{ours}x"


def invented(name):
    """Return the tables of experiments that say little, or something."""
    few = {"lora": [80.0], "vpt": [79.5], "bitfit": [50.0]}
    steady = {m: [50.0 + 5 * p + s / 10 for s in range(5)] for p, m in enumerate(NINE)}
    truth = {
        "one task, three methods": tables.counted({"pets": few}),
        "one method": tables.counted({"pets": {"lora": [80.0]}}),
        "two and two": tables.counted(
            {t: {"lora": [80.0] * 3, "vpt": [60.0] * 3} for t in ("pets", "cars")}
        ),
        "three and nine": tables.counted(
            {t: steady for t in ("pets", "cars", "birds")}, share=40.0
        ),
        "at chance": tables.counted({"pets": {m: [24.0] for m in NINE}}),
        "without an error": tables.counted({"pets": {m: [100.0] * 3 for m in NINE}}),
    }[name]
    scores = tables.scores_of(truth)
    names = dict.fromkeys(truth["task"], "")
    parts = tables.components(tasks=names, methods=list(truth["method"].unique()))
    correlation = correlate(scores, truth)
    friedman = compare_all(correlation)
    return with_derived(
        {
            "scores": scores.assign(seconds=0.5),
            "ground_truth": truth.assign(train_seconds=60.0),
            "correlation": correlation,
            "reliability": reliabilities(truth),
            "summary": summarize(scores, truth),
            "friedman": friedman,
            "nemenyi": compare_pairs(friedman),
            "stability": leave_methods_out(scores, truth, parts),
        }
    )


NINE = [*METHODS][:9]


@pytest.mark.parametrize(
    "name",
    [
        *("one task, three methods", "one method", "two and two", "three and nine"),
        *("at chance", "without an error"),
    ],
)
def test_page_markdown_terminal_and_figures_say_the_same(name):
    found = invented(name)
    html = render(page_contents(found, poster(), {}), {}, parts())
    page = text_of(html).replace("\u00a0", " ")
    names = ("correlation", "reliability", "summary")
    judged = (found["tasks"], found["standings"])
    markdown = " ".join(tau_page(*(found[n] for n in names), judged=judged).split())
    terminal = " ".join(answer_page(found).split())
    for row in found["tasks"].to_dict("records"):
        own = found["standings"][found["standings"]["task"] == row["task"]]
        said = standing(row, own).replace("\u00a0", " ")
        assert said in page
        assert f"{row['task']}: {said}" in markdown
        if len(found["tasks"]) == 1:
            assert f"{row['task']}: {said}" in terminal
    # What holds of the whole is said in the same words, and nowhere twice.
    n_tasks, n_methods = len(found["tasks"]), int(found["tasks"]["n_methods"].max())
    smallest = found["summary"]["smallest_p_value"].max()
    whole = [
        meaningless(list(found["tasks"]["verdict"])),
        undecidable(smallest, n_methods, n_tasks),
    ]
    for sentence in whole:
        counts = [shown.count(sentence) for shown in (page, markdown, terminal)]
        assert counts in ([0, 0, 0], [1, 1, 1])
    means = found["summary"].set_index("metric")["mean_weighted_tau"].dropna()
    taus = found["correlation"].query("metric != 'random'")["weighted_tau"]
    figure = tau.draw(found["correlation"], found["summary"])
    assert bool(figure.axes) == taus.notna().any()
    for metric, mean in means.items():
        assert f"{mean:+.2f}" in markdown
        if figure.axes:
            assert text.number(mean) in page
            titles = {ax.get_title().replace("\n", " "): ax for ax in figure.axes}
            drawn = [t.get_text() for t in titles[metric_label(metric)].texts]
            assert text.number(mean) in drawn
    best = accuracy.draw(*(found[n] for n in FIGURES["accuracy"].tables))
    bold = [t for ax in best.axes for t in ax.texts if t.get_weight() == "bold"]
    told = found["tasks"]["verdict"].isin([ONE_BEST, SOME_ALIKE])
    counted = found["tasks"].loc[told, "n_among_best"].sum()
    marked = re.search('<table id="table-accuracy".*?</table>', html, re.S)[0]
    assert len([t for t in bold if t.get_text().isdigit()]) == counted
    assert marked.count("<b>") == counted
