"""What an enhancement does where its request leaves it open: which model, and how large. Every door asks here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ganedit.errors import BadRequestError, TooLargeError, UnknownModelError
from ganedit.image import MAX_SIDE_PX
from ganedit.models.registry import Registry
from ganedit.requests import AUTO_MODEL, NO_MODEL, EnhanceRequest

PHOTO_MODEL = "realesrgan-x4plus"
"""What photos are enlarged with where nothing else is asked for. The faster network was trained on drawings alone."""

PATIENCE_SECONDS = 20.0
"""A network that takes longer for a picture is not chosen unasked."""

_LARGEST_SCALE = 8

OWN_SCALE = 4
"""The scale of the models that are chosen here, taken without a network too."""


@dataclass(frozen=True)
class Settled:
    """A request that leaves nothing open.

    Attributes:
        request: its model and its scale or size are named.
        notes: sentences for the reader: what was chosen, and why.
        seconds: that ``PHOTO_MODEL`` would take, where it was passed over for that; else None.
    """

    request: EnhanceRequest
    notes: tuple[str, ...] = ()
    seconds: float | None = None


def settle(
    request: EnhanceRequest,
    registry: Registry,
    limit_megapixels: float,
    seconds_for: Callable[[EnhanceRequest], float],
) -> Settled:
    """Choose what a request leaves open; what it names stays, even if it cannot be done.

    Args:
        request: any; a scale of None becomes the model's own, or the largest whole one that fits the limit.
        registry: knows which models are here.
        limit_megapixels: largest result.
        seconds_for: tells how long a request with a model takes on this machine.

    Raises:
        UserError: the model is unknown, or cannot be tried.
    """
    own = OWN_SCALE if request.model == AUTO_MODEL else _scale_of(request.model, registry)
    settled = _with_model(request, registry, seconds_for) if request.model == AUTO_MODEL else Settled(request)
    if request.scale is not None or request.size is not None:
        return settled
    picture = request.image
    scale = fitting_scale((picture.width, picture.height), own, limit_megapixels)
    notes = settled.notes
    if scale < own:
        size = f"{picture.width * own}x{picture.height * own} pixels"
        limit = f"{limit_megapixels:g} megapixels, {MAX_SIDE_PX} a side"
        notes += (
            f"At {own} times its size the picture would have {size} and the limit is {limit}: it is {scale} times as "
            "large.",
        )
    return replace(settled, request=replace(settled.request, scale=float(scale)), notes=notes)


def fitting_scale(size: tuple[int, int], wanted: int, limit_megapixels: float) -> int:
    """Give the largest whole scale up to the wanted one whose result may be made; at least 1.

    Args:
        size: (width, height) of the picture in pixels.
        wanted: the largest scale that is of use.
        limit_megapixels: largest result.
    """
    pixels, side = size[0] * size[1], max(size)
    fits = (s for s in range(wanted, 1, -1) if pixels * s**2 <= limit_megapixels * 1e6 and side * s <= MAX_SIDE_PX)
    return next(fits, 1)


def check_fits(request: EnhanceRequest, result: tuple[int, int], limit_megapixels: float) -> None:
    """Refuse a result that is too large, with what makes it smaller.

    Args:
        request: what was asked for.
        result: (width, height) of its result in pixels.
        limit_megapixels: largest result.

    Raises:
        TooLargeError: it has too many pixels.
        BadRequestError: a side is too long for a file.
    """
    pixels = result[0] * result[1]
    if pixels <= limit_megapixels * 1e6 and max(result) <= MAX_SIDE_PX:
        return
    size = (request.image.width, request.image.height)
    fits = fitting_scale(size, _LARGEST_SCALE, limit_megapixels)
    if request.size is not None:
        advice = "choose a smaller size"
    elif size[0] * size[1] > limit_megapixels * 1e6:
        advice = "give its size in pixels, or make the picture smaller first"
    else:
        advice = f"choose a scale of {fits} at most" if fits > 1 else "choose a scale of 1"
    if pixels > limit_megapixels * 1e6:
        found = f"{pixels / 1e6:.0f} megapixels and the limit is {limit_megapixels:g}"
        raise TooLargeError(f"The result would have {found}; {advice}.")
    found = f"{result[0]}x{result[1]} pixels and {MAX_SIDE_PX} a side are the limit"
    raise BadRequestError(f"The result would have {found}; {advice}.")


def _with_model(request: EnhanceRequest, registry: Registry, seconds_for: Callable[[EnhanceRequest], float]) -> Settled:
    plain, photo = replace(request, model=NO_MODEL), replace(request, model=PHOTO_MODEL)
    if not _is_here(PHOTO_MODEL, registry):
        return Settled(plain, (f"{PHOTO_MODEL} is not here, so no network was used; fetch it for finer detail.",))
    seconds = seconds_for(replace(photo, denoise=None))
    if seconds < PATIENCE_SECONDS:
        return Settled(photo)
    told = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
    note = (
        f"{PHOTO_MODEL} would take about {told} here, so no network was used; ask for {PHOTO_MODEL} by name to wait "
        "for its finer detail."
    )
    return Settled(plain, (note,), seconds)


def _is_here(model_id: str, registry: Registry) -> bool:
    try:
        return registry.is_installed(model_id)
    except UnknownModelError:
        return False


def _scale_of(model_id: str, registry: Registry) -> int:
    return 1 if model_id == NO_MODEL else registry.get(model_id).scale
