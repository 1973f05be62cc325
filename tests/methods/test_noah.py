import pytest
import torch

from peftdiff.methods import attach, method_state


def sizes(model):
    """Return the sizes of the three modules that each block holds."""
    found = {"adapter": [], "lora": [], "prompts": []}
    for block in model.blocks:
        prompt = getattr(block, "prompt", None)
        found["prompts"].append(0 if prompt is None else len(prompt))
        inner = getattr(block, "base", block)
        adapter = getattr(inner.drop_path2, "adapter", None)
        found["adapter"].append(0 if adapter is None else len(adapter.down))
        delta = getattr(inner.attn.qkv, "delta", None)
        found["lora"].append(0 if delta is None else len(delta.A))
    return found


def test_the_preset_is_the_published_imagenet_subnet(vit):
    assert sizes(attach(vit(depth=6), "noah")) == {
        "adapter": [10, 10, 50, 0, 0, 0],
        "lora": [5, 10, 10, 0, 0, 0],
        "prompts": [5, 10, 10, 0, 0, 0],
    }


def test_given_sizes_override_the_preset(vit):
    model = attach(vit(), "noah", adapter=4, lora=[0, 3, 0, 1])
    assert sizes(model) == {
        "adapter": [4, 4, 4, 4],
        "lora": [0, 3, 0, 1],
        "prompts": [5, 10, 10, 0],
    }


def test_prompts_stay_where_a_later_layer_has_none(vit, images):
    counts = []
    model = attach(vit(depth=6), "noah", prompts=[0, 5, 0, 2, 0, 0])
    for block in model.blocks:
        inner = getattr(block, "base", block)
        inner.norm1.register_forward_hook(
            lambda *call: counts.append(call[1][0].shape[1])
        )
    assert model.forward_features(images).shape == (6, 17, 64)
    assert counts == [17, 22, 22, 19, 19, 19]


def test_the_model_is_the_three_methods_together(vit, perturb, images):
    model = perturb(attach(vit(), "noah", adapter=3, lora=2, prompts=4))
    plain = vit()
    x = plain._pos_embed(plain.patch_embed(images))
    for block, own in zip(plain.blocks, model.blocks, strict=True):
        with torch.no_grad():
            block.attn.qkv.weight += own.base.attn.qkv.delta.weight()
        prompt = own.prompt.expand(6, -1, -1)
        x = torch.cat((x[:, :1], prompt, x[:, 1:]), dim=1)
        x = x + block.attn(block.norm1(x))
        x = x + own.base.drop_path2.adapter(block.mlp(block.norm2(x)))
        x = torch.cat((x[:, :1], x[:, 5:]), dim=1)
    assert torch.allclose(model.forward_features(images), plain.norm(x), atol=1e-5)


def test_a_module_can_be_left_out(vit, images):
    plain = vit()
    model = attach(vit(), "noah", adapter=0, lora=3, prompts=0)
    assert torch.allclose(model(images), plain(images), atol=1e-6)
    names = method_state(model)
    assert len(names) == 8
    assert all(".delta." in name for name in names)


def test_prompts_start_as_noah_draws_them(vit):
    model = attach(vit(), "noah", prompts=[30, 0, 0, 0])
    prompt = model.blocks[0].prompt
    bound = (6 / (30 * 64 + 64)) ** 0.5
    assert bound * 0.99 < prompt.abs().max() <= bound


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "vtab"}, "unknown preset 'vtab'; the presets are: imagenet"),
        ({"lora": [1, 2]}, "'lora' has 2 sizes for the backbone's 4 layers"),
        ({"prompts": [1, 2, -1, 0]}, "prompts must be a whole number >= 0, got -1"),
        ({"adapter": -4}, "adapter must be a whole number >= 0, got -4"),
        ({"adapter": [1, 2, 3, "4"]}, "adapter must be a whole number >= 0, got '4'"),
    ],
)
def test_sizes_that_do_not_fit_raise(given, message, vit):
    with pytest.raises(ValueError, match=message):
        attach(vit(), "noah", **given)


def test_a_backbone_with_fewer_layers_than_the_preset_raises(vit):
    with pytest.raises(ValueError, match="3 sizes for the backbone's 2 layers"):
        attach(vit(depth=2), "noah")


def test_published_starts_are_had_by_name(vit):
    model = attach(vit(), "noah", adapter=0, lora=50, prompts=30, init="noah")
    delta = model.blocks[0].base.attn.qkv.delta
    for weight in (delta.A, delta.B):
        assert abs(weight.std() / (0.02 * 12**0.25) - 1) < 0.05
    prompt = model.blocks[0].prompt
    bound = (6 / (100 * 64 + 64)) ** 0.5
    assert bound * 0.99 < prompt.abs().max() <= bound
    with pytest.raises(ValueError, match="init must be one of zero, noah, got 'ones'"):
        attach(vit(), "noah", init="ones")
