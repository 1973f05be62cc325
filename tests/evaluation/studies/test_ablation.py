import numpy as np
import pytest
from scipy.stats import weightedtau

from peftdiff.evaluation.studies.ablation import ablate


def minmax(values):
    return (values - values.min()) / np.ptp(values)


def test_each_variant_is_the_tau_of_its_own_distance(make):
    components, truth = make.components(), make.truth()
    table = ablate(components, truth).set_index(["task", "variant"])
    for task in make.groups:
        rows = components[components["task"] == task]
        scores = {"intra_only": 0, "inter_only": 0}
        for seed in (0, 1):
            pool = rows[rows["seed"] == seed].set_index("model").loc[make.methods]
            scores["intra_only"] += 1 - minmax(pool["intra"].to_numpy())
            scores["inter_only"] += minmax(pool["inter"].to_numpy())
        scores["combined"] = scores["intra_only"] + scores["inter_only"]
        accuracy = truth[(truth["task"] == task) & truth["in_pool"]]
        accuracies = accuracy.groupby("method")["accuracy"].mean()[make.methods]
        for variant, score in scores.items():
            wanted = weightedtau(score, accuracies).statistic
            found = table.loc[(task, variant), "weighted_tau"]
            assert found == pytest.approx(wanted), (task, variant)


def test_tighter_and_farther_is_better_alone_too(make):
    truth = make.truth(("digits",))
    order = truth[truth["in_pool"]].groupby("method")["accuracy"].mean()
    components = make.components(("digits",))
    rank = components["model"].map(order.rank()).fillna(0.0)
    better = components.assign(intra=10 - rank, inter=rank)
    assert ablate(better, truth)["weighted_tau"].tolist() == pytest.approx([1, 1, 1])
    mixed = components.assign(intra=rank, inter=rank)
    taus = ablate(mixed, truth).set_index("variant")["weighted_tau"]
    assert taus["intra_only"] == pytest.approx(-1)
    assert taus["inter_only"] == pytest.approx(1)


def test_columns_and_null(make):
    table = ablate(make.components(), make.truth())
    assert list(table.columns) == [
        *("experiment", "task", "group", "variant", "weighted_tau"),
        *("n_methods", "null_sd", "mean_null_sd", "note"),
    ]
    assert len(table) == 3 * 3
    assert set(table["n_methods"]) == {4}
    assert table["null_sd"].between(0.4, 0.7).all()
    assert (table["note"] == "").all()


def test_a_constant_distance_and_a_missing_task_say_so(make):
    components = make.components().assign(intra=1.0)
    components = components[components["task"] != "land"]
    table = ablate(components, make.truth()).set_index(["task", "variant"])
    assert table.loc[("digits", "intra_only"), "note"] == "all scores are equal"
    assert np.isnan(table.loc[("digits", "intra_only"), "weighted_tau"])
    both = table.loc["digits", "weighted_tau"]
    assert both["combined"] == pytest.approx(both["inter_only"])
    assert table.loc["land", "weighted_tau"].isna().all()
    assert "no score for lora" in table.loc[("land", "combined"), "note"]


def test_components_of_another_metric_are_named(make):
    with pytest.raises(ValueError, match="add peftdiff"):
        ablate(make.components().drop(columns="intra"), make.truth())
