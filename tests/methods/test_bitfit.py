import torch

from peftdiff.methods import attach, method_state


def test_every_bias_trains_and_nothing_else(vit):
    model = vit()
    expected = {name for name, _ in model.named_parameters() if "bias" in name}
    assert "patch_embed.proj.bias" in expected
    assert "norm.bias" in expected
    assert method_state(attach(model, "bitfit")).keys() == expected - {"head.bias"}


def test_a_key_bias_has_no_gradient(vit, images):
    model = attach(vit().double(), "bitfit")
    model(images.double()).square().sum().backward()
    for block in model.blocks:
        query, key, value = block.attn.qkv.bias.grad.chunk(3)
        assert key.abs().max() < 1e-12 * query.abs().max()
        assert value.abs().max() > 0
        assert torch.isfinite(query).all()
