import pytest
import torch
from torch.nn import functional as F

from peftdiff.methods import attach, convpass, trainable_parameters


def brute_force(bypass, x):
    """Compute s C(x) token by token, from the formula."""

    def activate(z):
        return z * torch.sigmoid(1.702 * z)

    rows, columns = bypass.grid
    hidden = activate(x @ bypass.down.T + bypass.down_bias)
    prefix, patches = hidden[:, : bypass.prefix], hidden[:, bypass.prefix :]
    tokens = []
    for k in range(prefix.shape[1]):
        image = prefix[:, k, :, None, None]
        image = F.conv2d(image, bypass.conv, bypass.conv_bias, padding=1)
        tokens.append(image[:, :, 0, 0])
    for row in range(rows):
        for column in range(columns):
            total = bypass.conv_bias.expand(len(x), -1)
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    r, c = row + down, column + right
                    if 0 <= r < rows and 0 <= c < columns:
                        tap = bypass.conv[:, :, down + 1, right + 1]
                        total = total + patches[:, r * columns + c] @ tap.T
            tokens.append(total)
    hidden = activate(torch.stack(tokens, dim=1))
    return bypass.scale * (hidden @ bypass.up.T + bypass.up_bias)


@pytest.mark.parametrize("small_grid", [0, 1000])
@pytest.mark.parametrize(
    "architecture",
    [
        {},
        {"img_size": (24, 48)},
        {"reg_tokens": 2},
        {"class_token": False, "global_pool": "avg"},
    ],
    ids=str,
)
def test_a_bypass_is_its_formula(architecture, small_grid, vit, perturb, monkeypatch):
    monkeypatch.setattr(convpass, "SMALL_GRID", small_grid)
    model = attach(vit(**architecture), "convpass", hidden=3, scale=0.7)
    bypass = perturb(model).blocks[1].mlp.bypass
    assert (bypass.taps is None) == (small_grid == 0)
    tokens = bypass.prefix + bypass.grid[0] * bypass.grid[1]
    x = torch.randn(2, tokens, 64)
    assert torch.allclose(bypass(x), brute_force(bypass, x), atol=1e-5)


def test_a_block_adds_both_bypasses_to_its_branches(vit, perturb):
    plain = vit(init_values=0.5).blocks[0]
    model = perturb(attach(vit(init_values=0.5), "convpass", conv_init="xavier"))
    block = model.blocks[0]
    x = torch.randn(2, 17, 64)
    y = plain.norm1(x)
    x_attn = x + plain.ls1(plain.attn(y)) + block.attn.bypass(y)
    y = plain.norm2(x_attn)
    expected = x_attn + plain.ls2(plain.mlp(y)) + block.mlp.bypass(y)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_attention_alone_has_the_bypass_of_convpass_attn(vit):
    model = attach(vit(), "convpass_attn")
    full = attach(vit(), "convpass")
    assert 2 * trainable_parameters(model) == trainable_parameters(full)
    for block in model.blocks:
        assert isinstance(block.attn.bypass, convpass.ConvBypass)
        assert not hasattr(block.mlp, "bypass")


def test_branch_and_bypass_are_dropped_independently(vit, perturb):
    model = perturb(attach(vit(drop_path_rate=0.5), "convpass"))
    site = model.blocks[3].mlp
    x = torch.randn(17, 64).expand(400, -1, -1)
    branch, bypass = 2 * site.base(x[:1]), 2 * site.bypass(x[:1])
    out = site.train()(x)
    seen = torch.zeros(2, 2)
    for a in (0, 1):
        for b in (0, 1):
            expected = a * branch + b * bypass
            seen[a, b] = (out - expected).abs().amax(dim=(1, 2)).lt(1e-4).sum()
    assert seen.sum() == 400
    assert seen.min() > 50


def test_starts(vit):
    identity = attach(vit(), "convpass").blocks[0].attn.bypass
    kernel = torch.zeros(8, 8, 3, 3)
    kernel[range(8), range(8), 1, 1] = 1
    assert torch.equal(identity.conv, kernel)
    xavier = attach(vit(), "convpass_attn", hidden=20).blocks[0].attn.bypass
    bound = (6 / (40 * 9)) ** 0.5
    assert bound * 0.98 < xavier.conv.abs().max() <= bound
    bound = (6 / 84) ** 0.5
    assert bound * 0.98 < xavier.down.abs().max() <= bound
    for bypass in (identity, xavier):
        assert not bypass.up.any()
        for bias in (bypass.down_bias, bypass.conv_bias, bypass.up_bias):
            assert not bias.any()


def test_an_unknown_start_raises(vit):
    with pytest.raises(ValueError, match="one of identity, xavier, got 'dirac'"):
        attach(vit(), "convpass", conv_init="dirac")


def test_patches_that_form_no_grid_raise(vit):
    model = attach(vit(patch_drop_rate=0.5), "convpass").train()
    with pytest.raises(ValueError, match=r"needs the 17 tokens .* got 9; use images"):
        model(torch.zeros(2, 3, 32, 32))
