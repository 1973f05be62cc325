import copy
import json
import os
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import plot, report


def side(*seconds, gib=0.5, values=(1.0, 2.0), **rest):
    clocks = {"seconds": list(seconds), "cpu_seconds": [2 * each for each in seconds]}
    return clocks | {"gib": gib, "values": list(values)} | rest


def target(measure, bound, versus=None, side="ours"):
    return {"measure": measure, "bound": bound, "versus": versus, "side": side}


def case(n, sides, *targets, work="diffusion_score", n_classes=10):
    return {
        "work": work,
        "name": f"{work}, n = {n}, {n_classes} classes",
        "n": n,
        "n_classes": n_classes,
        "sides": sides,
        "targets": list(targets),
    }


MACHINE = {
    **{"processor": "Some CPU", "cores": 4, "usable_cores": 2, "memory_gib": 8.0},
    **{"system": "Linux x86_64", "load": 0.1, "python": "3.11.7"},
    "blas": [{"internal_api": "openblas", "version": "0.3", "num_threads": 2}],
    "packages": {"numpy": "2.4", "pydiffmap": "not installed"},
    **{"date": "2026-01-02", "git_revision": "abc"},
}
RESULTS = {
    "machine": MACHINE,
    "cases": [
        case(
            1000,
            {
                "ours": side(0.1, 0.2, 0.4),
                "dense": side(1.0, 0.8, 1.2, values=(1.0, 2.2)),
                "pydiffmap": {"seconds": [], "absent": "pydiffmap is not installed"},
                "limit": side(0.05),
            },
            target("faster", 5, "dense"),
            target("share", 1.5, "limit"),
            target("seconds", 0.2),
            target("gib", 0.25),
            target("apart", 0.05, "ours", side="dense"),
            target("faster", 1.5, "pydiffmap"),
        ),
        case(10_000, {"ours": side(2.0), "dense": side(80.0), "limit": side(1.0)}),
        case(1000, {"ours": side(7.0)}, n_classes=397),
        case(1000, {"ours": side(9.0)}, work="logme"),
    ],
}


def test_judges_each_kind_of_target():
    first = RESULTS["cases"][0]
    found = [report.judge(first, each) for each in first["targets"]]
    measured = [value for value, _ in found]
    assert measured[:5] == pytest.approx([8.0, 2.0, 0.2, 0.5, 0.1])
    assert measured[5] is None
    assert [met for _, met in found] == [True, False, True, False, False, False]


def test_a_bound_that_is_just_reached_is_met():
    exact = case(10, {"ours": side(1.0), "dense": side(5.0)})
    assert report.judge(exact, target("faster", 5, "dense")) == (5.0, True)
    assert report.judge(exact, target("share", 0.2, "dense")) == (0.2, True)


def test_tables_name_machine_targets_and_times():
    text = report.tables(RESULTS)
    assert "Some CPU, 2 of 4 cores" in text
    assert "pydiffmap not installed" in text
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n")
    ]
    name = "diffusion_score, n = 1000, 10 classes"
    assert [name, ">= 5x as fast as dense", "8x", "met"] in rows
    assert [name, "<= 1.5x limit", "2x", "missed"] in rows
    assert [name, "<= 0.25 GiB", "0.5 GiB", "missed"] in rows
    assert [name, "dense: within 0.05 of ours", "0.1", "missed"] in rows
    assert [name, ">= 1.5x as fast as pydiffmap", "not measured", "-"] in rows
    assert [name, "ours", "0.2", "0.1", "0.2", "3", "0.50", ""] in rows
    assert [
        *(name, "pydiffmap", "-", "-", "-", "0", "-"),
        "pydiffmap is not installed",
    ] in rows


def test_markdown_columns_line_up():
    lines = report.markdown(("a", "long"), [("wide", "b"), ("c", "d")]).split("\n")
    assert lines[0] == "| a    | long |"
    assert len({len(line) for line in lines}) == 1


def test_plot_shows_every_side_with_its_range():
    figure = plot.draw(RESULTS)
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    drawn = {
        container.get_label(): container.lines[0].get_data()
        for container in axes.containers
    }
    assert set(drawn) == {"dense, as published", "peftdiff", "float32 product X Yᵀ"}
    sizes, seconds = drawn["peftdiff"]
    assert list(sizes) == [1000, 10_000]
    assert list(seconds) == [0.2, 2.0]
    ours = next(each for each in axes.containers if each.get_label() == "peftdiff")
    segment = ours.lines[2][0].get_segments()[0]
    assert segment[:, 1] == pytest.approx([0.1, 0.4])


def test_plot_needs_times():
    with pytest.raises(ValueError, match="no time of diffusion_score"):
        plot.draw({"cases": RESULTS["cases"][3:]})


def test_redraws_from_the_file_alone(tmp_path, monkeypatch, capsys):
    results = copy.deepcopy(RESULTS)
    (tmp_path / "bench.json").write_text(json.dumps(results), encoding="utf-8")
    monkeypatch.setattr(
        sys, "argv", ["benchmarks", "--redraw", "--output", str(tmp_path)]
    )
    command.main()
    assert sorted(os.listdir(tmp_path)) == [
        *("bench.json", "bench.md", "bench.png", "bench.svg")
    ]
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert text == capsys.readouterr().out == report.tables(results) + "\n"
