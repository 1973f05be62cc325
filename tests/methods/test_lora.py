import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from peftdiff.methods import attach, attachments, merge


class LowRankSum(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = a, b

    def forward(self, weight):
        return weight + self.b @ self.a


def test_the_model_is_that_with_changed_qkv_weights(vit, perturb, images):
    model = perturb(attach(vit(), "lora", rank=3))
    oracle = vit()
    for block, lora in zip(oracle.blocks, model.blocks, strict=True):
        delta = lora.attn.qkv.delta
        assert delta.A.shape == (3, 64)
        assert delta.B.shape == (192, 3)
        change = LowRankSum(delta.A, delta.B)
        parametrize.register_parametrization(block.attn.qkv, "weight", change)
    assert torch.allclose(model(images), oracle(images), atol=1e-5)
    for block in oracle.blocks:
        parametrize.remove_parametrizations(block.attn.qkv, "weight")
    merged = merge(model).state_dict()
    for name, tensor in oracle.state_dict().items():
        assert torch.allclose(merged[name], tensor, atol=1e-6), name


def test_the_change_has_the_rank(vit, perturb):
    model = perturb(attach(vit(), "lora", rank=3))
    change = model.blocks[0].attn.qkv.delta.weight()
    assert torch.linalg.matrix_rank(change) == 3


def test_dropout_drops_inputs(vit, perturb):
    layer = perturb(attach(vit(), "lora", dropout=0.5)).blocks[0].attn.qkv.train()
    x = torch.zeros(400, 64)
    x[:, 5] = 1.0
    change = layer(x) - layer.base(x)
    kept = change.abs().amax(dim=1) > 0
    assert 150 < kept.sum() < 250
    assert torch.allclose(change[kept], 2 * layer.delta.weight()[:, 5], atol=1e-5)


def test_starts(vit):
    zero, noah = (
        attach(vit(), "lora", rank=100, init=init).blocks[0].attn.qkv.delta
        for init in ("zero", "noah")
    )
    assert not zero.B.any()
    assert zero.A.abs().max() <= 1 / 8
    assert abs(zero.A.std() * 8 * 3**0.5 - 1) < 0.05
    for weight in (noah.A, noah.B):
        assert abs(weight.std() / (0.02 * 12**0.25) - 1) < 0.05


def test_an_unknown_start_raises(vit):
    with pytest.raises(ValueError, match="init must be one of zero, noah, got 'ones'"):
        attach(vit(), "lora", init="ones")


def test_layers_fold_in_training_up_to_a_width(vit, perturb, images, monkeypatch):
    model = perturb(attach(vit(), "lora"))
    layer = model.blocks[0].attn.qkv
    assert layer.folds
    folded = model(images)
    monkeypatch.setattr(attachments, "FOLDING_WIDTH", 63)
    assert not layer.folds
    assert torch.allclose(model(images), folded, atol=1e-5)
    with torch.no_grad():
        assert layer.folds
    layer.delta.dropout.p = 0.1
    with torch.no_grad():
        assert layer.folds  # in evaluation there is no dropout
        model.train()
        assert not layer.folds
