"""The edits that can be asked for, one small frozen request a task, and what comes back.

A request is plain data: everything in it but the pictures can be written as JSON, and the same request on the same
picture gives the same result.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganedit.errors import BadRequestError
from ganedit.image import Picture

MAX_COUNT = 64
"""New pictures that may be asked for at once."""

AUTO_MODEL = "auto"
"""In the place of an Enhance model's id: the engine chooses by the picture and by how fast this machine is."""

NO_MODEL = "none"
"""In the place of an Enhance model's id: resize and adjust, without a network."""

SAME_MODEL = "same"
"""In the place of a model's id: the one that paints the rest."""

ANY_STYLE_MODEL = "magenta-any-style"
"""Paints in the style of any picture."""

MAX_TOLD_LETTERS = 1000
"""Letters of all that a generator is told: its text encoder reads no more."""

MAX_BRUSH = 8.0

MAX_FRAMES = 240
"""Frames of a clip, and of a way from one picture to another."""

MAX_FRAME_PIXELS = 2_100_000
"""Pixels of a frame of a clip that is repainted: full HD."""

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
        model: id of an ``enhance`` model; ``NO_MODEL`` only resizes (Lanczos) and adjusts; see ``AUTO_MODEL``.
        scale: output side over input side, 1 to 8; None is the model's own, or the largest whole one below it that fits
            the limit. A 4x network asked for 2x or 3x is reduced.
        size: exact (width, height) in pixels, overrides ``scale``.
        denoise: 0 to 1, for models that have a ``twin``; None leaves the model as it is.
        adjust: tone and color, after the network.
        color_guard: make the low frequencies follow the input.
        compute: precision and tile.
    """

    image: Picture
    model: str = AUTO_MODEL
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
class Guide:
    """A picture that a new one starts from.

    Attributes:
        image: the picture; a smaller or larger one is resized to what the model draws, at its own shape.
        strength: above 0 to 1, how little of it may be left.
    """

    image: Picture
    strength: float = 0.6


@dataclass(frozen=True)
class StylizeRequest:
    """Repaint a picture.

    Attributes:
        image: the picture.
        style: the picture whose style it gets, for a model that takes any.
        model: id of a ``stylize`` model.
        strength: 0 leaves the picture as it is, 1 is all of the style.
        keep_colors: take light and shade from the style's painting, and the colors from the picture.
        brush: 1 to 8: how many times as coarse the strokes are as the model's own.
        shares: for a model with styles of its own, how much of each; empty for its first one.
        faces: id of the model that paints the faces found in the picture, larger and on their own, or ``SAME_MODEL``;
            empty if they are painted like the rest.
    """

    image: Picture
    style: Picture | None = None
    model: str = "ganedit-painter"
    strength: float = 1.0
    keep_colors: bool = False
    brush: float = 1.0
    shares: Mapping[str, float] = field(default_factory=dict)
    faces: str = ""


@dataclass(frozen=True)
class ClipRequest:
    """Repaint the frames of a clip, steadily: what does not move does not flicker.

    Attributes:
        frames: all of one size, at most ``MAX_FRAMES``.
        how: as for a single picture, which is the first frame.
    """

    frames: Sequence[Picture]
    how: StylizeRequest

    @property
    def image(self) -> Picture:
        """The first frame."""
        return self.frames[0]


@dataclass(frozen=True)
class Told:
    """What a generator is told to draw; only what the model understands may be given.

    Attributes:
        class_name: for a model that is told a class.
        attributes: values by attribute, for a model that is told attributes.
        text: for a model that is told words; one that is told attributes looks for them in the words.
    """

    class_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse more than a generator reads, before any work is done with it.

        Raises:
            BadRequestError: it is too long.
        """
        parts = (self.class_name or "", self.text or "", *self.attributes, *self.attributes.values())
        letters = sum(map(len, parts))
        if letters > MAX_TOLD_LETTERS:
            raise BadRequestError(
                f"At most {MAX_TOLD_LETTERS} letters say what to draw, not {letters}; say it in fewer words."
            )


@dataclass(frozen=True)
class Latent:
    """Where among all that it can draw a generator draws; by default wherever the seed falls.

    Attributes:
        truncation: below 1 closer to the average picture, better and less varied; 0 is the average itself.
        near: seed of a picture to stay near to; the picture's own seed then only says in which direction it departs.
        distance: how far from ``near``: 0 is that picture, 1 is as far as any other.
        mix_seed: seed of the picture whose style the fine levels take.
        mix_level: the first of these levels; level 0 draws 4 px.
        moves: steps along the generator's principal directions, the first one first.
        style: (levels, S) float32 instead of the seed's own style, as a projected photo has one.
    """

    truncation: float = 1.0
    near: int | None = None
    distance: float = 0.3
    mix_seed: int | None = None
    mix_level: int = 2
    moves: tuple[float, ...] = ()
    style: np.ndarray | None = None


@dataclass(frozen=True)
class GenerateRequest:
    """Draw new pictures; what is left open is drawn by the seed.

    Attributes:
        model: id of a ``generate`` model.
        seed: of the first picture; the next one has the next seed.
        count: how many pictures, up to ``MAX_COUNT``.
        told: what to draw.
        guide: for a model that can start from a picture; None starts from noise.
        latent: where in its latent space.
        upscale: 1, or 4 to let Enhance's network take each picture to four times its size.
    """

    model: str
    seed: int = 0
    count: int = 1
    told: Told = field(default_factory=Told)
    guide: Guide | None = None
    latent: Latent = field(default_factory=Latent)
    upscale: int = 1


@dataclass(frozen=True)
class InterpolateRequest:
    """Draw the way from one picture to another, as frames.

    Attributes:
        start: the first picture; ``count`` is ignored.
        end: the last one, of the same model.
        frames: how many pictures, both ends included, up to ``MAX_FRAMES``.
    """

    start: GenerateRequest
    end: GenerateRequest
    frames: int = 24


@dataclass(frozen=True)
class ProjectRequest:
    """Find the style with which a generator draws a photo as closely as it can.

    Attributes:
        image: the photo; its middle square is looked at.
        model: id of a ``generate`` model whose generator draws in two steps.
        steps: of the search.
    """

    image: Picture
    model: str
    steps: int = 150


Request = (
    EnhanceRequest
    | InpaintRequest
    | OutpaintRequest
    | StylizeRequest
    | ClipRequest
    | GenerateRequest
    | InterpolateRequest
    | ProjectRequest
)


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
            that of the surroundings, so 1 cannot be seen; ``reach`` is how far a projected photo is from its picture,
            over the distance between two unrelated pictures of the generator.
        style: (levels, S) float32, where a projected photo was found.
    """

    images: tuple[Picture, ...]
    request: Request
    model: str
    seconds: float
    notes: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    style: np.ndarray | None = None

    def alone(self, index: int) -> "EditResult":
        """Give one of several new pictures as if it had been drawn by itself: so its file can say how."""
        request = self.request
        if isinstance(request, GenerateRequest):
            request = dataclasses.replace(request, seed=request.seed + index, count=1)
        return dataclasses.replace(self, images=(self.images[index],), request=request)

    @property
    def edited(self) -> Picture:
        """The picture that was edited.

        Raises:
            ValueError: there was none, the result is a new picture.
        """
        if isinstance(self.request, GenerateRequest | InterpolateRequest):
            raise ValueError("A new picture was made from nothing.")
        return self.request.image


def settings_of(request: Request) -> dict[str, Any]:
    """Give everything in a request but its pictures, frames and arrays, ready for JSON."""
    return {"task": type(request).__name__.removesuffix("Request").lower(), **_plain(request)}


def _plain(values: Any) -> dict[str, Any]:
    plain = {each.name: getattr(values, each.name) for each in dataclasses.fields(values)}
    return {
        name: _plain(value) if dataclasses.is_dataclass(value) else value
        for name, value in plain.items()
        if not isinstance(value, Picture | np.ndarray) and name != "frames"
    }
