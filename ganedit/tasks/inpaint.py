"""Inpaint: show a network each hole with its surroundings, and put back nothing but the hole."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from time import perf_counter

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import BadRequestError, TooLargeError
from ganedit.image import MAX_SIDE_PX, Picture, fill_transparent, from_tensor, to_tensor
from ganedit.models.loaded import LoadedModel
from ganedit.requests import InpaintRequest, OutpaintRequest, Progress
from ganedit.tasks.fidelity import guard_color_
from ganedit.tasks.masks import bounding_box, feather_weights, grow, holes
from ganedit.tasks.tiling import Box, reduce_to
from ganedit.tasks.windows import plan_windows

Enlarger = Callable[[], LoadedModel]

MAX_GROW_PX = 256
_DETAIL_FROM = 1.3  # a fill that is enlarged less than this is sharp enough
_ALPHA_RADIUS_PX = 3


def check_inpaint(request: InpaintRequest) -> None:
    """Refuse settings out of range.

    Raises:
        BadRequestError: grow or feather is out of range.
    """
    if not -MAX_GROW_PX <= request.grow_px <= MAX_GROW_PX:
        raise BadRequestError(f"Grow goes from {-MAX_GROW_PX} to {MAX_GROW_PX} pixels, not {request.grow_px}.")
    if not 0 <= request.feather_px <= MAX_GROW_PX:
        raise BadRequestError(f"Feather goes from 0 to {MAX_GROW_PX} pixels, not {request.feather_px}.")


def check_outpaint(request: OutpaintRequest, max_megapixels: float) -> None:
    """Refuse sides out of range and results that would be too large.

    Raises:
        BadRequestError: a side is negative, all are 0, or the result is too large.
    """
    sides = (request.left, request.top, request.right, request.bottom)
    if min(sides) < 0:
        raise BadRequestError(f"A picture is extended by 0 pixels or more on each side, not by {min(sides)}.")
    if not any(sides):
        raise BadRequestError("Say how many pixels to add on at least one side: left, right, top or bottom.")
    width = request.image.width + request.left + request.right
    height = request.image.height + request.top + request.bottom
    if width * height > max_megapixels * 1e6:
        raise TooLargeError(
            f"The result would have {width * height / 1e6:.0f} megapixels and the limit is {max_megapixels:g}; "
            "add fewer pixels."
        )
    if max(width, height) > MAX_SIDE_PX:
        raise BadRequestError(
            f"The result would have {width}x{height} pixels and {MAX_SIDE_PX} a side are the limit; add fewer pixels."
        )


def inpaint(
    picture: Picture, mask: np.ndarray, model: LoadedModel, feather_px: int = 0, enlarger: Enlarger | None = None
) -> Generator[Progress, None, Picture]:
    """Fill holes.

    Holes are filled in the order of their size, and what is filled is known to the next: that is why neighboring
    windows fit each other. Transparency under a hole is continued from around it like a color.

    Args:
        picture: the picture.
        mask: (H, W) bool, True = fill.
        model: an ``inpaint`` model.
        feather_px: width of the band around the holes over which the fill fades into the picture.
        enlarger: gives an ``enhance`` model for fills larger than the network's own size; None enlarges smoothly.

    Yields:
        Progress before the first and after each call of the network.

    Returns:
        The picture, outside of the holes and their feather bit for bit the same.
    """
    wide = grow(mask, feather_px) if feather_px else mask
    plan = plan_windows(wide)
    work = fill_transparent(picture)
    pixels = work.pixels.copy()
    alpha = None if picture.alpha is None else _fill_alpha(picture.alpha, wide)
    unknown = wide.copy()
    started, total = perf_counter(), len(plan.windows)
    yield Progress(0, total, None, "inpaint")
    for done, window in enumerate(plan.windows, 1):
        outer, core = window.outer.slices, window.core.slices
        crop = replace(work, pixels=pixels[outer], alpha=None)
        y = fill_window(to_tensor(crop), _to_mask(unknown[outer]), model, enlarger)
        target = unknown[core] & (plan.levels[core] == window.level)
        inside = Box(
            window.core.left - window.outer.left,
            window.core.top - window.outer.top,
            window.core.right - window.outer.left,
            window.core.bottom - window.outer.top,
        )
        filled = from_tensor(y[(..., *inside.slices)], crop).pixels
        pixels[core][target] = filled[target]
        unknown[core][target] = False
        yield Progress(done, total, (perf_counter() - started) / done * (total - done), "inpaint")
    return _put_back(picture, replace(work, pixels=pixels, alpha=alpha), mask, feather_px)


def fill_window(x: Tensor, mask: Tensor, model: LoadedModel, enlarger: Enlarger | None) -> Tensor:
    """Fill one window at the network's own size.

    Args:
        x: (1, 3, H, W) float32 in [0, 1]; what lies under the mask has no influence.
        mask: (1, 1, H, W) float32, 1.0 = fill.
        model: an ``inpaint`` model.
        enlarger: see ``inpaint``.

    Returns:
        (1, 3, H, W) float32 in [0, 1]; of use under the mask only.
    """
    native = model.card.size.native
    height, width = x.shape[-2:]
    if native is None:
        return model.masked(x, mask)
    scale = min(1.0, native / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small, small_mask = (x, mask) if scale == 1 else _shrink(x, mask, size)
    if size != (native, native):
        rows, columns = _mirrored(size[0], native), _mirrored(size[1], native)
        small, small_mask = (t[:, :, rows][..., columns] for t in (small, small_mask))
    y = model.masked(small, small_mask)[..., : size[0], : size[1]]
    return y if scale == 1 else _enlarge(y, height, width, enlarger)


def extend(request: OutpaintRequest) -> tuple[Picture, np.ndarray]:
    """Put a picture on a larger canvas.

    Returns:
        The canvas, black and opaque beyond the picture's edges, and the (H, W) bool mask of what is beyond.
    """
    picture = request.image
    sides = ((request.top, request.bottom), (request.left, request.right))
    pixels = np.pad(picture.pixels, (*sides, (0, 0)))
    opaque = np.iinfo(pixels.dtype).max
    alpha = None if picture.alpha is None else np.pad(picture.alpha, sides, constant_values=opaque)
    beyond = np.pad(np.zeros(picture.pixels.shape[:2], bool), sides, constant_values=True)
    return replace(picture, pixels=pixels, alpha=alpha), beyond


def combine(
    picture: Picture, filled: Sequence[Picture], mask: np.ndarray, picks: Sequence[int], reach_px: int = 0
) -> Picture:
    """Take each hole from the candidate picked for it.

    Args:
        picture: the picture with the holes.
        filled: candidates, each with all holes filled.
        mask: (H, W) bool, the mask they were filled with.
        picks: index of a candidate for each hole, largest hole first (the order of ``holes``); the last one stands for
            all that follow.
        reach_px: width of the feather that they were filled with.
    """
    labels, boxes = holes(mask)
    wanted = [picks[min(hole, len(picks) - 1)] for hole in range(len(boxes))]
    pixels = picture.pixels.copy()
    alpha = None if picture.alpha is None else picture.alpha.copy()
    for index in sorted(set(wanted)):
        mine = np.isin(labels, [hole + 1 for hole, pick in enumerate(wanted) if pick == index])
        area = grow(mine, reach_px) if reach_px else mine
        pixels[area] = filled[index].pixels[area]
        other = filled[index].alpha
        if alpha is not None:
            alpha[area] = np.iinfo(alpha.dtype).max if other is None else other[area]
    return replace(picture, pixels=pixels, alpha=alpha)


def _put_back(picture: Picture, filled: Picture, mask: np.ndarray, feather_px: int) -> Picture:
    """Take the holes from the filled picture, blend over the feather, and leave everything else as it was.

    Without a feather and without colors hidden under transparency the filled picture is that already.
    """
    if feather_px == 0 and picture.alpha is None:
        return filled
    pixels, alpha = picture.pixels.copy(), None if filled.alpha is None else filled.alpha
    box = bounding_box(mask)
    if box is None:
        return picture
    around = box.grown(feather_px, picture.height, picture.width).slices
    hole = mask[around]
    pixels[around][hole] = filled.pixels[around][hole]
    if feather_px:
        weights = feather_weights(mask[around], feather_px)
        band = (weights > 0) & ~hole
        share = weights[band][:, None]
        mixed = filled.pixels[around][band] * share + picture.pixels[around][band] * (1 - share)
        pixels[around][band] = np.rint(mixed).astype(pixels.dtype)
    return replace(picture, pixels=pixels, alpha=alpha)


def _fill_alpha(alpha: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Continue transparency into the holes: an opaque picture stays opaque, a cut-out keeps its outline."""
    box = bounding_box(mask)
    if box is None:
        return alpha
    around = box.grown(2 * _ALPHA_RADIUS_PX, *alpha.shape).slices
    result = alpha.copy()
    known = np.where(mask[around], alpha.dtype.type(0), alpha[around])
    filled = cv2.inpaint(known, mask[around].astype(np.uint8), _ALPHA_RADIUS_PX, cv2.INPAINT_TELEA)
    result[around][mask[around]] = filled[mask[around]]
    return result


def _shrink(x: Tensor, mask: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Average the known pixels alone; a small pixel is a hole as soon as a tenth of it is."""
    known = 1 - mask
    weight = F.interpolate(known, size, mode="bilinear", antialias=True)
    color = F.interpolate(x * known, size, mode="bilinear", antialias=True)
    return color / weight.clamp_min(1e-4), (weight < 0.9).float()


def _enlarge(y: Tensor, height: int, width: int, enlarger: Enlarger | None) -> Tensor:
    """Resize a fill; with a network, so that it is as finely grained as what surrounds it."""
    if enlarger is None or max(height / y.shape[2], width / y.shape[3]) < _DETAIL_FROM:
        return F.interpolate(y, (height, width), mode="bicubic", antialias=True).clamp_(0, 1)
    large, _ = enlarger().image(y)
    return reduce_to(guard_color_(large, y), height, width)


def _mirrored(length: int, wanted: int) -> Tensor:
    """Indices (wanted,) that continue a row of ``length`` pixels by its mirror image, to and fro."""
    places = torch.arange(wanted) % (2 * length)
    return torch.where(places < length, places, 2 * length - 1 - places)


def _to_mask(hole: np.ndarray) -> Tensor:
    """(H, W) bool to (1, 1, H, W) float32, exactly 1.0 = fill."""
    return torch.from_numpy(hole.astype(np.float32))[None, None]
