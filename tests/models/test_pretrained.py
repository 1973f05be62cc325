"""Weights from files and from the hub, and everything that goes wrong on the way."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from peftdiff.data.files import file_checksum
from peftdiff.models.pretrained import check_file, checksum, fetch_weights
from peftdiff.models.vit import build_backbone
from peftdiff.runtime import UserError
from tests.helpers.checkpoints import NAME, SIZE, save_npz, save_safetensors, tiny
from tests.helpers.project import ROOT
from tests.helpers.server import Served, serve

ARCHITECTURE = {"name": NAME, "image_size": SIZE}


@pytest.fixture(scope="module")
def model():
    return tiny()


def fetched(path, **changes):
    return fetch_weights(ARCHITECTURE | changes, str(path))[0]


def assert_equal(weights, model):
    expected = {
        name: tensor.numpy()
        for name, tensor in model.state_dict().items()
        if not name.startswith("head")
    }
    assert weights.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(weights[name], array, err_msg=name)


@pytest.mark.parametrize("without", [(), ("head.weight", "head.bias")])
def test_a_safetensors_file_is_read_with_or_without_a_head(tmp_path, model, without):
    path = save_safetensors(model, tmp_path / "a.safetensors", without)
    assert_equal(fetched(path), model)


@pytest.mark.parametrize("prefix", ["", "opt/target/"])
def test_a_jax_checkpoint_is_read_and_is_the_same(tmp_path, model, prefix):
    path = save_npz(model, tmp_path / "a.npz", prefix)
    weights = fetched(path)
    assert_equal(weights, model)
    same = fetched(save_safetensors(model, tmp_path / "a.safetensors"))
    assert checksum(same) == checksum(weights)


def test_a_jax_checkpoint_is_what_timms_loader_makes_of_it(tmp_path, model):
    path = save_npz(model, tmp_path / "a.npz")
    theirs = timm.create_model(NAME, img_size=SIZE, num_classes=0)
    theirs.load_pretrained(path)
    assert_equal(fetched(path), theirs)


HYBRID = "vit_tiny_r_s16_p8_224.augreg_in21k"


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_a_hybrid_is_read_with_its_stem(tmp_path, kind):
    model = tiny(HYBRID, 64)
    stem = model.patch_embed.backbone
    root = {
        "conv_root/kernel": stem.conv.weight.detach().numpy().transpose(2, 3, 1, 0),
        "gn_root/scale": stem.norm.weight.detach().numpy(),
        "gn_root/bias": stem.norm.bias.detach().numpy(),
    }
    if kind == "npz":
        path = save_npz(model, tmp_path / "a.npz", **root)
    else:
        path = save_safetensors(model, tmp_path / "a.safetensors")
    assert_equal(fetched(path, name=HYBRID, image_size=64), model)
    if kind == "npz":
        path = save_npz(model, tmp_path / "b.npz")
        sentence = refusal(path, name=HYBRID, image_size=64)
        assert f"the model {count(model)}" in sentence


def test_a_hybrid_of_other_patches_is_named(tmp_path):
    model = tiny(HYBRID, 64)
    further = {"patch_embed.proj.weight": torch.zeros(192, 64, 3, 3)}
    save_file(model.state_dict() | further, tmp_path / "a.safetensors")
    sentence = refusal(tmp_path / "a.safetensors", name=HYBRID, image_size=64)
    assert "'patch_embed.proj.weight' has the shape (192, 64, 3, 3)" in sentence


def test_half_precision_becomes_single(tmp_path, model):
    state = {name: tensor.bfloat16() for name, tensor in model.state_dict().items()}
    save_file(state, tmp_path / "a.safetensors")
    weights = fetched(tmp_path / "a.safetensors")
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    expected = model.norm.weight.detach().bfloat16().float()
    np.testing.assert_array_equal(weights["norm.weight"], expected)


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_positions_are_resampled_for_images_of_another_size(tmp_path, model, kind):
    save = save_npz if kind == "npz" else save_safetensors
    weights = fetched(save(model, tmp_path / f"a.{kind}"), image_size=64)
    assert weights["pos_embed"].shape == (1, 1 + 16, 64)
    own = model.state_dict()["pos_embed"]
    np.testing.assert_array_equal(weights["pos_embed"][:, 0], own[:, 0])
    np.testing.assert_array_equal(weights["norm.weight"], model.norm.weight.detach())


def test_a_clip_tower_in_its_own_layout_is_converted(tmp_path):
    name = "vit_xsmall_patch16_clip_224.tinyclip_yfcc15m"
    theirs = tiny(name, 32, classes=512)
    names = [
        *(("norm_pre", "ln_pre"), ("norm1", "ln_1"), ("norm2", "ln_2")),
        *(("attn.qkv.", "attn.in_proj_"), ("attn.proj", "attn.out_proj")),
        *(("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")),
        *(("blocks.", "transformer.resblocks."), ("patch_embed.proj", "conv1")),
    ]
    state = {}
    for key, tensor in theirs.state_dict().items():
        for ours, clips in names:
            key = key.replace(ours, clips)
        state[f"visual.{key}"] = tensor
    state["visual.class_embedding"] = state.pop("visual.cls_token")[0, 0]
    state["visual.positional_embedding"] = state.pop("visual.pos_embed")[0]
    for part in ("weight", "bias"):
        state[f"visual.ln_post.{part}"] = state.pop(f"visual.norm.{part}")
    state["visual.proj"] = state.pop("visual.head.weight").T
    del state["visual.head.bias"]
    state["text_projection"] = torch.zeros(2, 2)
    path = tmp_path / "open_clip.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    assert_equal(fetched(path, name=name), theirs)


def test_the_source_says_what_was_read(tmp_path, model):
    path = save_safetensors(model, tmp_path / "a.safetensors")
    weights, source = fetch_weights(ARCHITECTURE, path)
    assert source == {
        **{"kind": "file", "path": path, "sha256": file_checksum(path)},
        **{"name": NAME, "checksum": checksum(weights)},
    }


def test_the_checksum_is_that_of_names_types_shapes_and_numbers():
    weights = {"a": np.arange(6, dtype="f4"), "b": np.ones((2, 3), "f4")}
    assert checksum(dict(reversed(weights.items()))) == checksum(weights)
    others = [
        {"a": weights["a"] + 1, "b": weights["b"]},
        {"a": weights["a"], "c": weights["b"]},
        {"a": weights["a"], "b": weights["b"].T},
        {"a": weights["a"].astype("f8"), "b": weights["b"]},
    ]
    assert len({checksum(w) for w in [weights, *others]}) == 5


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
@pytest.mark.parametrize("content", [b"", b"<!doctype html>", None, -100])
def test_a_broken_file_is_a_sentence(tmp_path, model, kind, content):
    path = tmp_path / f"a.{kind}"
    if not isinstance(content, bytes):
        (save_npz if kind == "npz" else save_safetensors)(model, path)
        content = path.read_bytes()[: content or 1000]
    path.write_bytes(content)
    sentence = f"{path} (config key 'backbone.weights') is cut off or no .{kind} file;"
    with pytest.raises(UserError, match=re.escape(sentence)):
        fetched(path)


def refusal(path, **changes):
    with pytest.raises(UserError) as caught:
        fetched(path, **changes)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} (config key 'backbone.weights') does not fit")
    assert "\n" not in sentence
    return sentence


def count(model):
    state = model.state_dict()
    counted = (n for n in state if not n.startswith(("head", "pos_embed")))
    return sum(state[name].numel() for name in counted)


def test_a_missing_or_unknown_tensor_is_named(tmp_path, model):
    path = tmp_path / "a.safetensors"
    save_safetensors(model, path, without=["blocks.3.mlp.fc1.bias"])
    assert 'Missing key(s) in state_dict: "blocks.3.mlp.fc1.bias"' in refusal(path)
    save_file(model.state_dict() | {"blocks.6.ls1.gamma": torch.ones(64)}, path)
    assert 'Unexpected key(s) in state_dict: "blocks.6.ls1.gamma"' in refusal(path)
    jax = save_npz(model, tmp_path / "a.npz", without=["Transformer/encoder_norm/bias"])
    own = count(model)
    assert f"it has {own - 64} numbers, the model {own}" in refusal(jax)


def test_weights_of_another_architecture_are_named(tmp_path, model):
    path = save_safetensors(model, tmp_path / "a.safetensors")
    wide = refusal(path, name="vit_tiny_patch16_224")
    assert "has the shape (64, 3, 16, 16), not (192, 3, 16, 16)" in wide
    jax = save_npz(model, tmp_path / "a.npz")
    assert "the model" in refusal(jax, name="vit_tiny_patch16_224")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_a_number_that_is_none_is_refused_by_its_tensor(tmp_path, kind, number):
    broken = tiny()
    with torch.no_grad():
        broken.blocks[2].mlp.fc1.bias[3] = number
    save = save_npz if kind == "npz" else save_safetensors
    path = save(broken, tmp_path / f"a.{kind}")
    with pytest.raises(UserError, match=r"'blocks\.2\.mlp\.fc1\.bias'") as caught:
        fetched(path)
    assert str(caught.value).startswith(f"{path} (config key 'backbone.weights') has")


def test_a_header_tells_what_does_not_fit(tmp_path, model):
    with torch.device("meta"):
        shapes = build_backbone(ARCHITECTURE)
    for name, save in (("a.safetensors", save_safetensors), ("a.npz", save_npz)):
        check_file(save(model, tmp_path / name), shapes, NAME)
    deeper = save_safetensors(tiny("test_vit2.r160_in1k"), tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="it has 8 blocks, the model 6"):
        check_file(deeper, shapes, NAME)
    wider = save_npz(tiny("vit_tiny_patch16_224"), tmp_path / "a.npz")
    with pytest.raises(UserError, match=f"does not fit '{NAME}'"):
        check_file(wider, shapes, NAME)


def test_patches_of_another_size_are_not_resampled(tmp_path, model):
    tensor = torch.zeros(64, 3, 32, 32)
    for name in ("patch_embed.proj.weight", "visual.conv1.weight"):
        path = tmp_path / f"{name}.safetensors"
        save_file(model.state_dict() | {name: tensor}, path)
        assert f"'{name}' has the shape (64, 3, 32, 32), not" in refusal(path)
    kernel = {"embedding/kernel": np.zeros((32, 32, 3, 64), "f4")}
    own = count(model)
    path = save_npz(model, tmp_path / "a.npz", **kernel)
    assert f"it has {own + 768 * 3 * 64} numbers, the model {own}" in refusal(path)


def test_the_log_says_what_the_weights_were_trained_with(tmp_path, model, caplog):
    path = save_safetensors(model, tmp_path / "a.safetensors")
    with caplog.at_level("INFO", "peftdiff"):
        fetched(path)
    usual = f"{NAME} is used at 32 pixels; timm's usual: 160, mean (0.5, 0.5, 0.5), std"
    assert usual in caplog.text


def test_further_blocks_and_renamed_tensors_of_jax_are_not_passed_over(tmp_path, model):
    further = {"Transformer/encoderblock_6/LayerNorm_0/bias": np.zeros(64, "f4")}
    path = save_npz(model, tmp_path / "a.npz", **further)
    own = count(model)
    assert f"it has {own + 64} numbers, the model {own}" in refusal(path)
    name = "Transformer/encoderblock_2/LayerNorm_2/bias"
    other = {"Transformer/elsewhere": np.zeros(64, "f4")}
    path = save_npz(model, tmp_path / "b.npz", without=[name], **other)
    assert f"{name} is not a file in the archive" in refusal(path)


def test_an_archive_of_something_else_is_said(tmp_path):
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    assert "it has no 'embedding/kernel'" in refusal(tmp_path / "a.npz")
    save_file({"fc.weight": torch.zeros(2)}, tmp_path / "a.safetensors")
    assert "Missing key(s) in state_dict" in refusal(tmp_path / "a.safetensors")


CALL = """
import json, sys
from peftdiff.models.pretrained import fetch_weights
from peftdiff.runtime import job

with job():
    weights, source = fetch_weights(json.loads(sys.argv[1]), None)
    print(json.dumps(source))
"""


def from_hub(folder, endpoint, **settings):
    """Fetch in a process of its own: the hub's library reads its settings early."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "workflow"),
        "NO_PROXY": "127.0.0.1",
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_ETAG_TIMEOUT": "5",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", CALL, json.dumps(ARCHITECTURE)],
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.stderr if done.returncode else json.loads(done.stdout)


def test_the_hub_is_asked_for_the_tag_and_its_cache_serves_offline(tmp_path, model):
    path = save_safetensors(tiny(classes=1000), tmp_path / "a.safetensors")
    with serve(Served(Path(path).read_bytes())) as served:
        source = from_hub(tmp_path / "hub", served.url)
    assert source == {
        **{"kind": "hub", "timm": timm.__version__, "name": NAME},
        "checksum": checksum(fetched(path)),
    }
    asked = {path for _, path, _ in served.asked}
    assert asked == {f"/timm/{NAME}/resolve/main/model.safetensors"}
    assert from_hub(tmp_path / "hub", served.url, HF_HUB_OFFLINE="1") == source


def test_a_hub_that_cannot_be_had_is_a_sentence(tmp_path):
    with serve(Served(b"")) as served:
        printed = from_hub(tmp_path / "hub", f"{served.url}/missing")
    (sentence,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert f"timm gives no weights for '{NAME}' (config key 'backbone.arch" in sentence
    assert "connect to the network once, or give a file of them as config" in sentence
