"""docs/statistics.md: its words are the glossary's, and its code runs."""

import re

import pandas as pd
import pytest

from peftdiff.evaluation import first_choice, standings, verdict
from peftdiff.evaluation.studies.times import TIMES
from peftdiff.evaluation.summary import COLUMNS
from peftdiff.reporting.glossary import GLOSSARY
from tests.helpers.project import CACHED, ROOT

PAGE = (ROOT / "docs/statistics.md").read_text()
WORDS = " ".join(re.sub(r"^- ", "", PAGE, flags=re.M).split())
ELSEWHERE = {"PEFT method", "backbone", "source"}  # words that no statistic needs


@pytest.mark.parametrize("word", sorted(set(GLOSSARY) - ELSEWHERE))
def test_the_page_quotes_the_glossary(word):
    assert GLOSSARY[word] in WORDS


def test_it_explains_every_verdict():
    names = {name: value for name, value in vars(verdict).items() if name.isupper()}
    said = [value for value in names.values() if isinstance(value, str)]
    said += [
        *(standings.ONE_BEST, standings.SOME_ALIKE, standings.ALL_ALIKE),
        *(standings.AT_CHANCE, standings.ALONE, standings.NOT_TOLD),
        standings.NO_ACCURACY,
    ]
    assert [word for word in said if f"| {word} |" not in PAGE] == ["random"]


def test_its_columns_are_those_of_the_table():
    named = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    assert {"verdict", "smallest_p_value", "p_value_corrected"} <= named & set(COLUMNS)
    others = {*standings.STANDINGS, *standings.TASKS, *first_choice.COLUMNS, *TIMES}
    assert named <= {*COLUMNS, *others}


def test_its_code_gives_the_kept_verdicts(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(block, names)
    kept = pd.read_csv(CACHED / "mini/tables/summary.csv")
    assert list(names["summary"]["verdict"]) == list(kept["verdict"].fillna(""))
    tau, p = map(float, capsys.readouterr().out.splitlines()[-1].split())
    assert 0 < tau < 1
    assert 0.05 < p < 1
