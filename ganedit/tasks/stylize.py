"""A photo painted in a learned style or in that of any picture, at its full size, tile by tile with no seam.

What an instance norm takes over the whole picture would differ from tile to tile. So the statistics come from one small
copy of the whole, and every tile uses them: tiles that see the same pixels then agree to the last bits. Painters of
ours have no norms.
"""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.image import Picture, fill_transparent, from_tensor, to_tensor
from ganedit.models.faces import FaceFinder
from ganedit.models.painters import StylePainter
from ganedit.models.public_painters import OnnxPainter, PublicPainter
from ganedit.models.style_transfer import STYLE_PX, StyleTransfer
from ganedit.requests import MAX_BRUSH, MAX_FRAME_PIXELS, MAX_FRAMES, ClipRequest, Progress, StylizeRequest
from ganedit.tasks.portraits import FACE_PX, cut, put_back, squares

MIN_SIDE_PX = 32

_TILE_PX = 512
_WHOLE_PX = 768  # longer side of the copy that the statistics are taken from
_WHOLE_PIXELS = 4e6  # what a network that cannot paint in parts may work on
_HELD, _STILL = 0.8, 0.03  # share of the last frame that stays, and the change of a pixel that makes it a third
_LUMINANCE = (0.299, 0.587, 0.114)

_MULTIPLE_OF = 4  # what the sides of a tile must be of, whichever network paints it

T = TypeVar("T")

Repainter = StyleTransfer | StylePainter | PublicPainter | OnnxPainter


@dataclass(frozen=True)
class Portraits:
    """How faces are painted on their own.

    Attributes:
        finder: finds them.
        network: paints them; it may be the one that paints the rest.
    """

    finder: FaceFinder
    network: Repainter


def check_stylize(request: StylizeRequest, network: Repainter) -> None:
    """Refuse what cannot be painted.

    Raises:
        BadRequestError: no style of the kind that the model takes, a number out of range, or a picture too small.
    """
    if not isinstance(network, StyleTransfer):
        network.condition(request.shares)
        if request.style is not None:
            raise BadRequestError(f"{request.model} has styles of its own; leave the style picture out.")
    elif request.style is None:
        raise BadRequestError(f"{request.model} paints in the style of a picture; give one as the style.")
    elif request.shares:
        raise BadRequestError(f"{request.model} has no styles of its own; give a picture as the style.")
    if not 0 <= request.strength <= 1:
        raise BadRequestError(f"The strength goes from 0 to 1, not {request.strength:g}.")
    if not 1 <= request.brush <= MAX_BRUSH:
        raise BadRequestError(f"The brush goes from 1 to {MAX_BRUSH:g}, not {request.brush:g}.")
    pixels = request.image.width * request.image.height / request.brush**2
    if not network.tiles and pixels > _WHOLE_PIXELS:
        raise BadRequestError(
            f"{request.model} paints a picture in one piece, up to {_WHOLE_PIXELS / 1e6:g} megapixels; take a coarser "
            "brush, which works on a smaller copy."
        )
    if min(request.image.width, request.image.height) < MIN_SIDE_PX * request.brush:
        raise BadRequestError(
            f"A picture of {request.image.width}x{request.image.height} pixels is too small for this brush; each side "
            f"needs {MIN_SIDE_PX * request.brush:g} px or more."
        )


def check_portraits(request: StylizeRequest, network: Repainter) -> None:
    """Refuse a model for the faces that would need to be told a style of its own.

    Raises:
        BadRequestError: it has several styles, or takes them from pictures.
    """
    if isinstance(network, StyleTransfer) or (isinstance(network, StylePainter) and network.styles):
        raise BadRequestError(
            f"{request.faces} has several styles, so it paints faces only with the rest; choose it as the model, or "
            "another one for the faces."
        )


def stylize(
    request: StylizeRequest, network: Repainter, portraits: Portraits | None = None
) -> Generator[Progress, None, tuple[Tensor, int]]:
    """Paint a picture.

    Args:
        request: checked by `check_stylize`.
        network: what paints.
        portraits: paints the faces; None if they are painted with the rest.

    Yields:
        Progress before the first and after each tile, and before each face.

    Returns:
        (1, 3, H, W) float32 in [0, 1], of the picture's size, and how many faces were painted on their own.
    """
    x = to_tensor(fill_transparent(request.image))
    return (yield from _repaint(x, request, _painting(request, network, x), network, portraits))


def stylize_frames(
    request: ClipRequest, network: Repainter, portraits: Portraits | None = None
) -> Generator[Progress, None, tuple[Picture, ...]]:
    """Paint the frames of a clip, all with what the first one showed, and hold what does not move.

    Args:
        request: its ``how`` checked by `check_stylize`.
        network: what paints.
        portraits: as for `stylize`.

    Yields:
        Progress before each frame.

    Raises:
        BadRequestError: too many frames, too large ones, or of different sizes.
    """
    frames, how = request.frames, request.how
    _check_frames(frames)
    paint = _painting(how, network, to_tensor(fill_transparent(frames[0])))
    painted: list[Picture] = []
    before: tuple[Tensor, Tensor] | None = None
    started = time.perf_counter()
    for number, frame in enumerate(frames):
        each_seconds = (time.perf_counter() - started) / number if number else None
        yield Progress(number, len(frames), each_seconds and each_seconds * (len(frames) - number), "stylize")
        x = to_tensor(fill_transparent(frame))
        y, _ = _finish(_repaint(x, how, paint, network, portraits))
        y = y if before is None else steadied(x, y, *before)
        before = x, y
        painted.append(from_tensor(y, frame))
    return tuple(painted)


def steadied(x: Tensor, painted: Tensor, x_before: Tensor, painted_before: Tensor) -> Tensor:
    """Keep most of what the last frame was painted like where the clip has not changed.

    Args:
        x: (1, 3, H, W) in [0, 1], a frame.
        painted: the same, painted.
        x_before: the frame before it.
        painted_before: the same, painted and steadied.

    Returns:
        (1, 3, H, W) in [0, 1].
    """
    change = F.avg_pool2d((x - x_before).abs().amax(dim=1, keepdim=True), 5, stride=1, padding=2)
    return torch.lerp(painted, painted_before, _HELD * torch.exp(-change / _STILL))


def _check_frames(frames: Sequence[Picture]) -> None:
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise BadRequestError(f"A clip may have up to {MAX_FRAMES} frames, not {len(frames)}; cut it shorter.")
    height, width = frames[0].height, frames[0].width
    if any((frame.height, frame.width) != (height, width) for frame in frames):
        raise BadRequestError("The frames of a clip must all have one size; save it anew.")
    if height * width > MAX_FRAME_PIXELS:
        raise BadRequestError(
            f"A frame may have up to {MAX_FRAME_PIXELS / 1e6:g} megapixels, not {width}x{height} px; make it smaller."
        )


def _finish(steps: Generator[Progress, None, T]) -> T:
    """Run the tiles of one frame or face to their end without telling of each."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value


def _repaint(
    x: Tensor,
    request: StylizeRequest,
    paint: Callable[[Tensor], Tensor],
    network: Repainter,
    portraits: Portraits | None,
) -> Generator[Progress, None, tuple[Tensor, int]]:
    """Paint (1, 3, H, W), at its size; tells of how many faces too."""
    height, width = x.shape[-2:]
    painted = yield from _tiles(_reduced(x, request.brush), paint, network)
    if painted.shape[-2:] != (height, width):
        painted = F.interpolate(painted, size=(height, width), mode="bicubic", antialias=True).clamp(0, 1)
    faces = 0
    if portraits is not None:
        faces = yield from _paint_faces(x, painted, request, network, portraits)
    if request.keep_colors:
        weights = torch.tensor(_LUMINANCE)[None, :, None, None]
        painted = (x + ((painted - x) * weights).sum(dim=1, keepdim=True)).clamp(0, 1)
    return torch.lerp(x, painted, request.strength), faces


def _paint_faces(
    x: Tensor, painted: Tensor, request: StylizeRequest, network: Repainter, portraits: Portraits
) -> Generator[Progress, None, int]:
    """Put faces into a painted picture, in place; gives how many."""
    placed = squares(portraits.finder.find(x), *x.shape[-2:])
    is_same = portraits.network is network
    if is_same:  # one that the rest was painted as large with would look no different
        placed = [square for square in placed if square.side_px / request.brush < FACE_PX]
    how = replace(request, brush=1.0) if is_same else replace(request, brush=1.0, style=None, shares={})
    started = time.perf_counter()
    for done, square in enumerate(placed):
        each_seconds = (time.perf_counter() - started) / done if done else None
        yield Progress(done, len(placed), each_seconds and each_seconds * (len(placed) - done), "faces")
        face = cut(x, square)
        paint = _painting(how, portraits.network, face)
        put_back(painted, _finish(_tiles(face, paint, portraits.network)), square)
    return len(placed)


def _painting(request: StylizeRequest, network: Repainter, whole: Tensor) -> Callable[[Tensor], Tensor]:
    """Give what paints a tile of the whole picture."""
    small = _fitting(_reduced(whole, max(request.brush, max(whole.shape[-2:]) / _WHOLE_PX)))
    if isinstance(network, StyleTransfer):
        assert request.style is not None
        return network.begin(network.style(_style_square(request.style)), small)
    if isinstance(network, StylePainter):
        return network.begin(network.condition(request.shares), small)
    return network.begin(None, small)


def _tiles(x: Tensor, paint: Callable[[Tensor], Tensor], network: Repainter) -> Generator[Progress, None, Tensor]:
    """Paint (1, 3, H, W) core by core, each with as much around it as the network looks at."""
    height, width = x.shape[-2:]
    whole = _fitting(x)
    painted = torch.empty_like(x)
    reach_px, side = network.reach_px, _TILE_PX if network.tiles else max(height, width)
    corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    started = time.perf_counter()
    yield Progress(0, len(corners), None, "stylize")
    for done, (top, left) in enumerate(corners, 1):
        above, before = max(0, top - reach_px), max(0, left - reach_px)
        tile = whole[..., above : top + side + reach_px, before : left + side + reach_px]
        core = paint(tile)[..., top - above :, left - before :]
        part = painted[..., top : top + side, left : left + side]
        part.copy_(core[..., : part.shape[-2], : part.shape[-1]])
        each_seconds = (time.perf_counter() - started) / done
        yield Progress(done, len(corners), each_seconds * (len(corners) - done), "stylize")
    return painted


def _fitting(x: Tensor) -> Tensor:
    """Continue a picture by its last row and column until its sides are multiples of 4."""
    below, right = (-side % _MULTIPLE_OF for side in x.shape[-2:])
    return F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def _reduced(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    size = [max(_MULTIPLE_OF, round(side / factor)) for side in x.shape[-2:]]
    return F.interpolate(x, size=size, mode="bilinear", antialias=True)


def _style_square(style: Picture) -> Tensor:
    """The middle of the style picture as the predictor wants it, (1, 3, 256, 256)."""
    image = fill_transparent(style).to_pil().convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((STYLE_PX, STYLE_PX), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return to_tensor(Picture.from_pil(square))
