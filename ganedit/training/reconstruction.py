"""Distances from the very picture that a condition belongs to, for data in which it decides the whole picture.

Where attributes or a name leave nothing open, G need not guess what D would like: it can be shown the answer. Both are
for G alone, unreduced and unweighted: the loop weighs them beside the adversarial loss.

Source: Isola et al. 2017 (pix2pix), arXiv:1611.07004, section 3.1; features as in Johnson et al. 2016,
arXiv:1603.08155.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def pixel_distance(fake: Tensor, real: Tensor) -> Tensor:
    """Measure the mean absolute difference of (N, C, H, W) pictures in [-1, 1]; gives (N,), 0 to 2."""
    return (fake.float() - real.float()).abs().flatten(1).mean(dim=1)


def feature_distance(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Measure how differently a frozen network sees two pictures.

    Args:
        fake: maps of some of its levels, each (N, C, H, W) of any range.
        real: the same levels of the pictures that should have been made.

    Returns:
        (N,) mean absolute difference over the mean absolute value of a real map, averaged over the levels; 0 or more.
    """
    apart = [
        (a.float() - b.float()).abs().flatten(1).mean(dim=1) / b.float().abs().mean().clamp_min(1e-6)
        for a, b in zip(fake, real, strict=True)
    ]
    return torch.stack(apart).mean(dim=0)
