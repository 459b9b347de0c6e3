"""The edits that can be asked for, one small frozen request a task, and what comes back.

A request is plain data: everything in it but the pictures can be written as JSON, and the same request on the same
picture gives the same result.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganedit.errors import BadRequestError
from ganedit.image import Picture

MAX_COUNT = 64
"""New pictures that may be asked for at once."""

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Compute:
    """How to compute; changes time and memory, and the result only by rounding.

    Attributes:
        precision: ``auto`` takes bfloat16 where the processor has it.
        tile_px: side of a tile in input pixels; None chooses for the network.
        bit_depth: bits a channel of the result; None keeps the picture's.
    """

    precision: Precision = "auto"
    tile_px: int | None = None
    bit_depth: Literal[8, 16] | None = None


@dataclass(frozen=True)
class Adjustments:
    """Tone and color changes, applied after the network. The defaults change nothing.

    Attributes:
        brightness: -1 to 1, added in steps of half the range.
        contrast: 0 to 2, factor around middle gray.
        saturation: 0 to 2, factor around the luminance; 0 is gray.
        sharpness: 0 to 2; above 1 sharpens, below 1 blurs.
        gamma: 0.2 to 5; above 1 lifts the shadows.
        white_balance: ``"none"``, ``"gray-world"``, or the ``"#rrggbb"`` of a spot that should be neutral.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    sharpness: float = 1.0
    gamma: float = 1.0
    white_balance: str = "none"


@dataclass(frozen=True)
class EnhanceRequest:
    """Upscale, restore and adjust one picture.

    Attributes:
        image: the picture.
        model: id of an ``enhance`` model; ``"none"`` only resizes (bicubic) and adjusts.
        scale: output side over input side, 1 to 8; None is the model's own. A 4x network asked for 2x or 3x is reduced.
        size: exact (width, height) in pixels, overrides ``scale``.
        denoise: 0 to 1, for models that have a ``twin``; None leaves the model as it is.
        adjust: tone and color, after the network.
        color_guard: make the low frequencies follow the input.
        compute: precision and tile.
    """

    image: Picture
    model: str = "realesr-animevideov3"
    scale: float | None = None
    size: tuple[int, int] | None = None
    denoise: float | None = None
    adjust: Adjustments = Adjustments()
    color_guard: bool = True
    compute: Compute = Compute()


@dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value
class InpaintRequest:
    """Fill holes in a picture; everything else stays as it is, bit for bit.

    Attributes:
        image: the picture.
        mask: (H, W) bool at the picture's size, True = fill.
        model: id of an ``inpaint`` model.
        grow_px: widens the mask by so many pixels before anything else; negative narrows it.
        feather_px: width of the band outside the mask over which the fill fades into the picture; 0 changes nothing
            outside.
        detail: give the fill of a hole that is larger than the network's own size fine detail by an Enhance network.
    """

    image: Picture
    mask: np.ndarray
    model: str = "migan-512"
    grow_px: int = 0
    feather_px: int = 0
    detail: bool = True


@dataclass(frozen=True)
class OutpaintRequest:
    """Continue a picture beyond its edges.

    Attributes:
        image: the picture, which comes back unchanged inside the result.
        left, top, right, bottom: pixels to add on each side.
        model: id of an ``inpaint`` model.
        detail: see ``InpaintRequest``.
    """

    image: Picture
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0
    model: str = "migan-512"
    detail: bool = True


@dataclass(frozen=True)
class GenerateRequest:
    """Draw new pictures; what is left open is drawn by the seed.

    Attributes:
        model: id of a ``generate`` model.
        seed: of the first picture; the next one has the next seed.
        count: how many pictures, up to ``MAX_COUNT``.
        class_name: for a model that is told a class.
        attributes: values by attribute, for a model that is told attributes.
        text: for a model that is told words.
    """

    model: str
    seed: int = 0
    count: int = 1
    class_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


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


Request = EnhanceRequest | InpaintRequest | OutpaintRequest | GenerateRequest


@dataclass(frozen=True)
class Progress:
    """Where a running edit stands.

    Attributes:
        done, total: finished and planned steps (tiles).
        seconds_left: estimate, None before the first one exists.
        stage: what is being done, one of the keys of the page's string table.
    """

    done: int
    total: int
    seconds_left: float | None
    stage: str


@dataclass(frozen=True)
class EditResult:
    """The outcome of one edit.

    Attributes:
        images: the pictures made, best first.
        request: what was asked.
        model: id of the model used, with its weights' hash after ``@``; ``"none"`` without a network.
        seconds: wall-clock time of the edit, loading excluded.
        notes: sentences the user should read (what was done differently, and why).
        scores: what was measured on the result, by name: ``seam`` is the color step across the edge of a fill over
            that of the surroundings, so 1 cannot be seen.
    """

    images: tuple[Picture, ...]
    request: Request
    model: str
    seconds: float
    notes: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def edited(self) -> Picture:
        """The picture that was edited.

        Raises:
            ValueError: there was none, the result is a new picture.
        """
        if isinstance(self.request, GenerateRequest):
            raise ValueError("A new picture was made from nothing.")
        return self.request.image


def settings_of(request: Request) -> dict[str, Any]:
    """Give everything in a request but its pictures and masks, ready for JSON."""
    plain: dict[str, Any] = {"task": type(request).__name__.removesuffix("Request").lower()}
    for name in (each.name for each in dataclasses.fields(request)):
        value = getattr(request, name)
        if isinstance(value, Adjustments | Compute):
            plain[name] = dataclasses.asdict(value)
        elif not isinstance(value, Picture | np.ndarray):
            plain[name] = value
    return plain
