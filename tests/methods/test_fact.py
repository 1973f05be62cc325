import pytest
import torch

from peftdiff.methods import attach, attachments, merge

# Site, slots (out, in), first slot in its layer of twelve.
LAYOUT = [
    ("attn.qkv", (3, 1), 0),
    ("attn.proj", (1, 1), 3),
    ("mlp.fc1", (4, 1), 4),
    ("mlp.fc2", (1, 4), 8),
]
D, SCALE = 64, 0.5

FORMS = [
    ("fact_tt", {}),
    ("fact_tk", {"mlp": "published"}),
    ("fact_tk", {"mlp": "paper"}),
]
both_forms = pytest.mark.parametrize("form", FORMS, ids=str)


def attached(model, form, **sizes):
    method, options = form
    return attach(model, method, **sizes, **options)


@pytest.fixture
def model(form, vit, perturb):
    return perturb(attached(vit(), form, rank=5, scale=SCALE))


def core(model, form, layer, site, first, slot, counts):
    """Return S_j in the paper's orientation: a row vector times S_j."""
    method, options = form
    if method == "fact_tt":
        cores = model.blocks[layer].get_submodule(site).delta.S
        return cores[slot % counts[0], slot // counts[0]].T
    shared = model.shared_factors
    of_layer = 12 * layer + first
    number = counts[0] * counts[1]
    cores = [
        sum(shared.C[:, :, k] * shared.P[k, of_layer + j] for k in range(5))
        for j in range(number)
    ]
    mixed = cores[slot]
    if options["mlp"] == "published" and site.startswith("mlp."):
        mixed = torch.empty(5, 5)
        for a in range(5):
            for p in range(5):
                place = slot * 5 + p  # in a row of r x slots numbers, read as slots x r
                mixed[a, p] = cores[place % number][a, place // number]
    return mixed.T if site == "mlp.fc2" else mixed


@both_forms
@pytest.mark.parametrize(("site", "counts", "first"), LAYOUT)
def test_every_slot_changes_by_the_product_of_its_factors(
    model, form, site, counts, first
):
    shared = model.shared_factors
    u, v = shared.U.T, shared.V.T  # (D, r) and (r, D), for row vectors
    for layer, block in enumerate(model.blocks):
        change = block.get_submodule(site).delta.weight()
        assert change.shape == (counts[0] * D, counts[1] * D)
        for slot in range(counts[0] * counts[1]):
            s = core(model, form, layer, site, first, slot, counts)
            expected = SCALE * u @ s @ v
            row, column = slot % counts[0] * D, slot // counts[0] * D
            part = change[row : row + D, column : column + D]
            assert torch.allclose(part.T, expected, atol=1e-6)
            assert expected.abs().max() > 1e-4


@both_forms
@pytest.mark.parametrize(("site", "counts", "first"), LAYOUT)
def test_applied_and_folded_agree(model, site, counts, first, monkeypatch):
    layer = model.blocks[2].get_submodule(site)
    x = torch.randn(3, 7, counts[1] * D)
    folded = layer(x)
    monkeypatch.setattr(attachments, "FOLDING_WIDTH", 1)
    assert torch.allclose(layer(x), folded, atol=1e-5)


@both_forms
def test_the_rest_of_the_model_is_the_backbone(model, vit, images):
    oracle = vit()
    with torch.no_grad():
        for plain, block in zip(oracle.blocks, model.blocks, strict=True):
            for site, _, _ in LAYOUT:
                layer = plain.get_submodule(site)
                layer.weight += block.get_submodule(site).delta.weight()
    expected = oracle(images)
    assert torch.allclose(model(images), expected, atol=1e-5)
    assert torch.allclose(merge(model)(images), expected, atol=1e-5)


@both_forms
def test_dropout_acts_between_cores_and_v(form, vit, perturb):
    model = perturb(attached(vit(), form, rank=1, dropout=0.5))
    layer = model.blocks[0].attn.qkv.train()
    change = layer(torch.ones(500, D)) - layer.base(torch.ones(500, D))
    full = 2 * layer.delta.weight().sum(dim=1)
    # With one rank, each of query, key and value is kept or dropped as a whole.
    kept = change.unflatten(1, (3, D)).abs().amax(dim=2) > 0
    assert torch.allclose(change, kept.repeat_interleave(D, dim=1) * full, atol=1e-5)
    patterns, counts = kept.unique(dim=0, return_counts=True)
    assert len(patterns) == 8
    assert counts.min() > 20


@both_forms
def test_factors_are_registered_once(model):
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    assert [name for name in names if name.endswith(".U")] == ["shared_factors.U"]


def test_starts(vit):
    tt = attach(vit(), "fact_tt", rank=16)
    tk = attach(vit(), "fact_tk", rank=16)
    block = tt.blocks[0]
    for values, bound in (
        (tt.shared_factors.U, 1 / 8),
        (tk.shared_factors.U, 1 / 8),
        (block.attn.qkv.delta.S, 1 / 4),
        (block.mlp.fc1.delta.S, 1 / 4),
        (block.mlp.fc2.delta.S, 1 / 8),
        (tk.shared_factors.C, (6 / (32 * 16)) ** 0.5),
        (tk.shared_factors.P, (6 / (16 + 48)) ** 0.5),
    ):
        assert bound * 0.97 < values.abs().max() <= bound
    assert not tt.shared_factors.V.any()
    assert not tk.shared_factors.V.any()


@both_forms
def test_layers_that_are_no_multiple_of_the_width_raise(form, vit):
    with pytest.raises(ValueError, match=r"width 64; layer 'mlp\.fc1' of 96 x 64"):
        attached(vit(mlp_ratio=1.5), form)


@both_forms
def test_a_missing_layer_raises(form, vit):
    model = vit()
    for block in model.blocks:
        block.mlp = torch.nn.Identity()
    with pytest.raises(ValueError, match=r"no linear layer 'mlp\.fc1'"):
        attached(model, form)
