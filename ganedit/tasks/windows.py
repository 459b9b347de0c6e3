"""Which pieces of a picture an inpainting network is shown, so that its cost follows the holes and not the picture.

A *window* is a square with the hole and its surroundings; its *core* is the part whose fill is used, far enough from
the window's edge to have been seen from all sides. Thin holes need little context however long they are, so windows
are as large as the holes in them are thick, and many small holes share one.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.tasks.masks import bounding_box, holes
from ganedit.tasks.tiling import Box

SMALLEST_PX = 512
"""Side of the smallest window: the size that inpainting networks are trained at."""

_CONTEXT = 2.0  # side of a window over the thickness of the hole in it
_MARGIN = 1 / 8  # of the window's side, between its core and its edge
_STRETCH = 1.5  # a long hole that fits into a window this much larger is better seen as a whole ...
_THIN_PX = 48  # ... unless it is a mere line, which says nothing about what was there
_STEP = 1.25  # sides grow in such steps, so that large holes share windows too
_CROWDED = 9  # above so many smallest windows, larger ones save more time than the detail in thin holes is worth


@dataclass(frozen=True)
class Window:
    """One call of the network.

    Attributes:
        outer: what the network sees.
        core: where its fill is used.
        level: windows of one level fill the holes of that level.
    """

    outer: Box
    core: Box
    level: int


@dataclass(frozen=True)
class Plan:
    """All calls for one mask.

    Attributes:
        windows: in the order of work: small holes first, so that they are known when large ones are filled.
        levels: (H, W) uint8, the level of each masked pixel, 0 where nothing is masked.
    """

    windows: tuple[Window, ...]
    levels: np.ndarray


def plan_windows(mask: np.ndarray) -> Plan:
    """Cover all holes with windows.

    Args:
        mask: (H, W) bool, True = fill.
    """
    levels, windows = np.zeros(mask.shape, np.uint8), []
    box = bounding_box(mask)
    if box is None:
        return Plan((), levels)
    box = box.grown(1, *mask.shape)  # the known pixels around the holes belong to their distances
    levels[box.slices] = _levels(mask[box.slices])
    for level in range(1, int(levels.max()) + 1):
        marked, side = levels == level, round(SMALLEST_PX * _STEP ** (level - 1))
        found = _cover(marked, side, level)
        if level == 1 and len(found) > _CROWDED:
            found = _cover(marked, round(side * _STEP), level)
        windows += found
    return Plan(tuple(windows), levels)


def _levels(mask: np.ndarray) -> np.ndarray:
    """Give each pixel of an (H, W) bool mask the level of its hole, as uint8; 0 where nothing is masked."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    labels, boxes = holes(mask)
    levels = [0]
    for label, box in enumerate(boxes, 1):
        radius = distance[box.slices].max(where=labels[box.slices] == label, initial=0)
        levels.append(_level(2 * float(radius), max(box.width, box.height)))
    return np.array(levels, np.uint8)[labels]


def _level(thickness_px: float, length_px: int) -> int:
    """Give the level of a hole from the width of its widest place and the longer side of the box around it."""
    side = max(SMALLEST_PX, _CONTEXT * thickness_px)
    whole = length_px / (1 - 2 * _MARGIN)
    if thickness_px > _THIN_PX and side < whole <= _STRETCH * side:
        side = whole
    return min(255, 1 + math.ceil(math.log(side / SMALLEST_PX, _STEP) - 1e-9))


def _cover(marked: np.ndarray, side: int, level: int) -> list[Window]:
    """Cover the pixels of an (H, W) bool mask with windows.

    Greedily, from the top and in each band from the left; each window is centered on what it covers.
    """
    (height, width), rest = marked.shape, np.array(marked)
    margin = round(side * _MARGIN)
    waiting, windows = np.logical_or.reduce(rest, axis=1), []  # the rows in which something is still to be covered
    while waiting.any():
        top, bottom = _core(int(waiting.argmax()), side, margin, height)
        left = int(rest[top:bottom].any(axis=0).argmax())
        left, right = _core(left, side, margin, width)
        inside = rest[top:bottom, left:right]
        (top, bottom), (left, right) = _span(inside, 0, top), _span(inside, 1, left)
        core = Box(left, top, right, bottom)
        rest[core.slices] = False
        waiting[top:bottom] = rest[top:bottom].any(axis=1)
        (top, bottom), (left, right) = _centered(top, bottom, side, height), _centered(left, right, side, width)
        windows.append(Window(Box(left, top, right, bottom), core, level))
    return windows


def _span(marked: np.ndarray, axis: int, offset: int) -> tuple[int, int]:
    """Along one axis, from ``offset``: the stretch from the first to the last of what is marked."""
    places = np.flatnonzero(marked.any(axis=1 - axis))
    return offset + int(places[0]), offset + int(places[-1]) + 1


def _core(start: int, side: int, margin: int, length: int) -> tuple[int, int]:
    """Along one axis, from ``start``: the stretch that one window can fill; no margin at the picture's edge."""
    first = min(max(0, start - margin), max(0, length - side))
    stop = first + side
    return start, length if stop >= length else stop - margin


def _centered(start: int, stop: int, side: int, length: int) -> tuple[int, int]:
    """Along one axis: the window around [start, stop), inside the picture."""
    first = min(max(0, (start + stop - side) // 2), max(0, length - side))
    return first, min(length, first + side)
