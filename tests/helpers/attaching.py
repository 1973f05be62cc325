"""What the tests of all methods share: sizes at width 64, and who starts how."""

import pytest
import torch

from peftdiff.methods import METHODS, attach

# The sizes of the embedded experiment, at width 64.
SMALL = {
    "lora": {"rank": 4},
    "vpt": {"prompts": 4},
    "fact_tt": {"rank": 8},
    "fact_tk": {"rank": 12},
    "noah": {"adapter": 4, "lora": 2, "prompts": 2},
}
STARTS_ELSEWHERE = {"adapter", "vpt", "noah"}
WITHOUT_OWN_START = {"bitfit", "linear", "full"}
UNFREEZES = {"bitfit", "full"}
DRAWN = [slug for slug in METHODS if slug not in WITHOUT_OWN_START]
MERGEABLE = {"lora", "fact_tt", "fact_tk", "bitfit", "linear", "full"}

every_method = pytest.mark.parametrize("method", METHODS)


def attached(model, method, seed=0, **changes):
    generator = torch.Generator().manual_seed(seed)
    sizes = SMALL.get(method, {}) | changes
    return attach(model, method, generator=generator, **sizes)
