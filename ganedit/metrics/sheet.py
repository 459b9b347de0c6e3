"""Does the generator invent or repeat? Fakes beside the real pictures nearest to them, and which are near copies."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from ganedit.metrics.neighbors import kth_distances, nearest

_PERCENTILE = 1.0
_GAP_PX = 4
_BREAK_PX = 12  # between a fake and its real neighbors
_PAPER = (255, 255, 255)


def find_copies(*, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Tell which fakes are nearer to a real picture than real pictures, but for 1 % of them, ever are to each other.

    New real pictures would be told so at a rate of about 0.01.

    Args:
        real: (N, D) features, N >= 2.
        fake: (M, D) features.

    Returns:
        (M,) bool.
    """
    closest = np.percentile(kth_distances(real, 1), _PERCENTILE)
    return nearest(fake, real)[0][:, 0] <= closest


def most_suspicious(*, real: np.ndarray, fake: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose what to show: the fakes that are nearest to a real picture, nearest first.

    Args:
        real: (N, D) features.
        fake: (M, D) features.
        rows: fakes to choose; fewer if there are fewer.
        columns: real neighbors of each; fewer if there are fewer.

    Returns:
        (rows,) indices of fakes, and (rows, columns) indices of their real neighbors, nearest first.
    """
    distances, neighbors = nearest(fake, real, min(columns, len(real)))
    chosen = np.argsort(distances[:, 0], kind="stable")[:rows]
    return chosen, neighbors[chosen]


def as_tile(pixels: np.ndarray, side_px: int = 96) -> Image.Image:
    """Fit a picture of any size, (H, W, 3) uint8, into a square."""
    return ImageOps.pad(Image.fromarray(pixels), (side_px, side_px), Image.Resampling.LANCZOS, _PAPER)


def draw_sheet(fakes: Sequence[Image.Image], neighbors: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Lay out a row a fake: the fake at the left, then, after a gap, its nearest real pictures.

    Args:
        fakes: tiles of one size, at least one.
        neighbors: tiles of the real pictures nearest to each fake, nearest first.
    """
    side, columns = fakes[0].width, max(map(len, neighbors))
    width = side + _BREAK_PX + columns * (side + _GAP_PX) - _GAP_PX
    sheet = Image.new("RGB", (width, len(fakes) * (side + _GAP_PX) - _GAP_PX), _PAPER)
    for row, (fake, reals) in enumerate(zip(fakes, neighbors, strict=True)):
        for column, tile in enumerate([fake, *reals]):
            left = column * (side + _GAP_PX) + (_BREAK_PX - _GAP_PX if column else 0)
            sheet.paste(tile, (left, row * (side + _GAP_PX)))
    return sheet
