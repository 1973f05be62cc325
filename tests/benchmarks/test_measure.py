import json
import sys
import warnings

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import machine, measure, sides
from benchmarks.cases import CASES, MILLION, ON_GPU, Case
from benchmarks.data import clustered

ALL = (*CASES, *MILLION, *ON_GPU)
ABSENT = {"seconds": [], "absent": "is not installed"}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_targets_are_about_sides_that_run(case):
    for target in case.targets:
        assert target.side in case.sides
        assert target.versus is None or target.versus in case.sides
    assert set(case.once) <= set(case.sides)
    for side in case.sides:
        assert callable(sides.find(case.work, side))


def test_case_names_tell_cases_apart():
    assert len({case.name for case in CASES}) == len(CASES)


def test_measures_a_side_and_tells_why_another_did_not_run():
    case = Case("diffusion_score", 60, 3, ("limit", "other"), d=8, rounds=2)
    found = measure.measure(case)["sides"]
    features = clustered(60, 8, 3).features
    assert len(found["limit"]["seconds"]) == 2
    assert 0 < min(found["limit"]["seconds"]) < 5
    assert len(found["limit"]["cpu_seconds"]) == 2
    assert 0.01 < found["limit"]["gib"] < 4
    assert found["limit"]["values"] == pytest.approx([features[0] @ features[0]])
    assert "absent" not in found["limit"]
    assert found["other"]["seconds"] == []
    assert found["other"]["absent"] == "failed: KeyError: 'other'"


def test_a_slow_side_runs_once():
    case = Case("diffusion_score", 40, 3, ("limit",), d=4, rounds=3, once=("limit",))
    assert len(measure.measure(case)["sides"]["limit"]["seconds"]) == 1


def test_a_timed_run_keeps_its_warnings():
    def run():
        warnings.warn("not so good", UserWarning, stacklevel=1)
        return (1.0,)

    assert measure._timed(run)["notes"] == ["UserWarning: not so good"]


def test_dense_side_needs_memory():
    case = Case("diffusion_score", 10**6, 10, ("dense",))
    with pytest.raises(MemoryError, match="needs 44703 GiB"):
        measure._check_memory(case, "dense")
    measure._check_memory(case, "ours")


@pytest.mark.parametrize("work", ["score_grid", "diffusion_score"])
def test_sides_give_values(work):
    data = clustered(120, 12, 3)
    for name, side in sides.SIDES[work].items():
        if name != "pydiffmap":
            assert np.isfinite(side(data)()).all()


def test_the_limit_is_the_product(monkeypatch):
    monkeypatch.setattr(sides, "BUFFER_CELLS", 30 * 120)
    data = clustered(120, 12, 3)
    product = data.features[90] @ data.features[0]
    assert sides.find("diffusion_score", "limit")(data)() == pytest.approx((product,))


def test_a_task_is_scored_by_every_metric_but_the_slowest(monkeypatch):
    called = []

    def compute_many(names, features, labels):
        called.extend((name, features.shape, len(labels)) for name in names)
        return dict.fromkeys(names, 1.0)

    monkeypatch.setattr("peftdiff.metrics.compute_many", compute_many)
    case = Case("all metrics of a task", 20, 2, ("ours",), n_models=3, d=4)
    data = measure._data(case, "unused")
    assert not np.array_equal(data.features[0], data.features[1])
    assert len(sides.find(case.work, "ours")(data)()) == len(called)
    names = [name for name, *_ in called]
    assert len(set(names)) == len(names) / 3
    assert {"peftdiff", "logme"} < set(names)
    assert "nleep" not in names
    assert {each[1:] for each in called} == {((20, 4), 20)}


def test_memory_mapped_features_are_the_same(tmp_path):
    case = Case("diffusion_score", 50, 5, ("ours",), d=6, memory_mapped=True)
    data = measure._data(case, str(tmp_path))
    assert isinstance(data.features, np.memmap)
    assert np.array_equal(data.features, clustered(50, 6, 5).features)


def test_the_machine_is_described_without_paths():
    found = machine.describe()
    assert found["cores"] >= 1
    assert found["packages"]["numpy"] == np.__version__
    assert any(each["user_api"] == "blas" for each in found["blas"])
    assert "filepath" not in str(found)


@pytest.mark.parametrize(
    ("arguments", "name", "largest"),
    [
        ([], "bench", 100_000),
        (["--quick"], "quick", 3000),
        (["--million"], "million", 1_000_000),
        (["--gpu"], "gpu", 100_000),
        (["--only", "n = 10,000"], "only", 10_000),
    ],
)
def test_command_line_chooses_cases(monkeypatch, arguments, name, largest):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    found, cases = command._choose(command._options())
    assert found == name
    assert max(case.n for case in cases) == largest


def test_command_line_names_the_approximate_search(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--million", "--search", "trees"])
    _, cases = command._choose(command._options())
    assert [case.sides[-1] for case in cases] == ["search=trees"] * 2
    assert {each.side for case in cases for each in case.targets} == {"search=trees"}


def test_a_run_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "measure", lambda case: {"sides": {"x": ABSENT}})
    results = command.run(CASES[:2], tmp_path / "some.json")
    assert json.loads((tmp_path / "some.json").read_text()) == results
    assert [case["sides"] for case in results["cases"]] == [{"x": ABSENT}] * 2
    assert "x: is not installed" in capsys.readouterr().err
