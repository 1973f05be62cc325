"""The tables of ``benchmarks.models``, from its results alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.report import describe_machine, markdown

Results = Mapping[str, Any]

TASKS = 19  # in VTAB-1k
TEST_IMAGES = 387_904  # in all tasks together
EPOCHS, TRAIN_IMAGES = 100, 960  # in the paper's fine-tuning; full batches of 64
POSTER_MINUTES = 55.44  # of scoring, according to the poster
EMBED, PLAIN, PASSES, MINUTES = 0.95, 3.0, 0.9, 5.0  # targets


def tables(results: Results) -> str:
    """Return the results as Markdown: machine, targets, speeds, an extrapolation."""
    device = f"Models on {results['device']}, {results['precision']}."
    if results["size"]["images"] < 1000:
        device += " This is the tiny size: its numbers mean nothing."
    targets = markdown(("what", "target", "measured", ""), list(_targets(results)))
    speeds = markdown(("images a second", *SIDES), list(_speeds(results)))
    return "\n\n".join(
        [
            describe_machine(results["machine"]),
            device,
            f"## Targets\n\n{targets}",
            "## Fine-tuning\n\nOurs beside a plain float32 loop over a DataLoader, and "
            f"the forward and backward passes alone.\n\n{speeds}",
            f"## Other forms of a model\n\n{_forms(results)}",
            f"## All of VTAB-1k, extrapolated\n\n{_extrapolated(results)}",
        ]
    )


SIDES = ("ours", "plain", "passes")


def _targets(results: Results) -> Iterator[list[str]]:
    speed = results["embedding"]
    ratio = speed["ours"] / speed["bare"]
    what = f"embedding ({speed['ours']:,.0f} images a second)"
    yield [what, f">= {EMBED} x timm alone", f"{ratio:.2f}x", _met(ratio >= EMBED)]
    of_plain = _least(results, "plain")
    target = f">= {PLAIN:g} x a plain loop"
    yield ["fine-tuning", target, f"{of_plain:.2f}x at least", _met(of_plain >= PLAIN)]
    of_passes = _least(results, "passes")
    target = f">= {PASSES} x the passes alone"
    yield ["", target, f"{of_passes:.2f}x at least", _met(of_passes >= PASSES)]
    minutes = TASKS * sum(results["task_seconds"].values()) / 60
    what = f"embed and score {TASKS} tasks x 10 models"
    met = _met(minutes <= MINUTES)
    yield [what, f"<= {MINUTES:g} minutes", f"{minutes:.2f} minutes", met]


def _speeds(results: Results) -> Iterator[list[str]]:
    for method, speed in results["fine_tuning"].items():
        yield [method, *(f"{speed[side]:,.0f}" for side in SIDES)]


def _forms(results: Results) -> str:
    header = ("images a second", "forward", "forward and backward")
    rows = [
        [form, *(f"{speed[passes]:,.0f}" for passes in header[1:])]
        for form, speed in results["forms"].items()
    ]
    return (
        "The passes alone, forward of timm's model and forward and backward of LoRA's, "
        "with the same model channels-last, or compiled. Jobs take it as it is.\n\n"
        f"{markdown(header, rows)}"
    )


def _extrapolated(results: Results) -> str:
    task = results["task_seconds"]
    images = TASKS * EPOCHS * TRAIN_IMAGES
    speeds = [speed["ours"] for speed in results["fine_tuning"].values()]
    training = sum(images / speed for speed in speeds) / 3600
    testing = len(speeds) * TEST_IMAGES / results["embedding"]["ours"] / 3600
    minutes = {what: TASKS * seconds / 60 for what, seconds in task.items()}
    return (
        f"Embedding takes {minutes['embedding']:.2f} minutes and scoring by "
        f"{results['size']['metric']} {minutes['scoring']:.2f} (the poster: "
        f"{POSTER_MINUTES} together). One seed of the ground truth takes "
        f"{training:.1f} hours of fine-tuning ({len(speeds)} methods, {EPOCHS} epochs "
        f"on {TRAIN_IMAGES} images of each task) and {testing:.1f} hours for "
        f"{TEST_IMAGES:,} test images, decoding not counted."
    )


def _least(results: Results, side: str) -> float:
    """Return the speed-up over another side, of the method with the least."""
    speeds = results["fine_tuning"].values()
    least: float = min(speed["ours"] / speed[side] for speed in speeds)
    return least


def _met(met: bool) -> str:
    return "met" if met else "missed"
