"""The engine's part for new pictures: the generator from the registry, the task, and the pictures enlarged."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import assert_never

from ganedit.errors import BadRequestError
from ganedit.models.generators import PictureGenerator
from ganedit.models.registry import Registry
from ganedit.requests import EditResult, EnhanceRequest, GenerateRequest, InterpolateRequest, Progress, ProjectRequest
from ganedit.tasks.blocked_words import check_words
from ganedit.tasks.generate import Steps, generate, interpolate
from ganedit.tasks.project import REACH, project

ENLARGER = "realesrgan-x4plus"
"""The network that takes new pictures to four times their size."""

Enhance = Callable[[EnhanceRequest], Iterator[Progress | EditResult]]
"""Enlarges a picture step by step."""

NewPictures = GenerateRequest | InterpolateRequest | ProjectRequest

_OUTSIDE = "This photo is outside of what {} can draw: the picture is the nearest that was found, not a likeness."


def draw(
    request: NewPictures,
    registry: Registry,
    enhance: Enhance,
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
    generator = registry.load_generator(card.id)
    started, scores, style = time.perf_counter(), {}, None
    match request:
        case GenerateRequest():
            pictures, notes = yield from _enlarged(generate(request, generator), request.upscale, enhance)
        case InterpolateRequest():
            pictures, notes = yield from _enlarged(interpolate(request, generator), request.start.upscale, enhance)
        case ProjectRequest():
            if not (isinstance(generator, PictureGenerator) and generator.styles):
                raise BadRequestError(f"{card.id} has no styles to search; choose a model that ganedit trained.")
            found = yield from project(request, generator)
            pictures, scores, style = (found.picture, found.error), {"reach": found.reach}, found.style
            notes = (*request.image.notes, *([_OUTSIDE.format(card.id)] if found.reach > REACH else []))
        case _:
            assert_never(request)
    name, seconds = f"{card.id}@{card.sources[0].sha256[:12]}", time.perf_counter() - started
    yield EditResult(pictures, request, name, seconds, notes, scores, style)


def _enlarged(steps: Steps, upscale: int, enhance: Enhance) -> Steps:
    """Draw pictures, then enlarge one after the other; gives them and the notes."""
    pictures, notes = yield from steps
    if upscale == 1:
        return pictures, notes

    started, enlarged = time.perf_counter(), []
    for number, picture in enumerate(pictures):
        each_seconds = (time.perf_counter() - started) / number if number else None
        for step in enhance(EnhanceRequest(picture, ENLARGER, upscale)):
            if isinstance(step, EditResult):
                enlarged += step.images
                break
            each_seconds = each_seconds or step.seconds_left  # a tile is a step, so that it can be stopped there
            yield Progress(number, len(pictures), each_seconds and each_seconds * (len(pictures) - number), "upscale")
    yield Progress(len(pictures), len(pictures), 0.0, "upscale")
    return tuple(enlarged), notes
