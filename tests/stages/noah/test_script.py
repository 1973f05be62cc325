"""From images to NOAH at the sizes that were found, by the scripts of the rules."""

from dataclasses import replace

import pytest

import search_noah
import train_method
from peftdiff.data.images import write_images
from peftdiff.models import forward
from peftdiff.models.vit import build_backbone
from peftdiff.records import read_json
from peftdiff.stages import TrainingContext, embedding_models, start_model
from peftdiff.stages.plan import recipe_of
from peftdiff.stages.store import Run, read_models, write_models
from peftdiff.training import loop
from tests.helpers.search import LEVEL, NOAH

PIXELS = {"mean": 0.5, "std": 0.28}


@pytest.fixture
def given(tmp_path, architecture, images):
    """The files of the source and of a backbone, and what both scripts are told."""
    paths = f"{tmp_path}/source.safetensors", f"{tmp_path}/backbone.safetensors"
    source = {"train": (images.pixels, images.labels)}
    write_images(paths[0], source, images.class_names)
    state = build_backbone(architecture).state_dict()
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    write_models(paths[1], {0: Run("backbone", {}, weights)})
    context = TrainingContext.prepare(
        store=f"{tmp_path}/runs",
        retrain=False,
        device="cpu",
        precision="float32",
        normalization=PIXELS,
    )
    return paths, {"architecture": architecture, "context": context}


def test_noah_is_trained_at_the_sizes_that_were_found(given, tmp_path):
    paths, told = given
    found, model = f"{tmp_path}/noah_sizes.json", f"{tmp_path}/noah.safetensors"
    own = {"adapter": 4, "lora": 2, "prompts": 2, "dropout": 0.1}
    search_noah.main(*paths, found, noah=NOAH, hyperparameters=own, **told)
    record = read_json(found)
    sizes = record["sizes"]
    assert record["held_out_images"] == 24
    assert set(sizes["lora"]) <= {0, 1, 2, 5}
    train_method.main(
        *paths,
        model,
        sizes_path=found,
        method="noah",
        hyperparameters=own,
        recipe=replace(recipe_of(LEVEL), epochs=1),
        seeds=[0, 1],
        **told,
    )
    (backbone,), trained = read_models(paths[1]).values(), read_models(model)
    models = embedding_models(
        told["architecture"],
        backbone=backbone,
        hyperparameters={"noah": own | sizes},
        trained={"noah": trained},
    )
    assert list(map(str, models)) == ["backbone", "noah/0", "noah/1"]
    count = sum(array.size for array in trained[0].weights.values())
    assert count == record["parameters"]
    # The found model starts anew: no weight is the supernet's.
    plain = start_model(told["architecture"], backbone.weights)
    assert not trained[0].weights.keys() & dict(plain.named_parameters()).keys()


def test_the_same_search_is_remembered(given, tmp_path, monkeypatch):
    paths, told = given
    found = [f"{tmp_path}/{name}.json" for name in ("one", "two")]
    made = {"noah": NOAH, "hyperparameters": {}}
    search_noah.main(*paths, found[0], **made, **told)
    monkeypatch.setattr(loop, "fit", None)
    monkeypatch.setattr(forward, "accuracy", None)
    search_noah.main(*paths, found[1], **made, **told)
    one, two = map(read_json, found)
    assert one == two
    assert 0 <= one["accuracy"] <= 100
