"""Smart select: a loose stroke over an object, or a loop around it, becomes the object's mask.

GrabCut (Rother et al., SIGGRAPH 2004) separates the object from its surroundings by color, in a small copy of the
region around the stroke.
"""

import cv2
import numpy as np

from ganedit.errors import BadRequestError
from ganedit.image import to_uint8
from ganedit.tasks.masks import bounding_box, grow, holes, thickness_px
from ganedit.tasks.tiling import Box

_SIDE_PX = 320
"""Longer side of the copy that is worked on; the time grows with its square."""

_ROUNDS = 5
_RIM_PX = 2
"""By so much the result is wider than the object, so that a fill takes its soft edge away too."""

_LOOP_MIDDLE, _STROKE_MIDDLE = 0.45, 0.5
"""Deeper than this share of the largest depth of a loop or stroke everything is taken for the object: a color that is
also found outside would cost too much of it otherwise."""

_LEAST_SHARE = 0.1
"""Parts smaller than this share of the largest one are dropped, and holes smaller than it are filled."""


def select_object(pixels: np.ndarray, stroke: np.ndarray) -> np.ndarray:
    """Find the object that a stroke lies on or that a closed loop surrounds.

    The result is the same for the same input.

    Args:
        pixels: (H, W, 3) uint8 or uint16.
        stroke: (H, W) bool. A stroke that encloses something wider than its own line is a loop, which may be a box:
            what lies outside of it is not selected.

    Returns:
        (H, W) bool, the object with a narrow rim.

    Raises:
        BadRequestError: the stroke is empty, or nothing stands out from the surroundings.
    """
    box = bounding_box(stroke)
    if box is None:
        raise BadRequestError("Nothing was painted, draw over an object or around it.")
    inside = _enclosed(stroke, box)
    longer = max(box.width, box.height)
    if thickness_px(inside) > thickness_px(stroke):
        found = _found(pixels, box.grown(max(longer // 4, 8), *stroke.shape), stroke, inside)
    else:
        found = _found_around(pixels, box, stroke)
    if not found.any():
        raise BadRequestError("Nothing stands out there, draw a loop closely around the object or paint over it.")
    return found


def _found_around(pixels: np.ndarray, box: Box, stroke: np.ndarray) -> np.ndarray:
    """Give (H, W) bool: the object under a stroke in ``box``, looked for farther away as long as it goes on there."""
    reach = 2 * max(box.width, box.height, 12)
    while True:
        region = box.grown(reach, *stroke.shape)
        found = _found(pixels, region, stroke, None)
        whole = region.width == stroke.shape[1] and region.height == stroke.shape[0]
        if whole or not _cut_off(found, region):
            return found
        reach *= 2


def _cut_off(found: np.ndarray, region: Box) -> bool:
    """Tell whether an object reaches a side of its region that is not the picture's edge."""
    part = found[region.slices]
    depth = max(4, max(part.shape) // 40)
    ends = (np.s_[:depth], np.s_[-depth:], np.s_[:, :depth], np.s_[:, -depth:])
    at_edge = _at_edge(region, found)
    return any(part[end].any() for end, is_end_of_picture in zip(ends, at_edge, strict=True) if not is_end_of_picture)


def _found(pixels: np.ndarray, region: Box, stroke: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
    """Look for the object in a region: (H, W) bool; ``inside`` is what the stroke surrounds if it is a loop."""
    view = region.slices
    ratio = min(1.0, _SIDE_PX / max(region.width, region.height))
    size = (max(1, round(region.width * ratio)), max(1, round(region.height * ratio)))
    small = cv2.resize(to_uint8(pixels[view]), size, interpolation=cv2.INTER_AREA)
    drawn = _shrunk(stroke[view], size)
    if inside is None:
        found = _tidy(_cut(small, _stroke_hints(drawn, _at_edge(region, stroke))), drawn)
    else:
        within = _shrunk(inside[view], size)
        found = _tidy(_cut(small, _loop_hints(drawn, within)), within)
    result = np.zeros(stroke.shape, bool)
    enlarged = cv2.resize(found.astype(np.float32), (region.width, region.height), interpolation=cv2.INTER_LINEAR)
    result[view] = enlarged >= 0.5
    return result


def _enclosed(stroke: np.ndarray, box: Box) -> np.ndarray:
    """Give (H, W) bool: what a stroke surrounds, without the stroke.

    A small gap in a loop counts as closed, and a loop that runs out of the picture is closed by the picture's edge.
    """
    result = np.zeros(stroke.shape, bool)
    part = stroke[box.slices]
    ratio = min(1.0, _SIDE_PX / max(part.shape))
    size = (max(1, round(box.width * ratio)), max(1, round(box.height * ratio)))
    gap = max(2, max(size) // 25)
    closed = np.pad(_shrunk(part, size), gap + 1)
    for side, at_edge in zip(_sides(gap), _at_edge(box, stroke), strict=True):
        ends = np.flatnonzero(closed[side[1]])
        if at_edge and len(ends):
            closed[side[0]][ends[0] : ends[-1] + 1] = True
    closed = grow(grow(closed, gap), -gap)
    outside, labels = cv2.connectedComponents((~closed).astype(np.uint8), connectivity=4)
    inner = (labels != labels[0, 0]) & ~closed if outside > 2 else np.zeros_like(closed)
    inner = inner[gap + 1 : -gap - 1, gap + 1 : -gap - 1].astype(np.uint8)
    wide = cv2.resize(inner, (box.width, box.height), interpolation=cv2.INTER_NEAREST) > 0
    result[box.slices] = wide & ~part
    return result


def _sides(margin: int) -> list[tuple[tuple, tuple]]:
    """Of an array padded by ``margin + 1``: its line next to each side of what was padded, and that side."""
    outer = (np.s_[margin, :], np.s_[-1 - margin, :], np.s_[:, margin], np.s_[:, -1 - margin])
    inner = (np.s_[margin + 1, :], np.s_[-2 - margin, :], np.s_[:, margin + 1], np.s_[:, -2 - margin])
    return list(zip(outer, inner, strict=True))


def _at_edge(box: Box, mask: np.ndarray) -> tuple[bool, bool, bool, bool]:
    """Tell for top, bottom, left and right whether a box touches the picture's edge."""
    return box.top == 0, box.bottom == mask.shape[0], box.left == 0, box.right == mask.shape[1]


def _shrunk(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a bool mask to (width, height); thin strokes stay connected."""
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.2


def _loop_hints(drawn: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Outside of the loop nothing is the object, its middle is, the rest of its inside probably."""
    hints = np.full(drawn.shape, cv2.GC_BGD, np.uint8)
    hints[drawn] = cv2.GC_PR_BGD
    hints[within] = cv2.GC_PR_FGD
    hints[_middle(within, _LOOP_MIDDLE)] = cv2.GC_FGD
    return hints


def _stroke_hints(drawn: np.ndarray, at_edge: tuple[bool, bool, bool, bool]) -> np.ndarray:
    """The middle of the stroke is on the object, its edges probably; the region ends outside of the object."""
    hints = np.full(drawn.shape, cv2.GC_PR_BGD, np.uint8)
    for side, is_end_of_picture in zip((np.s_[:2], np.s_[-2:], np.s_[:, :2], np.s_[:, -2:]), at_edge, strict=True):
        if not is_end_of_picture:  # there the object may be cut off
            hints[side] = cv2.GC_BGD
    hints[drawn] = cv2.GC_PR_FGD
    hints[_middle(drawn, _STROKE_MIDDLE)] = cv2.GC_FGD
    return hints


def _middle(mask: np.ndarray, share: float) -> np.ndarray:
    """Give what lies at least ``share`` of the largest depth inside a bool mask."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return mask & (depth >= share * depth.max())


def _cut(pixels: np.ndarray, hints: np.ndarray) -> np.ndarray:
    """Run GrabCut on (h, w, 3) uint8 from (h, w) hints; (h, w) bool. Without any background all is the object."""
    if not np.isin(hints, (cv2.GC_BGD, cv2.GC_PR_BGD)).any() or not np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD)).any():
        return np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD))
    cv2.setRNGSeed(0)  # the color clusters start at random
    models = np.zeros((1, 65)), np.zeros((1, 65))
    labels, *_ = cv2.grabCut(pixels, hints.copy(), (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def _tidy(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Keep the large parts that touch ``wanted``, fill their small holes, smooth the edge and add the rim."""
    found = cv2.medianBlur(found.astype(np.uint8), 5) > 0
    labels, _ = holes(found)
    found &= np.isin(labels, np.unique(labels[wanted & found]))
    found = _without_small_parts(found, found.sum())
    if not found.any():
        return found
    found = ~_without_small_parts(~found, found.sum())
    found = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 2) > 0.5
    return grow(found, _RIM_PX)


def _without_small_parts(mask: np.ndarray, area: int) -> np.ndarray:
    labels, boxes = holes(mask)
    areas = np.bincount(labels.reshape(-1), minlength=len(boxes) + 1)
    return mask & (areas >= _LEAST_SHARE * area)[labels]
