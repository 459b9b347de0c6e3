"""The engine's part for repainting: the networks from the registry, the task, and what is told about the faces."""

import time
from collections.abc import Generator
from dataclasses import replace

from ganedit.errors import WeightsUnavailableError
from ganedit.image import from_tensor
from ganedit.models.registry import Registry
from ganedit.requests import SAME_MODEL, ClipRequest, EditResult, Progress, StylizeRequest
from ganedit.tasks.stylize import Portraits, Repainter, check_portraits, check_stylize, stylize, stylize_frames

NO_FACES = "No face was found that is too small for the strokes, so all is painted alike."


def repaint(request: StylizeRequest, registry: Registry) -> Generator[Progress | EditResult, None, None]:
    """Repaint a picture step by step.

    Args:
        request: what to paint and how.
        registry: where the networks come from.

    Raises:
        UserError: the request is wrong, or its model cannot be had.
    """
    network = registry.load_style_transfer(request.model)
    check_stylize(request, network)
    portraits, notes = _portraits(request, network, registry)
    started = time.perf_counter()
    like = request.image
    if like.gray and not request.keep_colors and request.strength > 0:
        like = replace(like.in_srgb(), gray=False)  # a style brings its colors along, and no gray profile holds them
    painted, faces = yield from stylize(replace(request, image=like), network, portraits)
    if portraits is not None:
        notes = (f"Faces found and painted on their own: {faces}." if faces else NO_FACES,)
    picture, seconds = from_tensor(painted, like), time.perf_counter() - started
    yield EditResult((picture,), request, _name(request, registry), seconds, (*request.image.notes, *notes))


def repaint_clip(request: ClipRequest, registry: Registry) -> Generator[Progress | EditResult, None, None]:
    """Repaint a clip frame by frame; arguments and errors as of `repaint`."""
    network = registry.load_style_transfer(request.how.model)
    check_stylize(request.how, network)
    portraits, notes = _portraits(request.how, network, registry)
    started = time.perf_counter()
    frames = yield from stylize_frames(request, network, portraits)
    notes = (*request.image.notes, *notes)
    yield EditResult(frames, request, _name(request.how, registry), time.perf_counter() - started, notes)


def _name(request: StylizeRequest, registry: Registry) -> str:
    """Name what painted the picture, and what painted the faces if that was another model."""
    models = [each for each in (request.model, _other_model(request)) if each]
    return "+".join(f"{model}@{registry.get(model).sources[0].sha256[:12]}" for model in models)


def _other_model(request: StylizeRequest) -> str:
    """Name the model of the faces if it is not that of the rest."""
    return "" if request.faces in (SAME_MODEL, request.model) else request.faces


def _portraits(
    request: StylizeRequest, network: Repainter, registry: Registry
) -> tuple[Portraits | None, tuple[str, ...]]:
    """Give what paints faces on their own, if that is asked for, and why it cannot be had."""
    if not request.faces:
        return None, ()
    if other := _other_model(request):
        network = registry.load_style_transfer(other)
        check_portraits(request, network)
    try:
        return Portraits(registry.load_face_finder(), network), ()
    except WeightsUnavailableError as error:  # a picture with its faces painted like the rest is better than none
        return None, (f"Faces are painted like the rest: {error}",)
