"""The engine's part for new pictures: the generator from the registry, the task, and the pictures enlarged."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, assert_never

from ganedit.errors import BadRequestError
from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.models.registry import Registry
from ganedit.requests import EditResult, EnhanceRequest, GenerateRequest, InterpolateRequest, Progress, ProjectRequest
from ganedit.tasks.blocked_words import check_words
from ganedit.tasks.generate import Steps, generate, interpolate
from ganedit.tasks.project import REACH, project

ENLARGER = "realesrgan-x4plus"
"""The network that takes new pictures to four times their size."""

NewPictures = GenerateRequest | InterpolateRequest | ProjectRequest

_OUTSIDE = "This photo is outside of what {} can draw: the picture is the nearest that was found, not a likeness."


def draw(
    request: NewPictures,
    registry: Registry,
    enhance: Callable[[EnhanceRequest], Iterator[Progress | EditResult]],
    blocks_words: bool,
) -> Generator[Progress | EditResult, None, None]:
    """Run a request for new pictures step by step.

    Args:
        request: what to draw.
        registry: where the generator comes from.
        enhance: enlarges a picture.
        blocks_words: refuse words that are not for demos that anyone can use.

    Raises:
        UserError: the request is wrong, or its model cannot be had.
    """
    asked = (request.start, request.end) if isinstance(request, InterpolateRequest) else (request,)
    for each in asked:
        if blocks_words and isinstance(each, GenerateRequest):
            check_words(each.told.text or "")
    card = registry.get(asked[0].model)
    generator: Any = registry.load_generator(card.id)
    started = time.perf_counter()
    name = f"{card.id}@{card.sources[0].sha256[:12]}"
    match request:
        case GenerateRequest():
            pictures, notes = yield from _enlarged(generate(request, generator), request.upscale, enhance)
            yield EditResult(pictures, request, name, time.perf_counter() - started, notes)
        case InterpolateRequest():
            pictures, notes = yield from _enlarged(interpolate(request, generator), request.start.upscale, enhance)
            yield EditResult(pictures, request, name, time.perf_counter() - started, notes)
        case ProjectRequest():
            yield from _projected(request, card, generator, started)
        case _:
            assert_never(request)


def _projected(
    request: ProjectRequest, card: ModelCard, generator: Any, started: float
) -> Generator[Progress | EditResult, None, None]:
    if not getattr(generator, "styles", 0):
        raise BadRequestError(f"{card.id} has no styles to search; choose a model that ganedit trained.")
    found = yield from project(request, generator)
    notes = (*request.image.notes, *([_OUTSIDE.format(card.id)] if found.reach > REACH else []))
    name, seconds = f"{card.id}@{card.sources[0].sha256[:12]}", time.perf_counter() - started
    scores = {"reach": found.reach}
    yield EditResult((found.picture, found.error), request, name, seconds, notes, scores, found.style)


def _enlarged(
    steps: Steps, upscale: int, enhance: Callable[[EnhanceRequest], Iterator[Progress | EditResult]]
) -> Generator[Progress, None, tuple[tuple[Picture, ...], tuple[str, ...]]]:
    """Draw pictures, then enlarge one after the other; gives them and the notes."""
    pictures, notes = yield from steps
    if upscale == 1:
        return pictures, notes
    enlarged, started = [], time.perf_counter()
    for number, picture in enumerate(pictures):
        each_seconds = (time.perf_counter() - started) / number if number else None
        left_seconds = each_seconds * (len(pictures) - number) if each_seconds else None
        yield Progress(number, len(pictures), left_seconds, "upscale")
        *_, result = enhance(EnhanceRequest(picture, ENLARGER, upscale))
        assert isinstance(result, EditResult)
        enlarged += result.images
    yield Progress(len(pictures), len(pictures), 0.0, "upscale")
    return tuple(enlarged), notes
