"""The whole page, for experiments that are whole and for some that are not."""

import re

import numpy as np
import pandas as pd
import pytest

from peftdiff.reporting.webpage import Picture, render
from tests.helpers import study_tables, tables
from tests.helpers.webpage import parts

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x28\x00\x00\x00\x14"
SMOKE = {"digits": "natural", "dsloc": "structured"}


def smoke(experiment, seeds=(0, 1)):
    methods = ["lora", "vpt", "bitfit"]
    arguments = {"seeds": seeds, "tasks": SMOKE, "methods": methods}
    return experiment(
        pd.concat([tables.scores(**arguments, metric=m) for m in ("logme", "knn")]),
        tables.truth(**arguments),
    )


def undefined(experiment):
    scores = tables.scores().assign(score=np.nan)
    return experiment(scores, tables.truth())


def without_a_task(experiment):
    scores, truth = tables.scores(), tables.truth()
    lost = (scores["task"] == "land") & (scores["method"] == "vpt")
    gap = scores.assign(score=scores["score"].mask(lost))
    return experiment(gap, truth[truth["task"] != "digits"])


@pytest.mark.parametrize(
    "make",
    [
        smoke,
        lambda experiment: smoke(experiment, seeds=(0,)),
        undefined,
        without_a_task,
    ],
)
def test_partial_experiments_give_pages_that_say_so(experiment, visible, make):
    text = visible(make(experiment).html())
    assert not re.search(r"\bnan\b|\bNone\b|\bNaT\b", text)
    assert "there is no ablation.csv , no grid.csv" in text
    assert "This command runs them: REMEDY -- studies" in text
    assert "What do its settings matter?" not in text
    assert "What to use on each task" in text


def test_an_undefined_value_is_marked_and_explained(experiment, visible):
    html = without_a_task(experiment).html()
    assert re.search(r'<td title="[^"]+"><span aria-hidden="true">–</span>', html)
    assert "no score for vpt" in visible(html)
    assert "average over" in visible(html) or "undefined on each" in visible(html)


def test_kept_results_name_no_command(experiment, visible):
    page = smoke(experiment).page()
    text = visible(render(page, {}, parts()))
    assert "have not been run here" in text
    assert "This command" not in text


def test_studies_are_shown_where_they_are(experiment, visible):
    tasks = {"natural": ("digits",), "specialized": ("land",), "structured": ("dsloc",)}
    complexity = pd.DataFrame(
        {
            "task": ["digits", "land", "dsloc"],
            "model": "backbone",
            "dimension": 64,
            "components_95": [10, 20, 30],
            "fraction_95": [10 / 64, 20 / 64, 30 / 64],
        }
    )
    found = experiment(
        tables.scores(),
        tables.truth(),
        ablation=study_tables.ablation(tasks),
        grid=study_tables.grid(tasks),
        grid_choice=study_tables.grid_choice(tasks),
        choices=study_tables.choices(tasks),
        timing=study_tables.timing(tasks),
        complexity=complexity,
    )
    html = found.html()
    text = visible(html)
    assert "have not been run" not in text
    assert "intra only 0.174, inter only 0.22 and combined 0.517." in text
    for name in ("ablation", "grid", "grid_chance", "choices", "times", "complexity"):
        assert f'id="table-{name}"' in html


def test_pictures_are_held_by_the_page(whole):
    svg = b'<svg viewBox="0 0 510.2 300.7" xmlns="http://www.w3.org/2000/svg"></svg>'
    pictures = {
        "tau": Picture(svg, "svg", "taus", "What <it> shows."),
        "accuracy": Picture(PNG, "png", "accuracies", ""),
    }
    html = whole.html(pictures=pictures)
    assert html.count("<img ") == 2
    assert 'src="data:image/svg+xml;base64,' in html
    assert 'width="510" height="301"' in html
    assert 'width="40" height="20"' in html
    assert "What &lt;it&gt; shows." in html
    assert "http" not in re.sub(r"data:[^\"]+|http-equiv", "", html)


def test_a_picture_without_a_size_is_named():
    with pytest.raises(ValueError, match="the figure 'taus' has no viewBox"):
        _ = Picture(b"<svg></svg>", "svg", "taus", "").size


def test_the_head_of_every_table_is_marked_up(whole):
    html = whole.html()
    for table in re.findall(r"<table.*?</table>", html, re.S):
        head, body = table.split("</thead>")
        assert head.count("<th ") == head.count('scope="col')
        rows = body.count("<tr")
        assert body.count('<th scope="row"') == rows
        cells = [row.count("<td") for row in body.split("<tr")[1:]]
        assert len(set(cells)) <= 1


def test_names_are_escaped(experiment, visible):
    truth = tables.truth(tasks={"<b>x</b>": "natural", "y": "natural"})
    scores = tables.scores(tasks={"<b>x</b>": "natural", "y": "natural"})
    html = experiment(scores, truth).html()
    assert "<b>x</b>" not in html
    assert "<b>x</b>" in visible(html)
