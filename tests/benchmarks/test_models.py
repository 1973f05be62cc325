import pytest
import torch

from benchmarks import models
from benchmarks.models import best_in_turn
from benchmarks.models_report import tables
from benchmarks.models_sides import TINY, attached, like, plain_model, some_input
from peftdiff.models.device import Setting

SPEEDS = {"ours": 900.0, "plain": 200.0, "passes": 1000.0}


def results(**changes):
    found = {
        "size": {"images": 1000, "metric": "peftdiff"},
        "machine": {
            "processor": "some",
            "usable_cores": 2,
            "cores": 4,
            "memory_gib": 8,
            "system": "Linux",
            "load": 0.1,
            "blas": [],
            "python": "3.11",
            "packages": {"torch": "2"},
            "date": "2026-01-01",
            "git_revision": "abc",
        },
        "device": "cuda (some)",
        "precision": "bfloat16",
        "embedding": {"ours": 1000.0, "bare": 1000.0},
        "task_seconds": {"embedding": 10.0, "scoring": 2.0},
        "fine_tuning": {"lora": SPEEDS, "vpt": SPEEDS | {"ours": 500.0}},
        "forms": {"as it is": {"forward": 800.0, "forward and backward": 1200.0}},
    }
    return found | changes


def test_tables_hold_ratios_and_what_follows_from_them():
    text = tables(results())
    rows = [line.split("|")[3:5] for line in text.splitlines() if "| >=" in line]
    rows += [line.split("|")[3:5] for line in text.splitlines() if "| <=" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["1.00x", "met"],
        ["2.50x at least", "missed"],  # vpt: 500 / 200
        ["0.50x at least", "missed"],
        ["3.80 minutes", "met"],  # 19 * 12 / 60
    ]
    assert "tiny" not in text
    assert "| as it is        | 800     | 1,200 " in text
    # 19 * 100 * 960 images at 900 and at 500 a second; 2 x 387 904 at 1000.
    assert "takes 1.6 hours of fine-tuning" in text
    assert "and 0.2 hours for 387,904 test images" in text
    assert "scoring by peftdiff 0.63" in text


def test_tables_of_the_tiny_size_say_so():
    assert "mean nothing" in tables(results(size={"images": 60, "metric": "logme"}))


def test_sides_take_turns_and_the_first_round_does_not_count():
    turns = []

    def side(name, seconds):
        def work():
            turns.append(name)
            return seconds.pop(0)

        return work

    found = best_in_turn({"a": side("a", [0, 5, 4]), "b": side("b", [9, 2, 3])}, 2)
    assert turns == ["a", "b"] * 3
    assert found == {"a": 4, "b": 2}


def test_everything_is_measured_at_the_tiny_size(monkeypatch):
    monkeypatch.setattr(models, "POOL", ["lora", "noah"])
    found = models.run(TINY, Setting("cpu", "float32"))
    assert set(found["fine_tuning"]) == {"lora", "noah"}
    assert list(found["forms"]) == ["as it is", "channels-last", "compiled"]
    speeds = [found["embedding"], *found["forms"].values()]
    speeds += found["fine_tuning"].values()
    assert all(value > 0 for speed in speeds for value in speed.values())
    assert found["task_seconds"]["embedding"] > 0
    assert "mean nothing" in tables(found)


@pytest.mark.parametrize("method", models.POOL)
def test_every_method_fits_the_tiny_size(method):
    model = attached(TINY, method, classes=3)
    assert model(some_input(TINY, 2, Setting())).shape == (2, 3)


def test_input_takes_the_order_of_axes_of_the_model():
    model, x = plain_model(TINY), some_input(TINY, 2, Setting())
    assert like(model, x).is_contiguous()
    model.to(memory_format=torch.channels_last)
    assert like(model, x).is_contiguous(memory_format=torch.channels_last)
