import torch

from peftdiff.methods import attach
from peftdiff.methods.adapter import quick_gelu
from peftdiff.methods.initial import bottleneck_std


def test_quick_gelu_is_its_formula():
    x = torch.linspace(-6, 6, 50, dtype=torch.float64)
    assert torch.allclose(quick_gelu(x), x / (1 + torch.exp(-1.702 * x)), atol=1e-12)


def test_a_block_adds_the_adapter_of_the_mlp_branch(vit, perturb):
    plain = vit().blocks[0]
    model = perturb(attach(vit(), "adapter", hidden=3))
    adapter = model.blocks[0].drop_path2.adapter
    x = torch.randn(2, 17, 64)
    x_attn = x + plain.attn(plain.norm1(x))
    z = plain.mlp(plain.norm2(x_attn))
    inner = z @ adapter.down.T + adapter.down_bias
    inner = inner * torch.sigmoid(1.702 * inner)
    expected = x_attn + z + inner @ adapter.up.T + adapter.up_bias
    assert torch.allclose(model.blocks[0](x), expected, atol=1e-5)


def test_the_adapter_outlives_a_dropped_branch(vit, perturb):
    model = perturb(attach(vit(drop_path_rate=0.8), "adapter"))
    branch = model.blocks[3].drop_path2.train()
    adapter = branch.adapter.eval()
    out = branch(torch.ones(200, 1, 64))
    dropped = (out - adapter(torch.zeros(1, 64))).abs().amax(dim=(1, 2)) < 1e-5
    assert 130 < dropped.sum() < 190


def test_the_start_is_normal_and_keeps_its_effect_at_every_width(vit):
    assert bottleneck_std(768) == 0.02
    generator = torch.Generator().manual_seed(0)
    model = attach(vit(), "adapter", generator=generator, hidden=200)
    for block in model.blocks:
        for weight in (block.drop_path2.adapter.down, block.drop_path2.adapter.up):
            assert abs(weight.std() / (0.02 * 12**0.25) - 1) < 0.03
        assert not block.drop_path2.adapter.up_bias.any()
    # The change of a feature has variance hidden D std^4: the same at 64 as at 768.
    assert abs(64 * bottleneck_std(64) ** 4 / (768 * 0.02**4) - 1) < 1e-12
