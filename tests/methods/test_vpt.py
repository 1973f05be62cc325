import math

import pytest
import torch

from peftdiff.methods import attach, method_state


def token_counts(model, images):
    """Return how many tokens enter attention in each block."""
    counts = []
    for block in model.blocks:
        inner = getattr(block, "base", block)
        inner.norm1.register_forward_hook(
            lambda *call: counts.append(call[1][0].shape[1])
        )
    model(images)
    return counts


def embed(model, images):
    return model.norm_pre(model._pos_embed(model.patch_embed(images)))


def test_deep_prompts_are_replaced_before_every_block(vit, images):
    model = attach(vit(), "vpt", prompts=3)
    plain = vit()
    x = embed(plain, images)
    for block, prompted in zip(plain.blocks, model.blocks, strict=True):
        prompt = prompted.prompt.expand(6, -1, -1)
        x = block(torch.cat((x[:, :1], prompt, x[:, 1:]), dim=1))
        x = torch.cat((x[:, :1], x[:, 4:]), dim=1)
    assert torch.allclose(model.forward_features(images), plain.norm(x), atol=1e-5)
    assert token_counts(model, images) == [20] * 4


def test_shallow_prompts_are_added_once_and_stay(vit, images):
    model = attach(vit(), "vpt", prompts=3, deep=False)
    plain = vit()
    x = embed(plain, images)
    prompt = model.blocks[0].prompt.expand(6, -1, -1)
    x = plain.blocks(torch.cat((x[:, :1], prompt, x[:, 1:]), dim=1))
    x = plain.norm(torch.cat((x[:, :1], x[:, 4:]), dim=1))
    assert torch.allclose(model.forward_features(images), x, atol=1e-5)
    assert token_counts(model, images) == [20] * 4
    assert len(method_state(model)) == 1


@pytest.mark.parametrize("deep", [True, False])
def test_the_place_among_the_tokens_does_not_matter(deep, vit, images):
    model = attach(vit(), "vpt", deep=deep)
    before = model(images)
    with torch.no_grad():
        for parameter in method_state(model):
            prompt = model.get_parameter(parameter)
            prompt.copy_(prompt.flip(0))
    assert torch.allclose(model(images), before, atol=1e-5)


def test_one_block_takes_and_removes_prompts(vit, images):
    model = attach(vit(depth=1), "vpt", prompts=2)
    assert token_counts(model, images) == [19]
    assert model.forward_features(images).shape == (6, 17, 64)


def test_the_start_is_uniform_up_to_the_published_bound(vit):
    generator = torch.Generator().manual_seed(0)
    model = attach(vit(), "vpt", generator=generator, prompts=50)
    bound = math.sqrt(6 / (3 * 8 * 8 + 64))
    prompt = torch.stack(list(method_state(model).values()))
    assert bound * 0.99 < prompt.abs().max() <= bound
    assert abs(prompt.std() / (bound / math.sqrt(3)) - 1) < 0.02


def test_dropout_is_drawn_for_each_image(vit):
    model = attach(vit(), "vpt", prompts=2, dropout=0.5).train()
    images = torch.ones(2, 3, 32, 32)
    first, second = model.forward_features(images)
    assert not torch.allclose(first, second, atol=1e-4)
