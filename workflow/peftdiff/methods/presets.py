"""Hyper-parameters that the methods' authors chose for each task of VTAB-1k.

A configuration names a task in place of the values chosen for it. These are filled in
before anything is planned, so that a run's key holds the values and not the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peftdiff.runtime import UserError

PRESET = "preset"  # the key among the hyper-parameters that names a task

# Scale and 3x3 convolution of Convpass, scale of Convpass-Attn, rank and scale of
# FacT-TK, rank and scale of FacT-TT, prompts of VPT-deep. From the published code of
# Convpass and FacT (PETL-ViT); the prompts are VPT's, as adapter_plus lists them.
_PUBLISHED = """
caltech101           1    identity 100  32 10   16 10    10
cifar                0.1  identity 0.1  32 0.1  8  1     10
dtd                  0.01 xavier   0.1  16 0.01 8  0.01  10
oxford_flowers102    0.1  xavier   1    32 1    16 1     1
oxford_iiit_pet      1    xavier   1    16 10   8  1     1
svhn                 100  xavier   100  32 100  16 100   50
sun397               0.1  identity 0.1  16 1    8  1     5
patch_camelyon       10   identity 10   32 10   8  10    100
eurosat              10   identity 10   32 100  8  100   100
resisc45             10   identity 100  32 10   8  0.1   10
diabetic_retinopathy 1    identity 0.1  16 1    8  1     1
clevr_count          1    identity 10   32 10   16 1     100
clevr_dist           0.1  xavier   1    16 10   4  10    200
dmlab                10   identity 10   32 10   16 10    100
kitti                10   xavier   10   32 10   16 10    100
dsprites_loc         100  xavier   10   32 100  16 100   100
dsprites_ori         0.1  xavier   1    32 1    16 1     100
smallnorb_azi        100  xavier   100  32 100  16 100   200
smallnorb_ele        1    xavier   1    16 10   8  10    200
"""


def _parse_line(line: str) -> tuple[str, dict[str, dict[str, Any]]]:
    task, scale, conv, attn, tk_rank, tk_scale, tt_rank, tt_scale, n = line.split()
    return task, {
        "convpass": {"scale": float(scale), "conv_init": conv},
        "convpass_attn": {"scale": float(attn), "conv_init": "xavier"},
        "fact_tt": {"rank": int(tt_rank), "scale": float(tt_scale)},
        "fact_tk": {"rank": int(tk_rank), "scale": float(tk_scale)},
        "vpt": {"prompts": int(n)},
    }


PRESETS = dict(map(_parse_line, _PUBLISHED.strip().splitlines()))  # by task and method


def has_presets(method: str) -> bool:
    """Return whether a method has published values for each task."""
    return any(method in values for values in PRESETS.values())


def filled_in(hyperparameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return every method's hyper-parameters with those of its preset filled in.

    A value given beside the preset overrides it; None counts as not given.

    Raises
    ------
    UserError
        Where there is no such preset, or all of its values are overridden.
    """
    return {
        method: _filled_in(method, {k: v for k, v in given.items() if v is not None})
        for method, given in hyperparameters.items()
    }


def _filled_in(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if PRESET not in given or not has_presets(method):  # NOAH has a `preset` of its own
        return dict(given)
    explicit = {name: value for name, value in given.items() if name != PRESET}
    key, task = f"config key 'hyperparameters.{method}.{PRESET}'", given[PRESET]
    if task not in tuple(PRESETS):
        raise UserError(f"{key} is {task!r}; allowed: {', '.join(PRESETS)}")
    values = PRESETS[task][method]
    if values.keys() <= explicit.keys():
        raise UserError(
            f"{key} changes nothing, since {' and '.join(values)} are given beside it;"
            " set to null what the preset is to give (an overlay inherits config.yaml's"
            " values)"
        )
    return values | explicit
