"""Run a network over a picture of any size, piece by piece, so that no seam shows and memory stays flat.

The picture is split into *cores* that cover it once. Each core is computed from an input grown by the network's reach
and a feather, and blended over the feather with what already stands to its left and above. Cores are visited row by
row, halved cores in the same order, so everything under a feather has always been written before.
"""

import itertools
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.models.loaded import LONG_RANGE_OVERLAP_PX, LoadedModel
from ganedit.requests import Compute, Progress

FEATHER_PX = 4
"""Width, in input pixels, over which neighbors are blended. Their inputs differ only beyond the network's reach."""

MIN_TILE_PX = 32
"""A tile is never halved below this: the overlap would cost more than the memory saved."""

DEFAULT_TILE_PX = 384
"""Larger tiles waste less on overlap, and beyond this size processors get slower per pixel and memory shorter."""

_DEEP_TILE_PX = 256
"""Deep networks take seconds a tile; smaller ones cost nothing per pixel there and let Stop answer sooner."""

_WHOLE_PX = 512 * 512
"""Up to so many pixels a network that is better left untiled gets the picture in one piece."""

_BATCH_PX = 96 * 96
"""Tiles are computed together up to this many input pixels: small ones leave a processor idle, large ones do not."""


@dataclass(frozen=True)
class Box:
    """A rectangle in input pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, px: int, height: int, width: int) -> "Box":
        """The box with a margin on every side, cut at the picture's edge."""
        return Box(
            max(0, self.left - px), max(0, self.top - px), min(width, self.right + px), min(height, self.bottom + px)
        )

    def halved(self) -> "list[Box]":
        """Four quarters in reading order (two halves, or one, where a side is too short to split)."""
        columns = _split(self.left, self.right, max(MIN_TILE_PX, -(-self.width // 2)))
        rows = _split(self.top, self.bottom, max(MIN_TILE_PX, -(-self.height // 2)))
        return [Box(left, top, right, bottom) for top, bottom in rows for left, right in columns]


@dataclass
class TileReport:
    """What happened during a tiled run that the user should hear of."""

    halved_to_px: int | None = None
    reruns: int = 0


def plan(height: int, width: int, tile_px: int) -> list[Box]:
    """Cover a picture with cores of about ``tile_px``, row by row, without a sliver at the end.

    Raises:
        BadRequestError: the tile is smaller than ``MIN_TILE_PX``.
    """
    if tile_px < MIN_TILE_PX:
        raise BadRequestError(f"A tile of {tile_px} px is too small; choose {MIN_TILE_PX} px or more.")
    columns, rows = _split(0, width, tile_px), _split(0, height, tile_px)
    return [Box(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def run_tiled(
    x: Tensor, model: LoadedModel, scale: int, compute: Compute, report: TileReport
) -> Generator[Progress, None, Tensor]:
    """Run ``model`` over ``x`` tile by tile.

    On a shortage of memory the tile is halved and the run goes on where it stopped. Closing the generator ends the run
    between two tiles.

    Args:
        x: (1, 3, H, W) float32 in [0, 1].
        model: the network.
        scale: wanted output side over input side; a network that gives more is reduced tile by tile, so that its full
            output never stands in memory.
        compute: precision, and the tile's side if the caller wants one.
        report: filled with what went differently from plan.

    Yields:
        Progress before the first and after each call of the network, in tiles.

    Returns:
        (1, 3, H * scale, W * scale) float32 in [0, 1].
    """
    height, width = x.shape[-2:]
    canvas = torch.empty(1, 3, height * scale, width * scale)
    todo = deque(plan(height, width, compute.tile_px or _default_tile(model, height, width)))
    margin = model.overlap_px + FEATHER_PX
    started, done_px = time.perf_counter(), 0
    done, total = 0, len(todo)
    yield Progress(0, total, None, "upscale")
    while todo:
        batch = _next_batch(todo, margin, height, width)
        grown = [box.grown(margin, height, width) for box in batch]
        pieces = torch.cat([x[..., g.top : g.bottom, g.left : g.right] for g in grown])
        try:
            y, rerun = model.image(pieces, compute.precision)
        except RuntimeError as error:
            if not _is_out_of_memory(error) or max(batch[0].height, batch[0].width) <= MIN_TILE_PX:
                raise
            todo = deque(part for box in [*batch, *todo] for part in box.halved())
            report.halved_to_px = max(todo[0].height, todo[0].width)
            total = done + len(todo)
            continue
        report.reruns += len(batch) if rerun else 0
        y = reduce_to(y, pieces.shape[-2] * scale, pieces.shape[-1] * scale)
        for box, outer, tile in zip(batch, grown, y, strict=True):
            _paste(canvas, tile, box, outer, scale)
            done_px += box.height * box.width
        done += len(batch)
        left_px = height * width - done_px
        yield Progress(done, total, (time.perf_counter() - started) / done_px * left_px, "upscale")
    return canvas


def reduce_to(y: Tensor, height: int, width: int, *, method: Literal["bicubic", "lanczos"] = "bicubic") -> Tensor:
    """Resize (N, C, H, W) in [0, 1] with an antialiased filter; the same tensor if nothing is to be done."""
    if y.shape[-2:] == (height, width):
        return y
    return F.interpolate(y, size=(height, width), mode=method, antialias=True).clamp_(0, 1)


def _split(start: int, stop: int, longest: int) -> list[tuple[int, int]]:
    """Cut a length into the fewest pieces of at most ``longest``, all equally long but for rounding."""
    count = max(1, -(-(stop - start) // longest))
    edges = [start + (stop - start) * i // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


def _default_tile(model: LoadedModel, height: int, width: int) -> int:
    """Networks with wide attention see the whole picture while it is small enough for memory."""
    if not model.card.size.tileable and height * width <= _WHOLE_PX:
        return max(height, width)
    return _DEEP_TILE_PX if model.overlap_px == LONG_RANGE_OVERLAP_PX else DEFAULT_TILE_PX


def _next_batch(todo: deque[Box], margin: int, height: int, width: int) -> list[Box]:
    """Take the next core, and those after it that have the same grown shape while the batch is small."""

    def shape(box: Box) -> tuple[int, int]:
        grown = box.grown(margin, height, width)
        return grown.height, grown.width

    first = shape(todo[0])
    batch = [todo.popleft()]
    while todo and shape(todo[0]) == first and (len(batch) + 1) * first[0] * first[1] <= _BATCH_PX:
        batch.append(todo.popleft())
    return batch


def _paste(canvas: Tensor, tile: Tensor, box: Box, outer: Box, scale: int) -> None:
    """Write a tile (3, h, w), blended over the feather to the left of and above its core."""
    left, top = max(box.left - FEATHER_PX, 0), max(box.top - FEATHER_PX, 0)
    target = canvas[0, :, top * scale : box.bottom * scale, left * scale : box.right * scale]
    tile = tile[
        :,
        (top - outer.top) * scale : (box.bottom - outer.top) * scale,
        (left - outer.left) * scale : (box.right - outer.left) * scale,
    ]
    if left == box.left and top == box.top:
        target.copy_(tile)
        return
    fade_in = _ramp((box.top - top) * scale, target.shape[1])[:, None] * _ramp(
        (box.left - left) * scale, target.shape[2]
    )
    # Where nothing has been written yet the weight is exactly 1; what the memory holds there may not be a number.
    target.copy_(torch.where(fade_in < 1, torch.lerp(target, tile, fade_in), tile))


def _ramp(rise: int, length: int) -> Tensor:
    """Weights that rise over the first ``rise`` samples and are 1 after."""
    return ((torch.arange(length) + 0.5) / rise).clamp(max=1.0) if rise else torch.ones(length)


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU the allocator raises a plain RuntimeError, told apart only by its text.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
