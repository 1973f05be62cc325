"""Weights as others keep them: the .npz of the original (JAX) ViT, the hub's files."""

import numpy as np
import timm
import torch
from safetensors.torch import save_file

NAME = "test_vit.r160_in1k"  # six blocks, 64 wide: timm's smallest with a class token
SIZE = 32


def tiny(name=NAME, size=SIZE, classes=7, seed=0):
    """Return timm's model of a name with random weights, all of them."""
    torch.manual_seed(seed)
    model = timm.create_model(name, img_size=size, num_classes=classes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.eval()


def save_safetensors(model, path, without=()):
    """Write a model as the hub keeps it."""
    state = {k: v for k, v in model.state_dict().items() if k not in without}
    save_file(state, path)
    return str(path)


def save_npz(model, path, prefix="", without=(), **further):
    """Write a model's weights in the layout of the original JAX checkpoints."""
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    heads = model.blocks[0].attn.num_heads
    arrays = {
        "cls": state["cls_token"],
        "embedding/kernel": state["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": state["patch_embed.proj.bias"],
        "Transformer/posembed_input/pos_embedding": state["pos_embed"],
        "Transformer/encoder_norm/scale": state["norm.weight"],
        "Transformer/encoder_norm/bias": state["norm.bias"],
        "head/kernel": state["head.weight"].T,
        "head/bias": state["head.bias"],
        "pre_logits/bias": np.zeros(3, "f4"),
    }
    for index in range(len(model.blocks)):
        block = _block(state, f"blocks.{index}.", heads)
        arrays |= {f"Transformer/encoderblock_{index}/{k}": block[k] for k in block}
    arrays = {k: v for k, v in (arrays | further).items() if k not in without}
    np.savez(path, **{f"{prefix}{name}": array for name, array in arrays.items()})
    return str(path)


def _block(state, prefix, heads):
    own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    width = len(own["norm1.weight"])
    attention = "MultiHeadDotProductAttention_1"
    arrays = {
        f"{attention}/out/kernel": own["attn.proj.weight"].T.reshape(heads, -1, width),
        f"{attention}/out/bias": own["attn.proj.bias"],
    }
    parts = zip(
        ("query", "key", "value"),
        np.split(own["attn.qkv.weight"], 3),
        np.split(own["attn.qkv.bias"], 3),
        strict=True,
    )
    for name, weight, bias in parts:
        arrays[f"{attention}/{name}/kernel"] = weight.T.reshape(width, heads, -1)
        arrays[f"{attention}/{name}/bias"] = bias.reshape(heads, -1)
    for theirs, ours in (("LayerNorm_0", "norm1"), ("LayerNorm_2", "norm2")):
        arrays[f"{theirs}/scale"] = own[f"{ours}.weight"]
        arrays[f"{theirs}/bias"] = own[f"{ours}.bias"]
    for theirs, ours in (("Dense_0", "mlp.fc1"), ("Dense_1", "mlp.fc2")):
        arrays[f"MlpBlock_3/{theirs}/kernel"] = own[f"{ours}.weight"].T
        arrays[f"MlpBlock_3/{theirs}/bias"] = own[f"{ours}.bias"]
    return arrays
