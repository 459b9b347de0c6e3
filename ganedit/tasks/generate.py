"""New pictures from a trained generator: what it is told, where in its latent space, and a picture for each seed."""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.image import Picture, fill_transparent, to_tensor
from ganedit.models.generators import PictureGenerator
from ganedit.models.pipelines import TextPipeline
from ganedit.requests import MAX_COUNT, MAX_FRAMES, GenerateRequest, Guide, InterpolateRequest, Progress
from ganedit.tasks.latents import check_latent, mix, move, spherical
from ganedit.tasks.telling import Origin, Teller, check_told
from ganedit.tasks.tiling import reduce_to

_LAST_SEED = 2**32 - 1 - MAX_COUNT
UPSCALES = (1, 4)
_VARY = 'say it in other words, or take "More like this"'

Steps = Generator[Progress, None, tuple[tuple[Picture, ...], tuple[str, ...]]]
"""Gives progress, and at last the pictures and sentences for the reader."""


def check_generate(request: GenerateRequest, generator: PictureGenerator | TextPipeline) -> None:
    """Refuse what cannot be drawn.

    Raises:
        BadRequestError: a number is out of range, or the generator is told or asked for what it cannot do.
    """
    if not 1 <= request.count <= MAX_COUNT:
        raise BadRequestError(f"From 1 to {MAX_COUNT} pictures can be drawn at once, not {request.count}.")
    for seed in (request.seed, request.latent.near, request.latent.mix_seed):
        if seed is not None and not 0 <= seed <= _LAST_SEED:
            raise BadRequestError(f"A seed goes from 0 to {_LAST_SEED}, not {seed}.")
    if request.upscale not in UPSCALES:
        raise BadRequestError(f"Pictures can be enlarged by 4 or left as they are, not by {request.upscale}.")
    check_told(request.told, generator, request.model)
    if isinstance(generator, PictureGenerator):
        check_latent(request.latent, generator, request.model)
        if request.guide:
            raise BadRequestError(f"{request.model} starts from no picture; leave it out or choose another model.")
    elif request.guide and not 0 < request.guide.strength <= 1:
        raise BadRequestError(f"The strength is above 0 and at most 1, not {request.guide.strength:g}.")


def generate(request: GenerateRequest, generator: PictureGenerator | TextPipeline) -> Steps:
    """Draw one picture a seed, each by itself: what is drawn beside it changes no bit of it.

    Raises:
        BadRequestError: see `check_generate`; or an attribute is unknown.
        WeightsUnavailableError: words need the text encoder, and it could be had from nowhere.
    """
    check_generate(request, generator)
    if isinstance(generator, TextPipeline):
        draw, notes = _pipeline_draw(request, generator)
    else:
        draw, notes = _generator_draw(request, generator)
        if generator.remembers and request.count > 1:
            notes = (*notes, f"{request.model} learned one picture for each name, so these hardly differ; {_VARY}.")
    seeds = range(request.seed, request.seed + request.count)
    pictures = yield from one_by_one((lambda seed=seed: Picture(draw(seed)) for seed in seeds), request.count)
    return pictures, notes


def interpolate(request: InterpolateRequest, generator: PictureGenerator | TextPipeline) -> Steps:
    """Draw the frames of the way between two pictures.

    Raises:
        BadRequestError: as for `generate`; or two models, a number of frames out of range, or no generator of ours.
        WeightsUnavailableError: as for `generate`.
    """
    start, end = request.start, request.end
    if start.model != end.model or not isinstance(generator, PictureGenerator):
        raise BadRequestError("The way between two pictures needs two of the same generator; choose another model.")
    if not 2 <= request.frames <= MAX_FRAMES:
        raise BadRequestError(f"From 2 to {MAX_FRAMES} frames can be drawn, not {request.frames}.")
    ours = generator
    for each in (start, end):
        check_generate(each, ours)
    tellers = [Teller(each.told, ours) for each in (start, end)]
    first, last = (_point(each, ours, teller, each.seed) for each, teller in zip((start, end), tellers, strict=True))
    shares = np.linspace(0, 1, request.frames)
    frames = (lambda share=share: Picture(_between(first, last, float(share)).draw(ours)) for share in shares)
    pictures = yield from one_by_one(frames, request.frames)
    return pictures, tuple(dict.fromkeys(note for teller in tellers for note in teller.notes))


def one_by_one(
    draws: Iterable[Callable[[], Picture]], count: int, stage: str = "generate"
) -> Generator[Progress, None, tuple[Picture, ...]]:
    """Make pictures one after the other, and tell before each how far it is; gives them."""
    started, pictures = time.perf_counter(), []
    for number, draw in enumerate(draws):
        each_seconds = (time.perf_counter() - started) / number if number else None
        yield Progress(number, count, each_seconds and each_seconds * (count - number), stage)
        pictures.append(draw())
    yield Progress(count, count, 0.0, stage)
    return tuple(pictures)


@dataclass(frozen=True)
class _Point:
    """Where one picture lies: a style for each level, or z and a condition for a generator without styles."""

    z: Tensor
    condition: np.ndarray | None
    truncation: float
    style: Tensor | None

    def draw(self, generator: PictureGenerator) -> np.ndarray:
        """Give (R, R, 3) uint8."""
        if self.style is not None:
            return generator.paint(self.style)[0]
        return generator.draw(self.z, self.condition, self.truncation)[0]


def _point(request: GenerateRequest, generator: PictureGenerator, teller: Teller, seed: int) -> _Point:
    """Find the place of the picture of a seed."""
    latent, z = request.latent, generator.latents(1, seed)
    origin = None if latent.near is None else Origin(latent.near, latent.distance)
    if origin:
        z = spherical(generator.latents(1, origin.seed), z, origin.distance)
    condition = teller.condition(seed, origin)
    if not generator.styles:
        return _Point(z, condition, latent.truncation, None)
    style = generator.style(z, condition, latent.truncation)
    if latent.style is not None:
        kept = torch.from_numpy(latent.style)[None]
        style = spherical(kept, style, latent.distance) if origin else kept
    if latent.mix_seed is not None:
        other = generator.style(
            generator.latents(1, latent.mix_seed), teller.condition(latent.mix_seed), latent.truncation
        )
        style = mix(style, other, latent.mix_level)
    return _Point(z, condition, latent.truncation, move(style, generator, latent.moves) if latent.moves else style)


def style_of(request: GenerateRequest, generator: PictureGenerator) -> np.ndarray:
    """Give the style of a request's first picture, (levels, S) float32, for ``Latent.style``.

    Raises:
        ValueError: the generator does not draw in two steps.
        BadRequestError: as for `generate`.
    """
    check_generate(request, generator)
    point = _point(request, generator, Teller(request.told, generator), request.seed)
    if point.style is None:
        raise ValueError("This generator has no styles.")
    return point.style[0].numpy()


def _between(a: _Point, b: _Point, share: float) -> _Point:
    told = (
        a.condition if a.condition is None or b.condition is None else (1 - share) * a.condition + share * b.condition
    )
    style = None if a.style is None or b.style is None else spherical(a.style, b.style, share)
    truncation = (1 - share) * a.truncation + share * b.truncation
    return _Point(spherical(a.z, b.z, share), told, truncation, style)


def _generator_draw(
    request: GenerateRequest, generator: PictureGenerator
) -> tuple[Callable[[int], np.ndarray], tuple[str, ...]]:
    """Give what turns a seed into (H, W, 3) uint8, and sentences for the reader."""
    teller = Teller(request.told, generator)
    return lambda seed: _point(request, generator, teller, seed).draw(generator), teller.notes


def _pipeline_draw(
    request: GenerateRequest, pipeline: TextPipeline
) -> tuple[Callable[[int], np.ndarray], tuple[str, ...]]:
    """Give what turns a seed into (H, W, 3) uint8, and sentences for the reader."""
    text = (request.told.text or "").strip()
    end = pipeline.passed_over(text)
    notes = (f"The text is too long, and its end was passed over: {end}.",) if end else ()
    if request.guide is None:
        return lambda seed: pipeline.draw(text, seed), notes
    start, strength = _start(request.guide, pipeline), request.guide.strength
    return lambda seed: pipeline.draw(text, seed, start, strength), (*request.guide.image.notes, *notes)


def _start(guide: Guide, pipeline: TextPipeline) -> Tensor:
    """Resize a picture to as many pixels as the pipeline draws, at its own shape; float32 (1, 3, H, W) in [0, 1]."""
    picture = guide.image
    factor = pipeline.resolution / (picture.width * picture.height) ** 0.5
    width, height = (
        max(1, round(side * factor / pipeline.multiple_of)) * pipeline.multiple_of
        for side in (picture.width, picture.height)
    )
    return reduce_to(to_tensor(fill_transparent(picture.in_srgb())), height, width)
