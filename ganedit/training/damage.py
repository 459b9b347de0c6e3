"""What happens to photos before an upscaler gets them: blur, shrinking, noise, and JPEG once or twice.

Chance is torch's, so that the loop's seed decides it. A quarter of the pictures are only made smaller.

Source: the two orders of damage of Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3, in milder ranges.
"""

import io
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

T = TypeVar("T")

_CLEAN, _CLEAN_KERNELS = 0.25, ("bicubic", "area")
_KERNELS = ("bicubic", "bilinear", "area", "plain")
_BLURRED, _BLUR_PX = 0.8, (0.3, 4.0)  # standard deviation at full size
_TWICE, _BETWEEN, _FIRST_QUALITY = 0.35, (0.35, 0.8), (40, 95)
_NOISY, _NOISE_LEVELS = 0.7, (1.0, 15.0)
_KINDS_OF_NOISE = ("gray", "colored", "blotches")
_COMPRESSED, _QUALITY = 0.8, (30, 95)
_SUBSAMPLINGS = (0, 2, 2)  # of the color in a JPEG: none, or half in both directions, which is more common


def damage(pictures: Tensor, scale: int) -> Tensor:
    """Make pictures smaller, and most of them worse.

    Args:
        pictures: (N, 3, H, W) float32 in [0, 1]; sides are multiples of ``scale``.
        scale: how many times smaller.

    Returns:
        (N, 3, H / scale, W / scale) float32 in [0, 1], on 8-bit levels.
    """
    return torch.cat([_clean(each, scale) if _happens(_CLEAN) else _damaged(each, scale) for each in pictures.split(1)])


def _clean(x: Tensor, scale: int) -> Tensor:
    return _on_levels(_resized(x, x.shape[-1] // scale, _one_of(_CLEAN_KERNELS)))


def _damaged(x: Tensor, scale: int) -> Tensor:
    side = x.shape[-1]
    if _happens(_BLURRED):
        x = _blurred(x)
    if _happens(_TWICE):
        x = _resized(x, round(side * _between(*_BETWEEN)), _one_of(_KERNELS))
        x = _compressed(_noisy(x, 0.5) if _happens(0.5) else x, _FIRST_QUALITY)
    x = _resized(x, side // scale, _one_of(_KERNELS))
    if _happens(_NOISY):
        x = _noisy(x, 1.0)
    return _compressed(x, _QUALITY) if _happens(_COMPRESSED) else _on_levels(x)


def _happens(chance: float) -> bool:
    return float(torch.rand(())) < chance


def _between(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def _one_of(choices: Sequence[T]) -> T:
    return choices[int(torch.randint(len(choices), ()))]


def _resized(x: Tensor, side: int, kernel: str) -> Tensor:
    """To a square; ``plain`` is bilinear without a filter against aliasing, as hasty software does it."""
    if kernel == "area":
        return F.interpolate(x, size=(side, side), mode="area")
    mode = "bilinear" if kernel == "plain" else kernel
    return F.interpolate(x, size=(side, side), mode=mode, antialias=kernel != "plain").clamp(0, 1)


def _blurred(x: Tensor) -> Tensor:
    """By a Gaussian that may be longer in one direction."""
    long = _between(*_BLUR_PX)
    short = long if _happens(0.6) else long * _between(0.3, 1)
    angle, radius = _between(0, math.pi), math.ceil(2.5 * long)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    y, x_ = torch.meshgrid(offsets, offsets, indexing="ij")
    along, across = x_ * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x_ * math.sin(angle)
    kernel = torch.exp(-0.5 * ((along / long) ** 2 + (across / short) ** 2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(x, (radius,) * 4, mode="reflect"), kernel, groups=x.shape[1])


def _noisy(x: Tensor, strength: float) -> Tensor:
    kind, level = _one_of(_KINDS_OF_NOISE), strength * _between(*_NOISE_LEVELS) / 255
    noise = torch.randn(1, 1 if kind == "gray" else 3, *x.shape[-2:])
    if kind == "blotches":  # cameras smooth the noise of colors over some pixels and leave that of light
        colors = F.avg_pool2d(noise, 3, 1, 1, count_include_pad=False) * 2
        noise = colors - colors.mean(dim=1, keepdim=True) + 0.5 * torch.randn(1, 1, *x.shape[-2:])
    return (x + level * noise).clamp(0, 1)


def _compressed(x: Tensor, qualities: tuple[int, int]) -> Tensor:
    pixels = (x[0].permute(1, 2, 0) * 255).round().byte().numpy()
    buffer = io.BytesIO()
    quality = round(_between(*qualities))
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=_one_of(_SUBSAMPLINGS))
    decoded = np.asarray(Image.open(buffer))
    return torch.from_numpy(decoded.copy()).permute(2, 0, 1)[None].float() / 255


def _on_levels(x: Tensor) -> Tensor:
    return (x * 255).round().clamp(0, 255) / 255
