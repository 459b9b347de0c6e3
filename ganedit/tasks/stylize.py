"""A photo painted in the style of any picture, at its full size, tile by tile with no seam.

What an instance norm takes over the whole picture would differ from tile to tile. So the statistics come from one small
copy of the whole, and every tile uses them: tiles that see the same pixels then agree to the last bits.
"""

import time
from collections.abc import Generator

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.image import Picture, fill_transparent, to_tensor
from ganedit.models.archs.arbitrary_style import MULTIPLE_OF, REACH_PX, Statistics
from ganedit.models.style_transfer import STYLE_PX, StyleTransfer
from ganedit.requests import Progress, StylizeRequest

MIN_SIDE_PX = 32
MAX_BRUSH = 8.0

_TILE_PX = 512
_WHOLE_PX = 768  # longer side of the copy that the statistics are taken from
_LUMINANCE = (0.299, 0.587, 0.114)


def check_stylize(request: StylizeRequest) -> None:
    """Refuse what cannot be painted.

    Raises:
        BadRequestError: no style picture, a number out of range, or a picture that is too small.
    """
    if request.style is None:
        raise BadRequestError(f"{request.model} paints in the style of a picture; give one as the style.")
    if not 0 <= request.strength <= 1:
        raise BadRequestError(f"The strength goes from 0 to 1, not {request.strength:g}.")
    if not 1 <= request.brush <= MAX_BRUSH:
        raise BadRequestError(f"The brush goes from 1 to {MAX_BRUSH:g}, not {request.brush:g}.")
    if min(request.image.width, request.image.height) < MIN_SIDE_PX * request.brush:
        raise BadRequestError(
            f"A picture of {request.image.width}x{request.image.height} pixels is too small for this brush; each side "
            f"needs {MIN_SIDE_PX * request.brush:g} px or more."
        )


def stylize(request: StylizeRequest, network: StyleTransfer) -> Generator[Progress, None, Tensor]:
    """Paint a picture.

    Args:
        request: checked by `check_stylize`.
        network: predicts the style and paints.

    Yields:
        Progress before the first and after each tile.

    Returns:
        (1, 3, H, W) float32 in [0, 1], of the picture's size.
    """
    x = to_tensor(fill_transparent(request.image))
    height, width = x.shape[-2:]
    small = _reduced(x, request.brush)
    assert request.style is not None
    style = network.style(_style_square(request.style))
    longest = max(small.shape[-2:])
    statistics = network.look(_fitting(_reduced(small, max(1.0, longest / _WHOLE_PX))), style)
    painted = yield from _tiles(small, style, statistics, network)
    if painted.shape[-2:] != (height, width):
        painted = F.interpolate(painted, size=(height, width), mode="bicubic", antialias=True).clamp(0, 1)
    if request.keep_colors:
        weights = torch.tensor(_LUMINANCE)[None, :, None, None]
        painted = (x + ((painted - x) * weights).sum(dim=1, keepdim=True)).clamp(0, 1)
    return torch.lerp(x, painted, request.strength)


def _tiles(
    x: Tensor, style: Tensor, statistics: Statistics, network: StyleTransfer
) -> Generator[Progress, None, Tensor]:
    """Paint (1, 3, H, W) core by core, each with as much around it as the network looks at."""
    height, width = x.shape[-2:]
    whole = _fitting(x)
    painted = torch.empty_like(x)
    corners = [(top, left) for top in range(0, height, _TILE_PX) for left in range(0, width, _TILE_PX)]
    started = time.perf_counter()
    yield Progress(0, len(corners), None, "stylize")
    for done, (top, left) in enumerate(corners, 1):
        above, before = max(0, top - REACH_PX), max(0, left - REACH_PX)
        tile = whole[..., above : top + _TILE_PX + REACH_PX, before : left + _TILE_PX + REACH_PX]
        core = network.paint(tile, style, statistics)[..., top - above :, left - before :]
        part = painted[..., top : top + _TILE_PX, left : left + _TILE_PX]
        part.copy_(core[..., : part.shape[-2], : part.shape[-1]])
        each_seconds = (time.perf_counter() - started) / done
        yield Progress(done, len(corners), each_seconds * (len(corners) - done), "stylize")
    return painted


def _fitting(x: Tensor) -> Tensor:
    """Continue a picture by its last row and column until its sides are multiples of 4."""
    below, right = (-side % MULTIPLE_OF for side in x.shape[-2:])
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def _reduced(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    size = [max(MULTIPLE_OF, round(side / factor)) for side in x.shape[-2:]]
    return F.interpolate(x, size=size, mode="bilinear", antialias=True)


def _style_square(style: Picture) -> Tensor:
    """The middle of the style picture as the predictor wants it, (1, 3, 256, 256)."""
    image = fill_transparent(style).to_pil().convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((STYLE_PX, STYLE_PX), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return to_tensor(Picture.from_pil(square))
