"""Data sets that need no download: they are drawn on the spot, always the same ones, and free to use."""

import colorsys
import math
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from ganedit.errors import BadDataError
from ganedit.models.sources import cache_dir

SHAPES = "shapes"
SIDE_PX = 64

_VERSION = 1  # counts up when other pictures are drawn
_COUNT = 2000
_SEED = 20
_FINER = 4  # outlines are drawn this many times as large, which smooths their edges
_LICENSE = """Shapes, drawn by ganedit.
License: CC0 1.0 Universal, https://creativecommons.org/publicdomain/zero/1.0/
"""

Outline = Sequence[tuple[float, float]]


def locate(data: Path) -> Path:
    """Find training data: a path, or the name of a data set that is drawn here once and kept in the cache.

    Args:
        data: a folder or zip; or ``shapes``, where there is nothing of that name.

    Returns:
        ``data`` itself, or the folder with the drawn pictures.

    Raises:
        BadDataError: the cache cannot be written.
    """
    if str(data) != SHAPES or data.exists():
        return data
    folder = cache_dir() / "data" / f"{SHAPES}-{_VERSION}"
    if not folder.is_dir():
        try:
            _draw_all(folder)
        except OSError as error:
            raise BadDataError(
                f"The pictures cannot be written to {folder.parent} ({error.strerror or 'unknown reason'}), set "
                "GANEDIT_WEIGHTS to a folder of yours."
            ) from error
    return folder


def _draw_all(folder: Path) -> None:
    """Write 2,000 pictures in a sub-folder a class, all or none."""
    fresh = folder.with_name(f".{uuid.uuid4().hex}.part")
    fresh.mkdir(parents=True)
    try:
        (fresh / "LICENSE.txt").write_text(_LICENSE, "utf-8")
        for name in OUTLINES:
            (fresh / name).mkdir()
        for number in range(_COUNT):
            name = list(OUTLINES)[number % len(OUTLINES)]
            draw_shape(name, number).save(fresh / name / f"{number:04d}.png")
        with suppress(OSError):  # another process was faster, and its pictures are the same
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def draw_shape(name: str, number: int) -> Image.Image:
    """Draw one shape in one color on a soft ground of another, 64x64.

    Args:
        name: a key of `OUTLINES`.
        number: decides colors, size, place and turn.
    """
    chance = np.random.default_rng([_SEED, number])
    hue = chance.uniform()
    ground = _gradient(
        _color(hue, chance.uniform(0.1, 0.3), 0.98), _color(hue + 0.06, chance.uniform(0.2, 0.45), 0.85), chance
    )
    hue, value = hue + chance.uniform(0.25, 0.75), chance.uniform(0.6, 0.95)
    ink = _gradient(_color(hue, 0.75, value), _color(hue + 0.03, 0.9, value * 0.8), chance)
    return Image.composite(ink, ground, _mask(OUTLINES[name](), chance))


def _color(hue: float, saturation: float, value: float) -> np.ndarray:
    return 255 * np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _gradient(first: np.ndarray, last: np.ndarray, chance: np.random.Generator) -> Image.Image:
    """Go from one color to the other from the upper to the lower edge, more or less slanted."""
    down, right = np.mgrid[:SIDE_PX, :SIDE_PX] / (SIDE_PX - 1)
    slant = chance.uniform(-0.4, 0.4)
    share = np.clip(down + slant * (right - 0.5), 0, 1)[..., None]
    return Image.fromarray(np.rint(first + (last - first) * share).astype(np.uint8))


def _mask(outline: tuple[Outline, Outline], chance: np.random.Generator) -> Image.Image:
    """Turn, scale and move an outline with its hole, and fill it smoothly: mode L, 255 inside."""
    side_px = SIDE_PX * _FINER
    size_px = chance.uniform(0.28, 0.38) * side_px
    middle = side_px / 2 + chance.uniform(-0.08, 0.08, 2) * side_px
    turn = chance.uniform(-0.35, 0.35)
    turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    inside, hole = (_filled(np.array(part).reshape(-1, 2) @ turned * size_px + middle, side_px) for part in outline)
    return ImageChops.subtract(inside, hole).reduce(_FINER)


def _filled(corners: np.ndarray, side_px: int) -> Image.Image:
    mask = Image.new("L", (side_px, side_px))
    if len(corners):
        ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return mask


# ---------------------------------------------------------------------- outlines, in about -1 to 1, y downwards


def _round(radius: float = 1.0, corners: int = 64) -> Outline:
    angles = [2 * math.pi * index / corners for index in range(corners)]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for angle in angles]


def _star() -> Outline:
    return [(x * r, y * r) for (x, y), r in zip(_round(1.15, 10), [1.0, 0.45] * 5, strict=True)]


def _heart() -> Outline:
    angles = [2 * math.pi * index / 64 for index in range(64)]
    return [
        (
            math.sin(a) ** 3,
            -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16,
        )
        for a in angles
    ]


def _cross() -> Outline:
    arm = [(-0.33, -1.0), (0.33, -1.0), (0.33, -0.33), (1.0, -0.33), (1.0, 0.33), (0.33, 0.33)]
    return [*arm, *[(-x, -y) for x, y in arm]]


def _square(half: float) -> Outline:
    return [(-half, -half), (half, -half), (half, half), (-half, half)]


OUTLINES: Mapping[str, Callable[[], tuple[Outline, Outline]]] = {
    "circle": lambda: (_round(0.95), ()),
    "cross": lambda: (_cross(), ()),
    "heart": lambda: (_heart(), ()),
    "moon": lambda: (_round(), [(x + 0.55, y - 0.15) for x, y in _round(0.85)]),
    "ring": lambda: (_round(), _round(0.55)),
    "square": lambda: (_square(0.8), ()),
    "star": lambda: (_star(), ()),
    "triangle": lambda: (_round(1.1, 3), ()),
}
"""What can be drawn: an outline and the hole in it."""
