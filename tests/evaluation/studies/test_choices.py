from collections import Counter

import numpy as np
import pandas as pd
import pytest

from peftdiff.diffusion import diffusion_score, rank_pool, score
from peftdiff.embeddings import ModelName
from peftdiff.evaluation.studies.choice_comparison import correlate_choices
from peftdiff.evaluation.studies.choices import RUN, choice_components, list_runs
from peftdiff.statistics import weighted_tau

PARAMETERS = {"neighbors": 8, "components": 5, "diffusion_time": 2}
LORA = ModelName("lora", 0)
SEEDS = (0, 1, 2)
METHODS = ["lora", "vpt"]


@pytest.fixture(scope="module")
def components(embeddings):
    features, labels = embeddings
    return choice_components(features, labels, PARAMETERS, SEEDS)


@pytest.fixture(scope="module")
def table(components, make):
    truth = make.truth(("digits",), METHODS)
    return correlate_choices(components.assign(task="digits"), truth)


def test_each_run_changes_one_thing():
    default, *runs = list_runs(PARAMETERS, SEEDS)
    assert (default.choice, default.value, default.start_seed) == ("default",) * 2 + (
        0,
    )
    changed = {(run.choice, run.value): run for run in runs}
    assert set(changed) == {
        *(("symmetrize", "mean"), ("symmetrize", "mutual")),
        *(("kernel_width", "median"), ("kernel_width", "self_tuning")),
        *(("self_loops", "false"), ("inter", "root"), ("min_class_size", "10")),
        *(
            ("normalize", "false, median"),
            ("variant", "symmetric"),
            ("variant", "as_published"),
        ),
    }
    for (choice, _), run in changed.items():
        differing = {
            name
            for name, value in run.parameters.items()
            if value != default.parameters[name]
        }
        along = {"kernel_width"} if choice == "normalize" else set()
        assert differing - {"seed"} <= {choice, *along}
    seeds = [run.start_seed for run in runs if run.value == "as_published"]
    assert seeds == [0, 1, 2]


def test_the_configured_value_is_the_default_and_the_others_are_tried():
    runs = list_runs({"symmetrize": "mean", "seed": 7}, [0])
    assert runs[0].start_seed == 7
    tried = [run.value for run in runs if run.choice == "symmetrize"]
    assert tried == ["max", "mutual"]
    (published,) = [run for run in runs if run.value == "as_published"]
    assert published.parameters["symmetrize"] == "max"  # it takes no other


def test_distances_are_those_of_the_score(components, embeddings):
    features, labels = embeddings
    runs = {run[:3]: run for run in list_runs(PARAMETERS, SEEDS)}
    assert len(components) == len(features) * len(runs)
    for row in components.itertuples():
        model = ModelName(row.model, None if pd.isna(row.seed) else int(row.seed))
        run = runs[row.choice, row.value, row.start_seed]
        wanted = diffusion_score(features[model], labels, **run.parameters)[:2]
        assert (row.intra, row.inter) == pytest.approx(wanted, rel=1e-9)


def test_shared_steps_are_taken_once_and_give_the_very_same_numbers(
    embeddings, monkeypatch
):
    features, labels = embeddings
    runs = list_runs(PARAMETERS, SEEDS)
    wanted = [diffusion_score(features[LORA], labels, **run[3])[:2] for run in runs]
    calls = Counter()

    def counted(name):
        function = getattr(score, name)

        def call(*arguments):
            calls[name] += 1
            return function(*arguments)

        monkeypatch.setattr(score, name, call)

    for name in ("find_neighbors", "solve_kernel"):
        counted(name)
    table = choice_components({LORA: features[LORA]}, labels, PARAMETERS, SEEDS)
    found = list(table[["intra", "inter"]].itertuples(index=False, name=None))
    assert found == wanted
    # Rows as they are, of unit length, and of classes that the published code takes.
    assert calls["find_neighbors"] == 3
    # Another inter distance needs no other eigenpairs, nor does a filter in vain; the
    # default is one of the start seeds.
    assert calls["solve_kernel"] == len(runs) - 3


def mean_scores(rows, combine="minmax"):
    pairs = {(r.model, r.seed): (r.intra, r.inter) for r in rows.itertuples()}
    (backbone,) = [pair for (model, _), pair in pairs.items() if model == "backbone"]
    pools = [
        rank_pool({m: pairs[m, seed] for m in METHODS}, backbone, combine)
        for seed in (0, 1)
    ]
    return [np.mean([pool[m] for pool in pools]) for m in METHODS]


def tau(first, second):
    equal = len(set(first)) == 1 or len(set(second)) == 1
    return np.nan if equal else weighted_tau(first, second)


def test_tau_and_agreement_point_by_point(components, table, make):
    truth = make.truth(("digits",), METHODS)
    accuracies = truth[truth["in_pool"]].groupby("method")["accuracy"].mean()[METHODS]
    scores = {key: mean_scores(rows) for key, rows in components.groupby(RUN)}
    default = scores["default", "default", 0]
    first = components[components["choice"] == "default"]
    for combine in ("zscore", "relative"):
        scores["combine", combine, 0] = mean_scores(first, combine)
    assert len(table) == len(scores)
    for row in table.itertuples():
        mine = scores[row.choice, row.value, row.start_seed]
        wanted = tau(mine, list(accuracies)), tau(mine, default)
        assert (row.weighted_tau, row.agreement) == pytest.approx(wanted, nan_ok=True)


def test_columns(table):
    assert list(table.columns) == [
        *("experiment", "task", "group", "choice", "value", "start_seed"),
        *("weighted_tau", "agreement", "run_agreement", "n_methods", "null_sd"),
        *("mean_null_sd", "note"),
    ]


def test_only_the_published_chain_depends_on_the_start_seed(components, table):
    runs = components[components["choice"] == "variant"]
    spread = runs.groupby(["value", "model", "seed"], dropna=False)["intra"].agg(np.ptp)
    largest = spread.groupby("value").max()
    assert largest["symmetric"] < 1e-9
    assert largest["as_published"] > 1e-6
    runs = table[table["choice"] == "variant"].set_index("value")
    assert runs.loc["symmetric", "run_agreement"].to_numpy() == pytest.approx(1)
    assert table.loc[table["choice"] != "variant", "run_agreement"].isna().all()


def test_agreement_between_runs_is_the_mean_over_the_other_runs(make):
    rng = np.random.default_rng(5)
    runs = pd.DataFrame(
        [("default", "default", 0)] + [("variant", "as_published", s) for s in SEEDS],
        columns=RUN,
    )
    components = make.components(("digits",), runs).assign(note="")
    components["intra"] = rng.uniform(size=len(components))
    table = correlate_choices(components, make.truth(("digits",)))
    scores = {}
    for seed in SEEDS:
        chosen = components["choice"].eq("variant") & components["start_seed"].eq(seed)
        pairs = components[chosen].set_index(["model", "seed"])[["intra", "inter"]]
        pools = [
            rank_pool({m: tuple(pairs.loc[(m, s)]) for m in make.methods}, (0, 0))
            for s in (0, 1)
        ]
        scores[seed] = [pools[0][m] + pools[1][m] for m in make.methods]
    found = table[table["choice"] == "variant"].set_index("start_seed")
    for seed in SEEDS:
        others = [weighted_tau(scores[seed], scores[s]) for s in SEEDS if s != seed]
        assert found.loc[seed, "run_agreement"] == pytest.approx(np.mean(others))


def test_one_start_seed_has_no_other_to_agree_with(embeddings, make):
    features, labels = embeddings
    alone = choice_components(features, labels, PARAMETERS, [0]).assign(task="digits")
    table = correlate_choices(alone, make.truth(("digits",), METHODS))
    assert table["run_agreement"].isna().all()


def test_a_filter_that_drops_no_class_says_so(components, table):
    filtered = components[components["choice"] == "min_class_size"]
    default = components[components["choice"] == "default"]
    assert (filtered["intra"].to_numpy() == default["intra"].to_numpy()).all()
    note = table.loc[table["choice"] == "min_class_size", "note"].item()
    assert note == "no class has fewer than 10 images"


def test_a_filter_that_drops_a_class_changes_the_score(embeddings):
    features, labels = embeddings
    unequal = labels.copy()
    unequal[:4] = 3
    table = choice_components(features, unequal, PARAMETERS, [0])
    intra = table.pivot_table("intra", ["model", "seed"], "choice", dropna=False)
    assert (intra["min_class_size"] != intra["default"]).any()
    assert (table["note"] == "").all()


def test_a_choice_that_cannot_be_computed_is_an_empty_cell_with_its_reason(make):
    # Linked to its nearest other sample alone, most samples are not that one's nearest.
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    names = ("backbone", "lora/0", "vpt/0", "noah/0")
    features = {
        ModelName.parse(name): rng.normal(size=(40, 6)).astype("f4") for name in names
    }
    parameters = PARAMETERS | {"neighbors": 2, "self_loops": False}
    table = choice_components(features, labels, parameters, [0]).assign(task="digits")
    truth = make.truth(("digits",), [*METHODS, "noah"], (0,))
    rows = correlate_choices(table, truth).set_index(["choice", "value"])
    lost = rows.loc[("symmetrize", "mutual")]
    assert lost["note"].startswith("undefined: ")
    assert np.isnan(lost["weighted_tau"])
    assert np.isnan(lost["agreement"])
    assert np.isfinite(rows.loc[("default", "default"), "weighted_tau"])
    assert np.isfinite(rows.loc[("self_loops", "true"), "weighted_tau"])


def test_a_default_that_cannot_be_computed_is_an_error(embeddings):
    features, labels = embeddings
    with pytest.raises(ValueError, match="neighbors is 99"):
        choice_components(features, labels, {"neighbors": 99}, [0])
