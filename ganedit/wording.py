"""What people write, turned into what requests hold."""

import re
from collections.abc import Mapping

from ganedit.errors import BadRequestError

POSITIONS: Mapping[str, float] = {"center": 0.5, "left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0}
"""Where a picture may stand on a canvas of another aspect ratio: the share of what is added that comes before it."""


def parse_aspect(text: str) -> float:
    """Read an aspect ratio such as ``"16:9"``, ``"4x3"`` or ``"1.5"``.

    Raises:
        BadRequestError: it is none, or more extreme than 1:10.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:[:x/]\s*(\d+(?:\.\d+)?))?\s*", text)
    aspect = float(found[1]) / (float(found[2] or 1) or 1e-9) if found else 0.0
    if not 0.1 <= aspect <= 10:
        raise BadRequestError(f"An aspect ratio is width to height, such as 16:9, and at most 10:1, not {text[:20]!r}.")
    return aspect


def sides_for(size: tuple[int, int], aspect: float, position: str = "center") -> dict[str, int]:
    """Say what to add to a picture so that it gets another aspect ratio.

    Args:
        size: (width, height) of the picture in pixels.
        aspect: wanted width over height.
        position: one of ``POSITIONS``; on a wider canvas "top" means "left", on a taller one "left" means "top".

    Returns:
        Pixels for ``left``, ``top``, ``right`` and ``bottom``.

    Raises:
        BadRequestError: the position is unknown, or the picture has that aspect ratio.
    """
    if position not in POSITIONS:
        raise BadRequestError(f"A position is one of {', '.join(POSITIONS)}, not {position[:20]!r}.")
    width, height = size
    wider, taller = max(0, round(height * aspect) - width), max(0, round(width / aspect) - height)
    if not wider and not taller:
        raise BadRequestError("The picture has this aspect ratio already, choose another one.")
    place = POSITIONS[position]
    left, top = round(wider * place), round(taller * place)
    return {"left": left, "top": top, "right": wider - left, "bottom": taller - top}


def parse_shares(text: str) -> dict[str, float]:
    """Read the styles that are asked for: a name, or several as in ``van-gogh=2, cartoon=1``.

    Raises:
        BadRequestError: a share is no number.
    """
    shares = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, share = part.partition("=")
        try:
            shares[name.strip()] = float(share) if equals else 1.0
        except ValueError:
            raise BadRequestError(f"{part[:60]} is no share of a style; write it as van-gogh=2, cartoon=1.") from None
    return shares
