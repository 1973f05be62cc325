"""Every entry of METHODS meets the same expectations on a small vision transformer."""

import copy

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.models.deit import VisionTransformerDistilled
from torch.nn import functional as F

from peftdiff.methods import (
    METHODS,
    attach,
    hyperparameters,
    load_method_state,
    merge,
    method_state,
    trainable_parameters,
)
from tests.helpers.attaching import (
    DRAWN,
    MERGEABLE,
    STARTS_ELSEWHERE,
    UNFREEZES,
    attached,
    every_method,
)


def head_of(model):
    return set(model.get_classifier().parameters())


def train(model, images, steps=2):
    """Take Adam steps, without weight decay: what has no gradient does not move."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=1e-2)
    labels = torch.arange(len(images)) % 5
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()


# -- shape and start ------------------------------------------------------------------


@every_method
def test_shapes_of_logits_and_features(method, vit, images):
    model = attached(vit(), method)
    assert model(images).shape == (6, 5)
    features = model.forward_features(images)
    assert features.shape == (6, 17, 64)
    assert model.forward_head(features, pre_logits=True).shape == (6, 64)


@every_method
def test_the_model_starts_as_the_backbone_or_not(method, vit, images):
    model = vit()
    before = model(images)
    change = (attached(model, method)(images) - before).abs().max()
    if method in STARTS_ELSEWHERE:
        assert change > 1e-3
    else:
        assert change <= 1e-6


@pytest.mark.parametrize("method", DRAWN)
def test_the_seed_decides_the_start(method, vit):
    first, same, other = (
        method_state(attached(vit(), method, seed)) for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@every_method
def test_a_generator_leaves_the_default_one_alone(method, vit):
    model = vit()
    state = torch.get_rng_state()
    attached(model, method)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("method", DRAWN)
def test_without_a_generator_the_default_one_decides(method, vit):
    model, other = vit(), vit()
    torch.manual_seed(5)
    first = method_state(attach(model, method))
    torch.manual_seed(5)
    second = method_state(attach(other, method))
    assert all(torch.equal(first[name], second[name]) for name in first)


@every_method
def test_the_mode_of_the_model_is_kept(method, vit):
    for training in (True, False):
        model = attached(vit().train(training), method)
        assert {module.training for module in model.modules()} == {training}


# -- what trains ----------------------------------------------------------------------


@every_method
def test_own_parameters_and_head_train_and_all_move(method, vit, images):
    model = vit()
    backbone = set(model.parameters())
    attached(model, method)
    before = {p: p.detach().clone() for p in model.parameters()}
    train(model, images)
    for name, parameter in model.named_parameters():
        own = parameter not in backbone or parameter in head_of(model)
        if method in UNFREEZES:
            own = own or method == "full" or "bias" in name
        assert parameter.requires_grad == own, name
        if not own:
            assert torch.equal(parameter, before[parameter]), name
        elif name.endswith("qkv.bias"):
            query, _, value = (parameter != before[parameter]).chunk(3)
            assert query.any(), name
            assert value.any(), name
        else:
            assert not torch.equal(parameter, before[parameter]), name


@every_method
def test_gradients_reach_every_trained_tensor(method, vit, perturb, images):
    model = perturb(attached(vit(), method))
    F.cross_entropy(model(images), torch.arange(6) % 5).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
        else:
            assert parameter.grad is None, name


@pytest.mark.parametrize(
    ("method", "sizes", "count"),
    [
        ("adapter", {}, 156_768),
        ("lora", {}, 294_912),
        ("vpt", {"prompts": 1}, 9_216),
        ("vpt", {}, 92_160),
        ("vpt", {"prompts": 100, "deep": False}, 76_800),
        ("bitfit", {}, 102_912),
        ("convpass", {}, 327_552),
        ("convpass_attn", {}, 163_776),
        ("fact_tt", {"rank": 4}, 8_448),
        ("fact_tt", {"rank": 8}, 21_504),
        ("fact_tt", {}, 61_440),
        ("fact_tk", {"rank": 16}, 30_976),
        ("fact_tk", {}, 86_528),
        ("noah", {}, 205_894),
        ("linear", {}, 0),
        ("full", {}, 85_798_656),
    ],
)
def test_published_counts_on_vit_b16(method, sizes, count):
    with torch.device("meta"):
        model = timm.create_model("vit_base_patch16_224", num_classes=1000)
    attach(model, method, **sizes)
    assert trainable_parameters(model) == count
    assert sum(tensor.numel() for tensor in method_state(model).values()) == count


@pytest.mark.parametrize(
    ("method", "count"),
    [
        ("adapter", 4_384),
        ("lora", 4_096),
        ("vpt", 1_024),
        ("bitfit", 2_944),
        ("convpass", 13_440),
        ("convpass_attn", 6_720),
        ("fact_tt", 4_096),
        ("fact_tk", 3_840),
        ("noah", 4_880),
        ("linear", 0),
    ],
)
def test_counts_of_the_embedded_experiment(method, count, vit):
    model = attached(vit(), method)
    assert trainable_parameters(model) == count
    model.reset_classifier(7)
    assert trainable_parameters(model) == count


# -- saving, loading, merging, copying ------------------------------------------------


@every_method
def test_a_saved_state_gives_the_same_model(method, vit, perturb, images, tmp_path):
    model = perturb(attached(vit(), method))
    save_file(method_state(model), tmp_path / "weights.safetensors")
    other = attached(vit(), method, seed=1)
    load_method_state(other, load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(other(images), model(images))


@every_method
def test_the_state_holds_the_method_alone(method, vit):
    model = vit()
    backbone = dict(model.named_parameters())
    state = method_state(attached(model, method))
    assert not any(name.startswith("head") for name in state)
    if method not in UNFREEZES:
        assert not state.keys() & backbone.keys()
    assert sum(t.numel() for t in state.values()) == trainable_parameters(model)


def test_a_state_is_a_copy(vit, perturb):
    model = attached(vit(), "lora")
    state = method_state(model)
    perturb(model)
    assert not torch.equal(
        state["blocks.0.attn.qkv.delta.A"],
        method_state(model)["blocks.0.attn.qkv.delta.A"],
    )


def test_a_state_outlasts_freezing(vit):
    model = attached(vit(), "lora")
    names = method_state(model).keys()
    model.requires_grad_(False)
    assert method_state(model).keys() == names


@pytest.mark.parametrize("method", [slug for slug in METHODS if slug != "linear"])
def test_a_state_that_does_not_fit_raises_and_changes_nothing(method, vit):
    model = attached(vit(), method)
    state = method_state(model)
    name = next(iter(state))
    longer = {k: torch.zeros(*t.shape, 2) for k, t in state.items()}
    fewer = {k: t + 1 for k, t in state.items() if k != name}
    for wrong, message in (
        (fewer, f"'{method}'.*'{name}' is missing"),
        (state | {"surplus": torch.zeros(1)}, "'surplus' is unknown"),
        (longer, f"'{name}' has shape .*, not"),
    ):
        with pytest.raises(ValueError, match=message):
            load_method_state(model, wrong)
    for key, tensor in method_state(model).items():
        assert torch.equal(tensor, state[key])


@every_method
def test_merging(method, vit, perturb, images):
    assert METHODS[method].mergeable == (method in MERGEABLE)
    plain = vit()
    names, modules = plain.state_dict().keys(), [type(m) for m in plain.modules()]
    model = perturb(attached(vit(), method))
    before = model(images)
    if method not in MERGEABLE:
        with pytest.raises(ValueError, match=f"'{method}' cannot be merged.*lora"):
            merge(model)
        return
    if method != "linear":
        assert (before - plain(images)).abs().max() > 1e-2
    assert merge(model) is model
    assert torch.allclose(model(images), before, atol=1e-5)
    assert model.state_dict().keys() == names
    assert [type(module) for module in model.modules()] == modules
    attached(model, method)


@every_method
def test_a_copy_is_independent(method, vit, perturb, images):
    model = attached(vit(), method)
    twin = copy.deepcopy(model)
    before = model(images)
    assert torch.equal(twin(images), before)
    perturb(twin)
    assert torch.equal(model(images), before)
    if method != "linear":
        assert not torch.equal(twin(images), before)
    assert method_state(twin).keys() == method_state(model).keys()


# -- precision and other transformers -------------------------------------------------


@every_method
def test_autocast(method, vit, perturb, images):
    model = perturb(attached(vit(), method))
    exact = model(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(images)
        loss = F.cross_entropy(logits.float(), torch.arange(6) % 5)
    loss.backward()
    assert torch.allclose(logits.float(), exact, atol=0.2, rtol=0.1)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad.dtype == torch.float32, name
            assert parameter.grad.isfinite().all(), name


@every_method
def test_double_precision(method, vit, perturb, images):
    model = perturb(attached(vit().double(), method))
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    single = perturb(attached(vit(), method))
    assert torch.allclose(single(images), model(images.double()).float(), atol=1e-4)


@every_method
def test_gradient_checkpointing_changes_nothing(method, vit, perturb, images):
    model = perturb(attached(vit(), method))
    gradients = []
    for enable in (False, True):
        model.set_grad_checkpointing(enable)
        model.zero_grad()
        model(images).square().mean().backward()
        gradients.append(
            [p.grad.clone() for p in model.parameters() if p.requires_grad]
        )
    for plain, checkpointed in zip(*gradients, strict=True):
        assert torch.allclose(plain, checkpointed, atol=1e-6)


@pytest.mark.parametrize(
    "architecture",
    [
        {"class_token": False, "global_pool": "avg"},
        {"reg_tokens": 2},
        {"no_embed_class": True, "global_pool": "map"},
        {"img_size": (32, 48), "patch_size": (8, 16)},
        {"img_size": (24, 48), "patch_size": 4},
        {"init_values": 0.5, "drop_path_rate": 0.2, "qk_norm": True},
        {"mlp_ratio": 2.0, "depth": 3, "embed_dim": 32},
        {"model": VisionTransformerDistilled},
    ],
    ids=str,
)
@every_method
def test_other_vision_transformers(method, architecture, vit):
    model = vit(**architecture)
    sizes = architecture.get("img_size", 32)
    height, width = sizes if isinstance(sizes, tuple) else (sizes, sizes)
    images = torch.randn(4, 3, height, width)
    before = model(images)
    backbone_tokens = model.forward_features(images).shape
    attached(model, method)
    change = (model(images) - before).abs().max()
    assert change > 1e-4 if method in STARTS_ELSEWHERE else change <= 1e-5
    assert model.forward_features(images).shape == backbone_tokens
    model.train()(images).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name


@every_method
def test_a_model_without_a_head(method, vit, images):
    model = attached(vit(num_classes=0), method)
    assert model(images).shape == (6, 64)
    assert trainable_parameters(model) == trainable_parameters(attached(vit(), method))


@pytest.mark.parametrize("method", DRAWN)
def test_dropout_acts_in_training_alone(method, vit, perturb, images):
    assert hyperparameters(method)["dropout"] == 0
    model = perturb(attached(vit(), method, dropout=0.5))
    plain = perturb(attached(vit(), method))
    assert torch.equal(model(images), plain(images))
    model.train()
    first, second = model(images), model(images)
    assert not torch.allclose(first, second, atol=1e-3)
