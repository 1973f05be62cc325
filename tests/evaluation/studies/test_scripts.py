"""The scripts of the studies, one after the other, on tiny inputs."""

import pandas as pd
import pytest

import ablate_score
import compare_choices
import correlate_choices
import correlate_grid
import draw_figure
import search_grid
from peftdiff.records import read_table, write_arrays, write_table

PARAMETERS = {"neighbors": 6, "components": 4, "diffusion_time": 2}
AXES = {"diffusion_times": [1, 2], "neighbors": [4, 6], "components": [2, 4]}
METHODS = ["lora", "vpt"]
TASKS = ("digits", "land")
CONFIGURED = {
    "tasks": {"digits": "natural", "land": "specialized"},
    "methods": METHODS,
}


@pytest.fixture
def folder(tmp_path, embeddings, make):
    """A folder with the embeddings of two tasks and their accuracies."""
    features, labels = embeddings
    for sign, task in zip((1, -1), TASKS, strict=True):
        arrays = {str(model): (x + sign).astype("f4") for model, x in features.items()}
        path = tmp_path / f"{task}.safetensors"
        write_arrays(path, {**arrays, "labels": labels}, {})
    write_table(tmp_path / "truth.csv", make.truth(TASKS, METHODS))
    return tmp_path


def test_the_grid_from_embeddings_to_figures(folder):
    parts = []
    for task in TASKS:
        parts.append(f"{folder}/grid_components_{task}.csv")
        search_grid.main(
            f"{folder}/{task}.safetensors",
            parts[-1],
            experiment="test",
            task=task,
            axes=AXES,
            peftdiff=PARAMETERS,
        )
    grid, choice = f"{folder}/grid.csv", f"{folder}/grid_choice.csv"
    correlate_grid.main(
        *(parts, f"{folder}/truth.csv", grid, choice),
        **CONFIGURED,
        peftdiff=PARAMETERS,
    )
    assert len(read_table(parts[0])) == 5 * 8
    assert len(read_table(grid)) == 2 * 8
    chosen = read_table(choice).set_index(["choice", "task"])
    assert len(chosen) == 4 * 2
    assert tuple(chosen.loc[("default", "land")].iloc[1:4]) == (2, 6, 4)
    for name in ("grid_curves", "grid_maps"):
        sources = {"grid": grid, "grid_choice": choice}
        draw_figure.main(sources, [f"{folder}/{name}.svg"], name=name)
        assert (folder / f"{name}.svg").stat().st_size > 5000


def test_choices_from_embeddings_to_figures(folder):
    parts = []
    for task in TASKS:
        parts.append(f"{folder}/choices_{task}.csv")
        compare_choices.main(
            f"{folder}/{task}.safetensors",
            parts[-1],
            experiment="test",
            task=task,
            peftdiff=PARAMETERS,
            start_seeds=[0, 1],
        )
    choices = f"{folder}/choices.csv"
    correlate_choices.main(parts, f"{folder}/truth.csv", choices, **CONFIGURED)
    table = read_table(choices)
    assert len(table) == 2 * (1 + 8 + 4 + 2)
    assert set(table["experiment"]) == {"test"}
    for name in ("choices", "start_seeds"):
        draw_figure.main({"choices": choices}, [f"{folder}/{name}.svg"], name=name)
        assert (folder / f"{name}.svg").stat().st_size > 5000


def test_ablation_from_components_to_a_figure(folder, make):
    components = make.components(TASKS)
    components = components[components["model"].isin([*METHODS, "backbone"])]
    write_table(folder / "components.csv", components)
    names = ("components", "truth", "ablation")
    ablate_score.main(*(f"{folder}/{name}.csv" for name in names), **CONFIGURED)
    table = pd.read_csv(folder / "ablation.csv")
    assert list(table["variant"]) == ["intra_only", "inter_only", "combined"] * 2
    sources = {"ablation": f"{folder}/ablation.csv"}
    draw_figure.main(sources, [f"{folder}/ablation.svg"], name="ablation")
    assert (folder / "ablation.svg").stat().st_size > 5000
