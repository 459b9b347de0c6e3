"""Which pieces of a picture an inpainting network is shown, so that its cost follows the holes and not the picture.

A *window* is a square with the hole and its surroundings; its *core* is the part whose fill is used, far enough from
the window's edge to have been seen from all sides. Thin holes need little context however long they are, so windows
are as large as the holes in them are thick, and many small holes share one.
"""

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
    height, width = mask.shape
    levels = np.zeros(mask.shape, np.uint8)
    box = bounding_box(mask)
    if box is None:
        return Plan((), levels)
    box = box.grown(1, height, width)  # the known pixels around the holes belong to their distances
    part = mask[box.top : box.bottom, box.left : box.right]
    labels, count = holes(part)
    levels[box.top : box.bottom, box.left : box.right] = _levels(part, labels, count)[labels]
    windows: list[Window] = []
    rows, columns = np.nonzero(part)
    rows, columns = rows + box.top, columns + box.left
    of_pixel = levels[rows, columns]
    for level in np.unique(of_pixel).tolist():
        here = of_pixel == level
        side = round(SMALLEST_PX * _STEP ** (level - 1))
        found = _cover(rows[here], columns[here], side, level, mask.shape)
        if level == 1 and len(found) > _CROWDED:
            found = _cover(rows[here], columns[here], round(side * _STEP), level, mask.shape)
        windows += found
    return Plan(tuple(windows), levels)


def _levels(mask: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Give the level of each label (count + 1,) uint8 from how thick and how long its hole is; 0 for the background."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rows, columns = np.nonzero(mask)
    label = labels[rows, columns]
    radius = np.zeros(count + 1)
    np.maximum.at(radius, label, distance[rows, columns])
    extent = np.zeros((2, count + 1))
    for axis, places in enumerate((rows, columns)):
        last, first = np.zeros(count + 1), np.full(count + 1, max(mask.shape))
        np.maximum.at(last, label, places + 1)
        np.minimum.at(first, label, places)
        extent[axis] = last - first
    side = np.maximum(SMALLEST_PX, _CONTEXT * 2 * radius)
    whole = extent.max(axis=0) / (1 - 2 * _MARGIN)
    side = np.where((whole <= _STRETCH * side) & (2 * radius > _THIN_PX), np.maximum(side, whole), side)
    level = 1 + np.ceil(np.log(side / SMALLEST_PX) / np.log(_STEP) - 1e-9)
    level[0] = 0
    return np.minimum(level, 255).astype(np.uint8)


def _cover(rows: np.ndarray, columns: np.ndarray, side: int, level: int, shape: tuple[int, ...]) -> list[Window]:
    """Cover pixels greedily, from the top and in each band from the left; each window is centered on what it covers."""
    margin = round(side * _MARGIN)
    windows = []
    while len(rows):
        top, bottom = _core(int(rows.min()), side, margin, shape[0])
        band = rows < bottom
        left, right = _core(int(columns[band].min()), side, margin, shape[1])
        inside = band & (columns < right)
        spans = [(int(places[inside].min()), int(places[inside].max()) + 1) for places in (rows, columns)]
        (top, bottom), (left, right) = (
            _centered(start, stop, side, length) for (start, stop), length in zip(spans, shape, strict=True)
        )
        outer = Box(left, top, right, bottom)
        core = Box(spans[1][0], spans[0][0], spans[1][1], spans[0][1])
        windows.append(Window(outer, core, level))
        rows, columns = rows[~inside], columns[~inside]
    return windows


def _core(start: int, side: int, margin: int, length: int) -> tuple[int, int]:
    """Along one axis, from ``start``: the stretch that one window can fill; no margin at the picture's edge."""
    first = min(max(0, start - margin), max(0, length - side))
    stop = first + side
    return start, length if stop >= length else stop - margin


def _centered(start: int, stop: int, side: int, length: int) -> tuple[int, int]:
    """Along one axis: the window around [start, stop), inside the picture."""
    first = min(max(0, (start + stop - side) // 2), max(0, length - side))
    return first, min(length, first + side)
