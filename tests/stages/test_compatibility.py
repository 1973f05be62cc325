"""Whether a backbone of timm's goes with the rest is known before it is there."""

import pytest
import torch

from peftdiff.methods.presets import filled_in
from peftdiff.runtime import UserError
from peftdiff.stages import compatibility
from peftdiff.stages.compatibility import require_backbone
from tests.helpers.checkpoints import NAME, SIZE, save_safetensors, tiny
from tests.helpers.configuration import changed

NAMED = {"backbone__architecture": NAME, "backbone__image_size": SIZE}


def config(**changes):
    found = changed(**(NAMED | changes))
    return found | {"hyperparameters": filled_in(found["hyperparameters"])}


def test_what_fits_is_not_built(monkeypatch):
    made = []
    real = torch.nn.Parameter.__new__

    def parameter(cls, data=None, requires_grad=True):
        made.append(data.device.type)
        return real(cls, data, requires_grad)

    monkeypatch.setattr(torch.nn.Parameter, "__new__", parameter)
    require_backbone(config(hyperparameters__noah={}))
    assert set(made) == {"meta"}


def test_a_backbone_of_this_project_needs_no_such_check():
    require_backbone(changed(hyperparameters__lora={"rank": 999}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone__architecture": "vit_tinny_patch16_224"}, "did you mean"),
        ({"backbone__architecture": "resnet10t.c3_in1k"}, "no plain VisionTransformer"),
        (
            {"backbone__image_size": 40},
            "'backbone.image_size' is 40; it must be a mult",
        ),
        ({"hyperparameters__lora": {"rank": 65}}, "'hyperparameters.lora.rank' is 65"),
        (
            {"hyperparameters__noah__lora": [1, 2]},
            "has 2 sizes, but the backbone has 6",
        ),
        (
            {"noah__search": "full", "noah__levels__full__sizes": [1, 100]},
            "'noah.levels' has sizes up to 100",
        ),
        (
            {
                "backbone__architecture": "vit_giant_patch14_dinov2",
                "backbone__image_size": 28,
            },
            "'methods' has 'fact_tt', which does not go with the backbone",
        ),
    ],
)
def test_what_does_not_fit_is_a_sentence(changes, words):
    with pytest.raises(UserError) as caught:
        require_backbone(config(**changes))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_looked_into(tmp_path):
    path = save_safetensors(tiny(), tmp_path / "a.safetensors")
    require_backbone(config(backbone__weights=path))
    other = save_safetensors(tiny("test_vit2.r160_in1k"), tmp_path / "b.safetensors")
    with pytest.raises(UserError, match=r"'backbone\.weights'\) does not fit"):
        require_backbone(config(backbone__weights=other))


def test_what_fits_is_looked_at_once(monkeypatch, tmp_path):
    looked = []
    monkeypatch.setattr(compatibility, "require_backbone", looked.append)
    weights = tmp_path / "weights.npz"
    weights.write_bytes(b"1")
    same = changed(backbone__weights=str(weights))
    for _ in range(2):
        compatibility.require_backbone_once(same, tmp_path / "known")
    assert len(looked) == 1
    weights.write_bytes(b"22")
    compatibility.require_backbone_once(same, tmp_path / "known")
    other = changed(backbone__weights=str(weights), hyperparameters__lora={"rank": 3})
    compatibility.require_backbone_once(other, tmp_path / "known")
    assert len(looked) == 3


def test_what_does_not_fit_is_looked_at_again(monkeypatch, tmp_path):
    def refuse(config):
        raise UserError("it does not fit")

    monkeypatch.setattr(compatibility, "require_backbone", refuse)
    for _ in range(2):
        with pytest.raises(UserError, match="does not fit"):
            compatibility.require_backbone_once(changed(), tmp_path)
