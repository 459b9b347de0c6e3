"""Geometry of masks: grow, feather, measure, and judge the edge of a fill.

A mask is an (H, W) bool array, True = fill. Work happens in the bounding box of what is marked, because pictures have
tens of megapixels and most masks are small.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.tasks.tiling import Box

_SURROUNDINGS_PX = 8
"""Known pixels up to so far from a fill are what its edge is compared with."""

_HOLES_NAMED = 8
_LEAST_VIEW_PX = 32


@dataclass(frozen=True)
class Holes:
    """What a mask marks.

    Attributes:
        count: separate holes.
        thickness_px: width of the widest place.
        views: the part of the picture in which all holes are seen with their surroundings, and then one for each of the
            eight largest holes, the largest first.
        places: (column, row) of a pixel of each of these holes.
    """

    count: int
    thickness_px: float
    views: tuple[Box, ...]
    places: tuple[tuple[int, int], ...]


def survey(mask: np.ndarray) -> Holes:
    """Say what an (H, W) bool mask marks; of a blank one there are no views."""
    labels, boxes = holes(mask)
    largest = boxes[:_HOLES_NAMED]
    views = [_view(box, mask.shape) for box in (bounding_box(mask), *largest) if box]
    places = [_place(labels[box.slices] == label, box) for label, box in enumerate(largest, 1)]
    return Holes(len(boxes), thickness_px(mask), tuple(views), tuple(places))


def bounding_box(mask: np.ndarray) -> Box | None:
    """Give the smallest box around what an (H, W) bool mask marks; None if it marks nothing."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return Box(int(columns[0]), top, int(columns[-1]) + 1, bottom)


def grow(mask: np.ndarray, px: int) -> np.ndarray:
    """Widen a mask by a disc, or shrink it; the picture's edge does not shrink it.

    Args:
        mask: (H, W) bool.
        px: radius of the disc; negative shrinks.

    Returns:
        A new (H, W) bool mask.
    """
    result = mask.copy()
    box = _marked_box(mask, max(px, 1))
    if box is None or px == 0:
        return result
    part = result[box.top : box.bottom, box.left : box.right]
    part[...] = _distance(~part) <= px if px > 0 else _distance(part) > -px
    return result


def feather_weights(mask: np.ndarray, px: int) -> np.ndarray:
    """Give the weights with which a fill is laid over the picture.

    Args:
        mask: (H, W) bool.
        px: width of the feather outside the mask; 0 gives the mask itself.

    Returns:
        (H, W) float32: 1 on the mask, falling smoothly over ``px`` pixels outside of it, exactly 0 beyond.
    """
    weights = mask.astype(np.float32)
    box = _marked_box(mask, px)
    if box is None or px <= 0:
        return weights
    part = weights[box.top : box.bottom, box.left : box.right]
    distance = _distance(part == 0)
    t = np.clip(1 - distance / (px + 1), 0, 1)
    part[...] = np.where(distance <= px, t * t * (3 - 2 * t), 0)  # smoothstep: no crease at either end
    return weights


def holes(mask: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Number the separate parts of a mask; pixels that touch at a corner belong together.

    Args:
        mask: (H, W) bool.

    Returns:
        (H, W) int32 labels, 0 where nothing is marked and 1 for the largest part; and the box around each part, the
        largest part first.
    """
    labels = np.zeros(mask.shape, np.int32)
    box = bounding_box(mask)
    if box is None:
        return labels, []
    part = mask[box.top : box.bottom, box.left : box.right]
    count, found, stats, _ = cv2.connectedComponentsWithStats(part.astype(np.uint8), connectivity=8)
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")
    rank = np.zeros(count, np.int32)
    rank[order] = np.arange(1, count)
    labels[box.top : box.bottom, box.left : box.right] = rank[found.astype(np.int32, copy=False)]
    corners = [(left + box.left, top + box.top, width, height) for left, top, width, height, _ in stats[order].tolist()]
    return labels, [Box(left, top, left + width, top + height) for left, top, width, height in corners]


def thickness_px(mask: np.ndarray) -> float:
    """Give the width of the widest place of an (H, W) bool mask: twice the largest distance to a known pixel.

    A hole at the picture's edge is known from one side only and counts accordingly. 0 for an empty mask; at most twice
    the picture's diagonal, which a mask without any known pixel gets.
    """
    box = _marked_box(mask, 1)
    if box is None:
        return 0.0
    largest = float(_distance(mask[box.top : box.bottom, box.left : box.right]).max())
    return 2 * min(largest, math.hypot(*mask.shape))


def seam_score(pixels: np.ndarray, mask: np.ndarray) -> float:
    """Measure how visible the edge of a fill is.

    Args:
        pixels: (H, W, 3) uint8 or uint16, the filled picture.
        mask: (H, W) bool, what was filled.

    Returns:
        The mean color step from filled pixels to their known 4-neighbors, over the mean step between known 4-neighbors
        near by. 1 is an edge like the surroundings, 2 one with steps twice as large. 1 if there is nothing to compare.
    """
    box = _marked_box(mask, _SURROUNDINGS_PX + 1)
    if box is None:
        return 1.0
    part, known = pixels[box.top : box.bottom, box.left : box.right], ~mask[box.top : box.bottom, box.left : box.right]
    near = known & (_distance(known) <= _SURROUNDINGS_PX)
    seam, around = [], []
    for ahead, behind in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        steps = cv2.absdiff(part[ahead], part[behind])
        seam.append(steps[known[ahead] != known[behind]])
        around.append(steps[near[ahead] & near[behind]])
    seam, around = np.concatenate(seam), np.concatenate(around)
    if not seam.size or not around.size:
        return 1.0
    # Flat surroundings have steps near 0: one level of 255 on both sides keeps their ratio meaningful.
    level = np.iinfo(pixels.dtype).max / 255
    return float((seam.mean() + level) / (around.mean() + level))


def _view(box: Box, shape: tuple[int, ...]) -> Box:
    """Give a box with so much around it that one sees what is in it."""
    return box.grown(max(max(box.width, box.height) // 3, _LEAST_VIEW_PX), *shape)


def _place(hole: np.ndarray, box: Box) -> tuple[int, int]:
    """Give the pixel of a hole in a box that lies in the middle of its pixels, as (column, row) in the picture."""
    rows, columns = np.nonzero(hole)
    middle = len(rows) // 2
    return int(columns[middle]) + box.left, int(rows[middle]) + box.top


def _marked_box(mask: np.ndarray, margin: int) -> Box | None:
    box = bounding_box(mask)
    return box.grown(margin, *mask.shape) if box else None


def _distance(area: np.ndarray) -> np.ndarray:
    """For each pixel of a bool area the Euclidean distance to the nearest pixel outside of it, as float32."""
    return cv2.distanceTransform(area.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
