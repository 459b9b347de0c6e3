"""Faces of a picture painted on their own: cut out with a margin, at the size that networks paint best, blended back.

At the size that a face has among other things its features are no wider than a stroke.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.tasks.masks import feather_weights

FACE_PX = 512
"""Side of the square in which a smaller face is painted; a larger one gets up to twice as much."""

MAX_FACES = 16

_MARGIN = 0.45  # of a face's longer side, on each of its sides: hair, chin and ears
_FEATHER = 0.2  # share of the square's side over which the face goes over into the picture

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Square:
    """Where a face is cut out, (left, top, right, bottom) in px."""

    box: tuple[int, int, int, int]

    @property
    def side_px(self) -> int:
        """The longer side of what is cut out."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    @property
    def painted_px(self) -> int:
        """The same of that in which it is painted."""
        return min(max(self.side_px, FACE_PX), 2 * FACE_PX)


def squares(faces: Sequence[Box], height: int, width: int) -> list[Square]:
    """Place a square around each of the largest faces, as far as it lies in the picture.

    Args:
        faces: boxes in px, the largest first.
        height: of the picture in px.
        width: the same.

    Returns:
        As many as there may be; a face whose middle is outside is left out.
    """
    placed = []
    for left, top, right, bottom in faces[:MAX_FACES]:
        x, y = (left + right) / 2, (top + bottom) / 2
        if not (0 <= x < width and 0 <= y < height):
            continue
        half = (0.5 + _MARGIN) * max(right - left, bottom - top)
        box = (
            max(0, round(x - half)),
            max(0, round(y - half)),
            min(width, round(x + half)),
            min(height, round(y + half)),
        )
        placed.append(Square(box))
    return placed


def cut(x: Tensor, square: Square) -> Tensor:
    """Cut (1, 3, H, W) in [0, 1] out of a picture, enlarged or reduced to the size in which it is painted."""
    left, top, right, bottom = square.box
    part = x[..., top:bottom, left:right]
    scale = square.painted_px / square.side_px
    size = [max(1, round(side * scale)) for side in part.shape[-2:]]
    return F.interpolate(part, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def put_back(painted: Tensor, face: Tensor, square: Square) -> None:
    """Blend a face into a painted picture, in place; towards the square's sides inside the picture it fades.

    Args:
        painted: (1, 3, H, W) in [0, 1].
        face: (1, 3, h, w) in [0, 1], what was cut out, painted.
        square: where it was cut out.
    """
    left, top, right, bottom = square.box
    part = painted[..., top:bottom, left:right]
    height, width = part.shape[-2:]
    small = F.interpolate(face, size=(height, width), mode="bicubic", antialias=True).clamp(0, 1)
    feather_px = max(1, round(_FEATHER * square.side_px))
    inside = np.zeros((height, width), bool)
    first_row, first_column = feather_px * (top > 0), feather_px * (left > 0)
    end_row = height - feather_px * (bottom < painted.shape[-2])
    end_column = width - feather_px * (right < painted.shape[-1])
    inside[first_row:end_row, first_column:end_column] = True
    part.lerp_(small, torch.from_numpy(feather_weights(inside, feather_px)))
