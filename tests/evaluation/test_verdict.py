import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation import verdict
from peftdiff.evaluation.summary import summarize
from tests.helpers import tables


def summary(smallest=0.001, **p_values):
    rows = [
        {
            "metric": metric,
            "mean_weighted_tau": mean,
            "p_value": p / 2,
            "p_value_shared_permutation": p,
            "smallest_p_value": smallest,
        }
        for metric, (mean, p) in p_values.items()
    ]
    return pd.DataFrame(rows)


def verdict_of(table, metric="logme"):
    return verdict.add_verdicts(table).set_index("metric").loc[metric, "verdict"]


def test_a_verdict_for_each_case():
    found = verdict.add_verdicts(
        summary(
            peftdiff=(0.1, 0.4),
            logme=(0.5, 0.001),
            nleep=(0.3, 0.04),
            sfda=(-0.4, 0.002),
            ncti=(np.nan, np.nan),
            static=(0.2, 0.03),
            random=(0.0, np.nan),
        )
    )
    assert found.set_index("metric")["verdict"].to_dict() == {
        "peftdiff": verdict.NOT_SIGNIFICANT,
        "logme": verdict.BEYOND,
        "nleep": verdict.UNCORRECTED_ONLY,  # 0.04, with two of the four still to come
        "sfda": verdict.WORSE,
        "ncti": verdict.UNKNOWN,
        "static": verdict.BEYOND,  # a baseline is no candidate
        "random": "",
    }
    corrected = found.set_index("metric")["p_value_corrected"]
    assert corrected["nleep"] == pytest.approx(0.08)
    assert corrected[["ncti", "static", "random"]].isna().all()
    assert verdict.count_tried(found) == 4  # an undefined one was not tried


def test_the_larger_p_value_counts():
    table = summary(logme=(0.5, 0.01)).assign(p_value=0.3)
    assert verdict.larger_p_values(table).to_list() == [0.3]
    assert verdict_of(table) == verdict.NOT_SIGNIFICANT
    assert verdict_of(table.assign(p_value=np.nan)) == verdict.UNKNOWN


@pytest.mark.parametrize("p", [0.05, 0.0500001])
def test_the_level_itself_is_within(p):
    expected = verdict.BEYOND if p == 0.05 else verdict.NOT_SIGNIFICANT
    assert verdict_of(summary(logme=(0.5, p))) == expected


@pytest.mark.parametrize(
    ("n_methods", "n_tasks", "decidable"),
    [(3, 6, False), (4, 1, False), (5, 1, True), (5, 6, True)],
)
def test_a_perfect_ranking_of_a_few_methods_is_no_evidence(
    n_methods, n_tasks, decidable
):
    tasks = {f"task {n}": "natural" for n in range(n_tasks)}
    truth = tables.truth(tasks=tasks, methods=tables.METHODS[:n_methods])
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    table = summarize(pool.assign(metric="logme"), truth).set_index("metric")
    assert table.loc["logme", "mean_weighted_tau"] == pytest.approx(1)
    expected = verdict.BEYOND if decidable else verdict.UNDECIDABLE
    assert table.loc["logme", "verdict"] == expected
