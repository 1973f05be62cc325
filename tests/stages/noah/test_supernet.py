import pytest
import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods import attach, attachments
from peftdiff.models.vit import build_backbone
from peftdiff.stages.noah.space import Candidate, largest, sample
from peftdiff.stages.noah.supernet import Supernet, trained_state

SPECIAL = [
    Candidate((1, 0, 0, 0), (5, 0, 0, 0), (2, 0, 0, 0)),
    Candidate((5, 5, 5, 5), (0, 0, 0, 0), (0, 0, 0, 0)),
    Candidate((0, 0, 0, 0), (2, 0, 5, 0), (0, 0, 0, 0)),
    Candidate((0, 2, 0, 1), (0, 1, 2, 0), (0, 5, 0, 2)),
    Candidate((0, 0, 0, 0), (0, 0, 0, 0), (1, 0, 5, 0)),
    Candidate((0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
]


@pytest.fixture
def supernet(backbone, space):
    """A supernet whose weights are away from their start."""
    made = Supernet(backbone(), space, generator=torch.Generator().manual_seed(0))
    random = torch.Generator().manual_seed(2)
    for tensor in trained_state(made.model).values():
        tensor.copy_(0.3 * torch.randn(tensor.shape, generator=random))
    made.model.eval()
    return made


@pytest.fixture
def images():
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@pytest.fixture(params=["folded", "applied"])
def delta(request, monkeypatch):
    """LoRA's change in both of its forms."""
    if request.param == "applied":
        monkeypatch.setattr(attachments, "FOLDING_WIDTH", 0)


def tensors(block):
    """Return the tensors of NOAH's modules in a block, by name; None where absent."""
    inner = getattr(block, "base", block)
    adapter = getattr(inner.drop_path2, "adapter", None)
    delta = getattr(inner.attn.qkv, "delta", None)
    found = {name: getattr(adapter, name, None) for name in ADAPTER}
    found |= {name: getattr(delta, name, None) for name in ("A", "B")}
    return found | {"prompt": getattr(block, "prompt", None)}


ADAPTER = ("down", "down_bias", "up", "up_bias")


def wholes(supernet, layer):
    """Return the whole tensors of a layer of the supernet, by name."""
    block = supernet.model.blocks[layer]
    adapter, delta = block.base.drop_path2.adapter, block.base.attn.qkv.delta
    owners = dict.fromkeys(ADAPTER, adapter) | {"A": delta, "B": delta, "prompt": block}
    return {
        name: owner.parametrizations[name].original for name, owner in owners.items()
    }


def sliced(whole, candidate, layer):
    """Return the parts of a layer's tensors that a candidate inherits, as defined."""
    h, r, n = (vector[layer] for vector in candidate)
    return {
        **{"down": whole["down"][:h], "down_bias": whole["down_bias"][:h]},
        **{"up": whole["up"][:, :h], "up_bias": whole["up_bias"]},
        **{"A": whole["A"][:r], "B": whole["B"][:, :r], "prompt": whole["prompt"][:n]},
    }


def inherit(supernet, candidate, model):
    """Return NOAH built at a candidate's sizes, with the supernet's weights."""
    attach(model, "noah", **candidate._asdict())
    with torch.no_grad():
        for layer, block in enumerate(model.blocks):
            parts = sliced(wholes(supernet, layer), candidate, layer)
            for name, tensor in tensors(block).items():
                if tensor is not None:
                    tensor.copy_(parts[name])
    return model


def plain_vit(architecture):
    """Return timm's own model, whose last block keeps all tokens."""
    return VisionTransformer(
        img_size=architecture["image_size"],
        patch_size=architecture["patch_size"],
        embed_dim=architecture["width"],
        depth=architecture["depth"],
        num_heads=architecture["heads"],
        num_classes=0,
    )


@pytest.mark.parametrize("kind", [build_backbone, plain_vit])
def test_a_slice_is_the_method_at_that_size(
    supernet, space, random, backbone, images, delta
):
    outputs = []
    for candidate in [*SPECIAL, *[sample(space, random) for _ in range(12)]]:
        supernet.activate(candidate)
        own = inherit(supernet, candidate, backbone())
        outputs.append(supernet.model.forward_features(images).detach())
        expected = own.forward_features(images)
        torch.testing.assert_close(outputs[-1], expected, atol=2e-5, rtol=1e-4)
    assert len({round(float(output.sum()), 3) for output in outputs}) > 12


def test_gradients_reach_the_slice_alone(
    supernet, space, random, backbone, images, delta
):
    for candidate in [*SPECIAL[:5], *[sample(space, random) for _ in range(3)]]:
        supernet.activate(candidate)
        own = inherit(supernet, candidate, backbone())
        for model in (supernet.model, own):
            model.zero_grad()
            model.forward_features(images)[:, 0].square().sum().backward()
        for layer, block in enumerate(own.blocks):
            whole = wholes(supernet, layer)
            grads = {name: tensor.grad.clone() for name, tensor in whole.items()}
            parts = sliced(grads, candidate, layer)
            for name, tensor in tensors(block).items():
                if tensor is not None:
                    scale = float(tensor.grad.abs().max())
                    torch.testing.assert_close(
                        parts[name], tensor.grad, atol=1e-4 * scale, rtol=1e-4
                    )
                    parts[name].zero_()
                # Nothing is left: zero, and not missing.
                assert not grads[name].any()


def test_the_largest_candidate_is_active_at_first(supernet, space, backbone, images):
    own = inherit(supernet, largest(space), backbone())
    torch.testing.assert_close(
        supernet.model.forward_features(images), own.forward_features(images)
    )


def test_only_noahs_tensors_and_the_head_train(supernet, space, backbone):
    supernet.model.reset_classifier(3)
    whole = attach(backbone(), "noah", **largest(space)._asdict())
    names = [n for n, p in whole.named_parameters() if p.requires_grad]
    state = trained_state(supernet.model)
    plain = {
        name.replace("parametrizations.", "").removesuffix(".original")
        for name in state
    }
    assert plain == {*names, "head.weight", "head.bias"}


def test_a_sliced_model_drops_activations_too(backbone, space, images):
    made = Supernet(backbone(), space, dropout=0.5).model.train()
    torch.manual_seed(0)
    one = made.forward_features(images)
    assert not torch.equal(one, made.forward_features(images))
