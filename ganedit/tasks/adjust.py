"""Light and color: brightness, contrast, saturation, sharpness, gamma, white balance."""

import re
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.requests import Adjustments

_LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
_BAND_ROWS = 256
_DISPLAY_GAMMA = 2.2
_RANGES = {
    "brightness": (-1.0, 1.0),
    "contrast": (0.0, 2.0),
    "saturation": (0.0, 2.0),
    "sharpness": (0.0, 2.0),
    "gamma": (0.2, 5.0),
}


def check(adjust: Adjustments) -> None:
    """Refuse settings that are out of range.

    Raises:
        BadRequestError: says which setting, and its range.
    """
    for name, (low, high) in _RANGES.items():
        if not low <= getattr(adjust, name) <= high:
            raise BadRequestError(f"{name.capitalize()} goes from {low:g} to {high:g}, not {getattr(adjust, name):g}.")
    if adjust.white_balance not in ("none", "gray-world") and not re.fullmatch("#[0-9a-fA-F]{6}", adjust.white_balance):
        raise BadRequestError(
            "White balance is none, gray-world, or a color such as #c8b8a0 that should become neutral."
        )


def adjust_(x: Tensor, adjust: Adjustments) -> Tensor:
    """Apply the adjustments in place: white balance, brightness, contrast, gamma, saturation, sharpness, in this order.

    Works in bands of rows, so that a picture of 48 megapixels needs no second copy.

    Args:
        x: (1, 3, H, W) float32 in [0, 1]; overwritten.
        adjust: checked settings.

    Returns:
        ``x``.
    """
    if adjust == Adjustments():
        return x
    gains = _white_balance_gains(x, adjust.white_balance)
    for band in _bands(x):
        _tone_(band, adjust, gains)
    if adjust.sharpness != 1:
        _sharpen_(x, adjust.sharpness)
    return x


def _tone_(band: Tensor, adjust: Adjustments, gains: Tensor | None) -> None:
    if gains is not None:
        band.mul_(gains)
    if adjust.brightness:
        band.add_(adjust.brightness / 2)
    if adjust.contrast != 1:
        band.sub_(0.5).mul_(adjust.contrast).add_(0.5)
    band.clamp_(0, 1)
    if adjust.gamma != 1:
        band.pow_(1 / adjust.gamma)
    if adjust.saturation != 1:
        luma = (band * band.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        band.lerp_(luma.expand_as(band), 1 - adjust.saturation).clamp_(0, 1)


def _white_balance_gains(x: Tensor, mode: str) -> Tensor | None:
    """Factors (1, 3, 1, 1) that make the picture's mean, or one color, neutral at equal luminance.

    Light is scaled before the display's gamma, and a power law turns a factor there into a factor here. Gray world:
    Buchsbaum 1980, A spatial processor model for object colour perception.
    """
    if mode == "none":
        return None
    if mode == "gray-world":
        light = torch.stack([band.pow(_DISPLAY_GAMMA).sum((0, 2, 3)) for band in _bands(x)]).sum(0) / (x[0, 0].numel())
    else:
        light = x.new_tensor([int(mode[i : i + 2], 16) / 255 for i in (1, 3, 5)]).pow(_DISPLAY_GAMMA)
    light = light.clamp_min(1e-4)
    luma = (light * light.new_tensor(_LUMA)).sum()
    return (luma / light).pow(1 / _DISPLAY_GAMMA).clamp(0.25, 4.0).view(1, 3, 1, 1)


def _sharpen_(x: Tensor, amount: float) -> None:
    """Move away from (above 1) or toward (below 1) a slightly blurred copy, band by band."""
    weights = x.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    rows = weights.view(1, 1, 5, 1).expand(3, 1, 5, 1)
    columns = weights.view(1, 1, 1, 5).expand(3, 1, 1, 5)
    height = x.shape[2]
    above = x[:, :, :1].expand(-1, -1, 2, -1).clone()  # the last two rows of the band before, as they were
    for top in range(0, height, _BAND_ROWS):
        band = x[:, :, top : top + _BAND_ROWS]
        below = x[:, :, top + band.shape[2] : top + band.shape[2] + 2]
        missing = 2 - below.shape[2]
        edge = x[:, :, -1:].expand(-1, -1, missing, -1)
        grown = torch.cat([above, band, below, edge], dim=2)
        above = grown[:, :, -4:-2].clone()
        blurred = F.conv2d(F.pad(F.conv2d(grown, rows, groups=3), (2, 2, 0, 0), mode="replicate"), columns, groups=3)
        band.copy_(torch.lerp(blurred, band, amount * 2 - 1 if amount > 1 else amount).clamp_(0, 1))


def _bands(x: Tensor) -> Iterator[Tensor]:
    return (x[:, :, top : top + _BAND_ROWS] for top in range(0, x.shape[2], _BAND_ROWS))
