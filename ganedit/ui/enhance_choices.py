"""What the controls of the Enhance tab say, as plain data, and the request that follows from it."""

from dataclasses import dataclass
from typing import cast

from ganedit.errors import BadRequestError
from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.requests import AUTO_MODEL, Adjustments, Compute, EditResult, EnhanceRequest, Precision
from ganedit.ui.file_choices import FileChoices

DRAWING_MODEL = "realesr-animevideov3"
CUSTOM_SCALE = "size"
SCALES = ("1", "2", "3", "4")
PICK = "pick"


@dataclass(frozen=True)
class Choices(FileChoices):
    """One field a control, with the value that the page starts with; those of the file are inherited.

    Attributes:
        model: id of a model, ``AUTO_MODEL`` or ``NO_MODEL``.
        scale: ``"1"`` to ``"4"``, or ``"size"``, which takes ``width`` and ``height``.
        width, height: pixels of the result.
        denoise: 0 to 1, used by models with a twin.
        guard: keep the colors of the original.
        brightness, contrast, saturation, sharpness, gamma: see ``Adjustments``.
        balance: ``"none"``, ``"gray-world"`` or ``"pick"``, which takes ``spot``.
        spot: ``"#rrggbb"`` of the spot that was clicked; empty before.
        precision, tile: see ``Compute``; tile 0 is automatic.
    """

    model: str = AUTO_MODEL
    scale: str = "4"
    width: float | None = 2048
    height: float | None = 2048
    denoise: float = 0.5
    guard: bool = True
    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    sharpness: float = 1.0
    gamma: float = 1.0
    balance: str = "none"
    spot: str = ""
    precision: str = "auto"
    tile: float | None = 0

    @property
    def adjustments(self) -> Adjustments:
        """Tone and color; a spot that was not clicked yet changes nothing."""
        balance = (self.spot or "none") if self.balance == PICK else self.balance
        return Adjustments(
            self.brightness, self.contrast, self.saturation, self.sharpness, self.gamma, white_balance=balance
        )

    def request(self, image: Picture, card: ModelCard | None) -> EnhanceRequest:
        """Give the request for a picture.

        Args:
            image: the picture; for an estimate one that only has the size.
            card: the model's card; None without a model.

        Raises:
            BadRequestError: a size was asked for and not given.
        """
        return EnhanceRequest(
            image=image,
            model=self.model,
            scale=1.0 if self.scale == CUSTOM_SCALE else float(self.scale),
            size=self._size() if self.scale == CUSTOM_SCALE else None,
            denoise=self.denoise if card and card.twin else None,
            adjust=self.adjustments,
            color_guard=self.guard,
            compute=Compute(
                precision=cast(Precision, self.precision),
                tile_px=int(self.tile) if self.tile else None,
                bit_depth=self.save_options.bit_depth,
            ),
        )

    def result_size(self, width: int, height: int) -> tuple[int, int]:
        """Give (width, height) in pixels of the result for a picture of that size."""
        if self.scale == CUSTOM_SCALE:
            return self._size()
        return round(width * float(self.scale)), round(height * float(self.scale))

    def _size(self) -> tuple[int, int]:
        if not self.width or not self.height or self.width < 1 or self.height < 1:
            raise BadRequestError("Give the width and the height of the result in pixels, or choose a factor.")
        return int(self.width), int(self.height)


def preset(scale: str, offered: tuple[str, ...], fits: int) -> str:
    """Give the scale to start with: the wished one, or a smaller one that is offered and whose result may be made.

    Args:
        scale: what was wished for.
        offered: scales of the model.
        fits: the largest whole scale within the limit.
    """
    if scale not in offered:
        scale = offered[-1] if CUSTOM_SCALE not in offered else Choices.scale
    return scale if scale == CUSTOM_SCALE else str(min(int(scale), fits))


def scales_for(card: ModelCard | None) -> tuple[str, ...]:
    """Give the scales a model is offered with: a restoring network (scale 1) does not enlarge."""
    return ("1",) if card is not None and card.scale == 1 else (*SCALES, CUSTOM_SCALE)


def download_stem(name: str, result: EditResult) -> str:
    """Name the file after what was done to the picture: ``photo-x4``, ``photo-800x600``, ``photo-edited``."""
    request = cast(EnhanceRequest, result.request)
    if request.size:
        return f"{name}-{request.size[0]}x{request.size[1]}"
    scale = request.scale or result.images[0].width / request.image.width  # without one, the model's own
    return f"{name}-x{scale:g}" if scale != 1 else f"{name}-edited"
