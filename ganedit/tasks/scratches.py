"""Find scratches and dust on scans of old photos, as a proposal for the mask of a fill.

A scratch is a thin line that is brighter, or darker, than what lies on *both* sides of it; dust is a small spot of the
same kind. Both also exist as parts of pictures. So everything of that kind is collected at several strictnesses, and
each find is weighed by its length, width, straightness, contrast, the texture around it and how alike its two sides
are. The weights are a logistic regression, fitted to synthetic damage on photos by ``tools/fit_scratches.py``, which
uses the public names below `find_scratches`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

from ganedit.image import to_uint8

_ANALYZED_PX = 2_500_000
_SMALLEST_SIDE_PX = 16
_BLOCK_PX = 32
"""Side of the squares in which texture is measured."""

_LINE_PX = 11
"""Length over which brightness is averaged along a line. OpenCV filters larger kernels in a slower way."""

_DIRECTIONS = 12
_SIDE_PX = 3
"""How far from the middle of a line its two sides are looked at."""

_SPOT_PX = 13
"""Diameter that bright spots and lines stay below."""

_NOISE = 3.0
"""Levels of 255 that count as texture even in a flat place."""

_LINE_LEVELS = (1.4, 2.0, 2.8, 4.0, 6.0)
_SPOT_LEVELS = (1.5, 2.5, 4.0, 7.0)
"""Contrast over texture from which on pixels are joined to a find."""

_LEAST_PX = {"line": 8, "spot": 3}
_LONGEST_SPOT_PX = 16
_NEVER = -100.0

Weights: TypeAlias = dict[str, tuple[float, np.ndarray, np.ndarray]]
"""For "line" and "spot": bias, and for each feature of `Finds` (13,) weights of its value and of its square."""


class Finds(NamedTuple):
    """Connected pixels of one kind that stand out at one strictness: N pixels in K finds.

    Attributes:
        kind: "line" or "spot".
        inside: (N,) int, flat positions of the pixels.
        labels: (N,) int, the find that each pixel belongs to.
        features: (K, 13) float, what the weights weigh.
        usable: (K,) bool, whether a find has a plausible size.
    """

    kind: str
    inside: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    usable: np.ndarray


@dataclass(frozen=True)
class _Plane:
    """What speaks for bright marks in each pixel; arrays are (H, W) float32 in levels of 255.

    Attributes:
        brightness: the picture; inverted where dark marks are looked for.
        contrast: how far a line through the pixel rises above the higher one of its two sides.
        imbalance: how far these sides differ.
        rise: how far the pixel rises above all that is wider than a spot.
        relief: how much the surroundings, without spots and lines, vary.
    """

    brightness: np.ndarray
    contrast: np.ndarray
    imbalance: np.ndarray
    rise: np.ndarray
    relief: np.ndarray


def find_scratches(pixels: np.ndarray, sensitivity: float = 0.5) -> np.ndarray:
    """Propose a mask of scratches, hairs and dust.

    Lines of 1 to 6 pixels and spots of up to 10 pixels are found; pictures of more than 2.5 megapixels are looked at
    in a smaller copy that keeps thin marks.

    Args:
        pixels: (H, W, 3) uint8 or uint16.
        sensitivity: 0 marks only the obvious, 1 much that may belong to the picture. A higher value marks all that a
            lower one marks.

    Returns:
        (H, W) bool, with a rim of a pixel so that soft edges are covered.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < _SMALLEST_SIDE_PX:
        return np.zeros((height, width), bool)
    bright, dark = gray_planes(pixels)
    mask = marked(score(bright.shape, finds(bright, dark), WEIGHTS), sensitivity)
    if mask.shape != (height, width):
        mask = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return mask


def marked(odds: np.ndarray, sensitivity: float) -> np.ndarray:
    """Give the (H, W) bool mask, with its rim, of (H, W) log odds from `score`."""
    return cv2.dilate((odds >= 1.75 - 4.5 * sensitivity).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def gray_planes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give (h, w) uint8 gray and inverted gray; of a large picture reduced so that bright marks of both survive."""
    gray = np.asarray(cv2.cvtColor(to_uint8(pixels), cv2.COLOR_RGB2GRAY))
    ratio = (gray.size / _ANALYZED_PX) ** 0.5
    if ratio <= 1:
        return gray, 255 - gray
    gray = cv2.GaussianBlur(gray, (0, 0), 0.7)  # else the brightest grain of each cell would be taken
    size = (round(gray.shape[1] / ratio), round(gray.shape[0] / ratio))
    cell = np.ones((int(np.ceil(ratio)),) * 2, np.uint8)
    bright, dark = (
        cv2.resize(cv2.dilate(plane, cell), size, interpolation=cv2.INTER_NEAREST)
        for plane in (gray, cv2.bitwise_not(gray))
    )
    return bright, dark


def score(shape: tuple[int, ...], found: Iterable[Finds], weights: Weights) -> np.ndarray:
    """Give float32 log odds, (H, W) as ``shape`` says, that a pixel belongs to a scratch or to dust."""
    result = np.full(shape, _NEVER, np.float32)
    flat = result.reshape(-1)
    for kind, inside, labels, features, usable in found:
        bias, linear, square = weights[kind]
        odds = bias + features @ linear + features**2 @ square
        odds[~usable] = _NEVER
        flat[inside] = np.maximum(flat[inside], odds[labels])
    return result


def finds(bright: np.ndarray, dark: np.ndarray) -> Iterator[Finds]:
    """Collect what stands out in (H, W) uint8 gray and inverted gray, for both kinds at every strictness."""
    planes = [_plane(values) for values in (bright, dark)]
    for kind, levels, evidence in (
        ("line", _LINE_LEVELS, [plane.contrast for plane in planes]),
        ("spot", _SPOT_LEVELS, [plane.rise for plane in planes]),
    ):
        either = cv2.max(*evidence)
        texture = _texture(either)
        crowd = (either >= texture * (1.4 if kind == "line" else 2.0)).astype(np.float32)
        crowd = cv2.blur(crowd, (61, 61), borderType=cv2.BORDER_REFLECT)
        for plane, values in zip(planes, evidence, strict=True):
            ratio = values / texture
            if kind == "line":  # averaging along lines smears spots: only what rises itself belongs to a line
                ratio[plane.rise < 0.4 * plane.contrast] = 0
            for level in levels:
                yield _measured(kind, ratio >= level, level, plane, texture, crowd)


def _measured(
    kind: str, area: np.ndarray, level: float, plane: _Plane, texture: np.ndarray, crowd: np.ndarray
) -> Finds:
    """Split a bool area into finds and measure each."""
    count, found, stats, _ = cv2.connectedComponentsWithStats(area.astype(np.uint8), connectivity=8)
    inside = np.flatnonzero(area)
    labels = found.reshape(-1)[inside]
    areas = np.bincount(labels, minlength=count)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels, values, count) / np.maximum(areas, 1)

    def mean_of(values: np.ndarray) -> np.ndarray:
        return mean(values.reshape(-1)[inside])

    depth = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 3)
    shape = _shape(mean, inside % area.shape[1], inside // area.shape[1], areas, mean_of(depth))
    contrast, rise = mean_of(plane.contrast), mean_of(plane.rise)
    spread = np.sqrt(np.maximum(mean_of(plane.contrast**2) - contrast**2, 0))
    features = [
        *shape,
        np.full(count, np.log(level)),
        np.log(contrast + 1),
        spread / (contrast + 1),
        mean_of(plane.imbalance) / (contrast + 3),
        mean_of(crowd),
        mean_of(plane.brightness) / 255,
        np.log(mean_of(texture) + 1),
        np.log(rise + 1),
        mean_of(plane.relief) / (rise + 3),
    ]
    usable = areas >= _LEAST_PX[kind]
    usable[0] = False  # the background
    if kind == "spot":
        usable &= stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) <= _LONGEST_SPOT_PX
    return Finds(kind, inside, labels, np.stack(features, axis=1), usable)


def _shape(
    mean: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray, areas: np.ndarray, depth: np.ndarray
) -> list[np.ndarray]:
    """Give logarithms of length, width, main axis over side axis, and main axis over length: low where it bends."""
    mean_x, mean_y = mean(x), mean(y)
    xx, yy = mean(x.astype(float) ** 2) - mean_x**2, mean(y.astype(float) ** 2) - mean_y**2
    xy = mean(x.astype(float) * y) - mean_x * mean_y
    middle, swing = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    main, side = (np.sqrt(12 * np.maximum(variance, 0) + 1) for variance in (middle + swing, middle - swing))
    width = np.maximum(4 * depth - 1, 1)  # across a band the distance to its edge is a quarter of its width on average
    length = np.maximum(areas / width, 0.1)
    return [np.log(length), np.log(width), np.log(main / side), np.log(main / length)]


def _plane(values: np.ndarray) -> _Plane:
    """Look for bright marks in (H, W) uint8; thin lines at full size and wider ones at half the size."""
    height, width = values.shape
    brightness = values.astype(np.float32)
    contrast, imbalance = _ridges(cv2.GaussianBlur(brightness, (0, 0), 0.8))
    half = cv2.resize(brightness, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    wide, wide_imbalance = (
        cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
        for found in _ridges(cv2.GaussianBlur(half, (0, 0), 0.7))
    )
    imbalance = np.where(wide > contrast, wide_imbalance, imbalance)
    smooth = cv2.GaussianBlur(values, (0, 0), 0.7)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_SPOT_PX, _SPOT_PX))
    ground = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, disc)
    relief = cv2.morphologyEx(ground, cv2.MORPH_GRADIENT, np.ones((9, 9), np.uint8))
    rise = cv2.subtract(smooth, ground).astype(np.float32)
    return _Plane(brightness, cv2.max(contrast, wide), imbalance, rise, relief.astype(np.float32))


def _ridges(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of (H, W) float32 the line through it that rises most above both its sides.

    Returns:
        (H, W) float32 rise above the higher side, at least 0, and the difference of the two sides.
    """
    height, width = values.shape
    best, imbalance = np.zeros_like(values), np.zeros_like(values)
    for kernel, (dx, dy) in _lines():
        along = cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REFLECT)
        wide = cv2.copyMakeBorder(along, _SIDE_PX, _SIDE_PX, _SIDE_PX, _SIDE_PX, cv2.BORDER_REFLECT)
        left, right = (wide[_SIDE_PX + sign * dy :, _SIDE_PX + sign * dx :][:height, :width] for sign in (1, -1))
        rise = cv2.subtract(along, cv2.max(left, right))
        better = cv2.compare(rise, best, cv2.CMP_GT)
        cv2.copyTo(rise, better, best)
        cv2.copyTo(cv2.absdiff(left, right), better, imbalance)
    return best, imbalance


@cache
def _lines() -> list[tuple[np.ndarray, tuple[int, int]]]:
    """For each direction a kernel that averages along it, and the step (dx, dy) to the side of the line."""
    reach = _LINE_PX // 2
    result = []
    for angle in np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS:
        dx, dy = np.cos(angle), np.sin(angle)
        steps = np.arange(-reach, reach + 1) / max(abs(dx), abs(dy))
        # A step of one pixel along the longer axis; along the other one two neighbors share it.
        distance_x = np.abs(np.arange(-reach, reach + 1)[None, :] - dx * steps[:, None])
        distance_y = np.abs(np.arange(-reach, reach + 1)[None, :] - dy * steps[:, None])
        kernel = np.maximum(1 - distance_y, 0).T @ np.maximum(1 - distance_x, 0)
        kernel[kernel < 1e-6] = 0
        side = (round(-dy * _SIDE_PX), round(dx * _SIDE_PX))
        result.append(((kernel / kernel.sum()).astype(np.float32), side))
    return result


def _texture(values: np.ndarray) -> np.ndarray:
    """Give the usual size of (H, W) float32 ``values`` around each pixel; a few lines and spots do not raise it."""
    height, width = values.shape
    rows, columns = -(-height // _BLOCK_PX), -(-width // _BLOCK_PX)
    pad = (0, rows * _BLOCK_PX - height, 0, columns * _BLOCK_PX - width)
    blocks = cv2.copyMakeBorder(values, *pad, cv2.BORDER_REPLICATE).reshape(rows, _BLOCK_PX, columns, _BLOCK_PX)
    blocks = blocks.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    rank = int(0.75 * _BLOCK_PX**2)
    usual = np.ascontiguousarray(np.partition(blocks, rank, axis=2)[..., rank])
    usual = cv2.blur(cv2.medianBlur(usual, 3), (3, 3), borderType=cv2.BORDER_REFLECT)
    usual = cv2.resize(usual, (columns * _BLOCK_PX, rows * _BLOCK_PX), interpolation=cv2.INTER_LINEAR)
    return usual[:height, :width] + _NOISE


WEIGHTS: Weights = {
    "line": (
        -11.659,
        np.array([0.489, 10.096, -2.004, 0.822, -1.565, 0.249, -0.575, -7.219, -1.761, -1.792, -2.847, 3.247, 0.943]),
        np.array([-0.068, -3.179, 0.408, -0.405, -0.092, 0.301, 6.902, 1.787, -12.571, 4.958, -0.309, -0.174, -0.216]),
    ),
    "spot": (
        -14.103,
        np.array([0.058, 7.343, -0.975, -2.305, -2.887, -1.633, -4.047, -0.084, -1.550, -4.513, -1.202, 5.938, 0.222]),
        np.array([-0.473, -2.064, 1.026, 0.542, -0.279, 0.216, 3.502, 0.014, -8.749, 5.945, -0.710, 0.055, -0.057]),
    ),
}
