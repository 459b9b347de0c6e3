"""Keep a network honest: colors that follow the input, and a map of what it invented."""

import torch
import torch.nn.functional as F
from torch import Tensor

_SIGMA_PX = 3.0
_BAND_ROWS = 256
_FULL_HEAT = 24 / 255
"""A difference that is plain to see; it gets the hottest color of the map."""


def guard_color_(y: Tensor, x: Tensor) -> Tensor:
    """Make the low frequencies of an enhanced picture follow the input, in place.

    What remains of ``x - downscaled(y)`` after a blur is a shift of color or brightness, not detail: it is added back.
    Flat white and flat black of the input stay so exactly.

    Args:
        y: (1, 3, H * s, W * s) float32 in [0, 1]; overwritten.
        x: (1, 3, H, W) float32 in [0, 1], the input.

    Returns:
        ``y``.
    """
    shift = _blur(x - _shrink(y, x.shape[-2:]))
    # Most photos have no flat white or black: looking once spares them two passes over the large picture.
    flats = [(flat, value) for value in (1.0, 0.0) if (flat := _flat(x, value)).any()]
    scale = y.shape[2] / x.shape[2]
    for top in range(0, y.shape[2], _BAND_ROWS):
        band = y[:, :, top : top + _BAND_ROWS]
        rows = ((torch.arange(top, top + band.shape[2]) + 0.5) / scale - 0.5).clamp_(0, x.shape[2] - 1)
        band.add_(_widen(_rows_at(shift, rows), band.shape[3])).clamp_(0, 1)
        for flat, value in flats:
            inside = F.interpolate(flat[:, :, rows.round().long()], size=band.shape[2:], mode="nearest-exact")
            band.masked_fill_(inside > 0, value)
    return y


def invented_heat(y: Tensor, x: Tensor) -> Tensor:
    """Show where the enhanced picture, brought back to the input's size, departs from the input.

    Args:
        y: (1, 3, H * s, W * s) float32 in [0, 1].
        x: (1, 3, H, W) float32 in [0, 1].

    Returns:
        (1, 3, H, W) float32 in [0, 1]: the input in gray, and over it black to red to yellow where they differ by
        0 to 24/255 or more.
    """
    difference = (_shrink(y, x.shape[-2:]) - x).abs().amax(1, keepdim=True)
    heat = (difference / _FULL_HEAT).clamp(0, 1)
    color = torch.cat([(heat * 2).clamp(0, 1), (heat * 2 - 1).clamp(0, 1), torch.zeros_like(heat)], dim=1)
    return torch.lerp(x.mean(1, keepdim=True).expand_as(x) * 0.6, color, heat.sqrt())


def _shrink(y: Tensor, size: torch.Size) -> Tensor:
    return y if y.shape[-2:] == size else F.interpolate(y, size=tuple(size), mode="area")


def _blur(x: Tensor) -> Tensor:
    """Gaussian blur; the edge is repeated."""
    radius = int(3 * _SIGMA_PX)
    offsets = torch.arange(-radius, radius + 1, dtype=x.dtype)
    weights = torch.exp(-0.5 * (offsets / _SIGMA_PX) ** 2)
    weights /= weights.sum()
    count = x.shape[1]
    x = F.conv2d(
        F.pad(x, (radius, radius, 0, 0), mode="replicate"),
        weights.view(1, 1, 1, -1).expand(count, 1, 1, -1),
        groups=count,
    )
    return F.conv2d(
        F.pad(x, (0, 0, radius, radius), mode="replicate"),
        weights.view(1, 1, -1, 1).expand(count, 1, -1, 1),
        groups=count,
    )


def _flat(x: Tensor, value: float) -> Tensor:
    """(1, 1, H, W), 1.0 where a pixel and its eight neighbors all have exactly this value in every channel."""
    same = (x == value).all(1, keepdim=True).float()
    return 1 - F.max_pool2d(1 - same, 3, stride=1, padding=1)


def _rows_at(x: Tensor, rows: Tensor) -> Tensor:
    """Rows of (1, C, H, W) at fractional places, linearly between their neighbors."""
    above = rows.floor().long()
    below = (above + 1).clamp_max(x.shape[2] - 1)
    return torch.lerp(x[:, :, above], x[:, :, below], (rows - above).view(1, 1, -1, 1))


def _widen(x: Tensor, width: int) -> Tensor:
    return F.interpolate(x, size=(x.shape[2], width), mode="bilinear", align_corners=False)
