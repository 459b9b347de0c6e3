"""The edits that can be asked for, one small frozen request a task, and what comes back.

A request is plain data: everything in it but the pictures can be written as JSON, and the same request on the same
picture gives the same result.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from ganedit.image import Picture

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


Request = EnhanceRequest


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
    """

    images: tuple[Picture, ...]
    request: Request
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


def settings_of(request: Request) -> dict[str, Any]:
    """Give everything in a request but its pictures, ready for JSON."""
    plain: dict[str, Any] = {"task": type(request).__name__.removesuffix("Request").lower()}
    for field in dataclasses.fields(request):
        value = getattr(request, field.name)
        if isinstance(value, Adjustments | Compute):
            plain[field.name] = dataclasses.asdict(value)
        elif not isinstance(value, Picture):
            plain[field.name] = value
    return plain
