"""New pictures from a trained generator: what it is told, and a picture for each seed."""

import difflib
import time
from collections.abc import Callable, Generator, Iterable
from functools import cache

import numpy as np
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.image import Picture, fill_transparent, to_tensor
from ganedit.models.conditions import multi_hot, one_hot, text_condition
from ganedit.models.generators import PictureGenerator
from ganedit.models.pipelines import TextPipeline
from ganedit.models.text import TextEncoder, load_text_encoder
from ganedit.requests import MAX_COUNT, GenerateRequest, Guide, Progress
from ganedit.tasks.tiling import reduce_to

_LAST_SEED = 2**32 - 1 - MAX_COUNT
_NAMED = 8


def check_generate(request: GenerateRequest, generator: PictureGenerator | TextPipeline) -> None:
    """Refuse what cannot be drawn.

    Raises:
        BadRequestError: seed or count is out of range, or the generator is told what it cannot understand.
    """
    if not 1 <= request.count <= MAX_COUNT:
        raise BadRequestError(f"From 1 to {MAX_COUNT} pictures can be drawn at once, not {request.count}.")
    if not 0 <= request.seed <= _LAST_SEED:
        raise BadRequestError(f"A seed goes from 0 to {_LAST_SEED}, not {request.seed}.")
    told = {"class": request.class_name, "text": request.text, "attributes": request.attributes}
    for kind, value in told.items():
        if value and kind != generator.condition:
            wants = "nothing" if generator.condition == "none" else generator.condition
            raise BadRequestError(f"{request.model} is told {wants}, not {kind}; leave it out or choose another model.")
    if generator.condition == "text" and not (request.text or "").strip():
        raise BadRequestError(f"Say in words what {request.model} should draw.")
    if request.guide and not isinstance(generator, TextPipeline):
        raise BadRequestError(f"{request.model} starts from no picture; leave it out or choose another model.")
    if request.guide and not 0 < request.guide.strength <= 1:
        raise BadRequestError(f"The strength is above 0 and at most 1, not {request.guide.strength:g}.")
    if request.class_name and request.class_name not in generator.class_names:
        raise BadRequestError(
            f"There is no class {request.class_name[:60]}, try {_nearest(request.class_name, generator.class_names)}."
        )


def generate(
    request: GenerateRequest, generator: PictureGenerator | TextPipeline
) -> Generator[Progress, None, tuple[tuple[Picture, ...], tuple[str, ...]]]:
    """Draw one picture a seed, each by itself: what is drawn beside it changes no bit of it.

    Returns:
        The pictures, and sentences for the reader.

    Raises:
        BadRequestError: see `check_generate`; or an attribute is unknown.
        WeightsUnavailableError: words need the text encoder, and it could be had from nowhere.
    """
    check_generate(request, generator)
    if isinstance(generator, TextPipeline):
        draw, notes = _pipeline_draw(request, generator)
    else:
        draw, notes = _generator_draw(request, generator)
    started = time.perf_counter()
    pictures = []
    for number in range(request.count):
        each_seconds = (time.perf_counter() - started) / number if number else None
        left_seconds = each_seconds * (request.count - number) if each_seconds else None
        yield Progress(number, request.count, left_seconds, "generate")
        pictures.append(Picture(draw(request.seed + number)))
    yield Progress(request.count, request.count, 0.0, "generate")
    return tuple(pictures), notes


def _generator_draw(
    request: GenerateRequest, generator: PictureGenerator
) -> tuple[Callable[[int], np.ndarray], tuple[str, ...]]:
    """Give what turns a seed into (H, W, 3) uint8, and sentences for the reader."""
    spoken, notes = _text_vector(request.text) if generator.condition == "text" and request.text else (None, ())

    def draw(seed: int) -> np.ndarray:
        condition = spoken if spoken is not None else _condition(request, generator, seed)
        return generator.draw(generator.latents(1, seed), condition)[0]

    return draw, notes


def _pipeline_draw(
    request: GenerateRequest, pipeline: TextPipeline
) -> tuple[Callable[[int], np.ndarray], tuple[str, ...]]:
    """Give what turns a seed into (H, W, 3) uint8, and sentences for the reader."""
    text = (request.text or "").strip()
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
    return reduce_to(to_tensor(fill_transparent(picture)), height, width)


def _condition(request: GenerateRequest, generator: PictureGenerator, seed: int) -> np.ndarray | None:
    """What is told for one picture; what the request leaves open is drawn by the seed."""
    chance = np.random.default_rng(seed)
    if generator.condition == "class":
        names = list(generator.class_names)
        label = names.index(request.class_name) if request.class_name else int(chance.integers(len(names)))
        return one_hot([label], len(names))
    if generator.condition == "attributes":
        table = generator.attributes
        drawn = {name: [values[int(chance.integers(len(values)))]] for name, values in table.items()}
        return multi_hot(table, {**drawn, **{name: [value] for name, value in request.attributes.items()}})
    return None


def _text_vector(text: str) -> tuple[np.ndarray, tuple[str, ...]]:
    encoder = _encoder()
    unknown = encoder.unknown_words(text)
    notes = (f"These words are not known and were passed over: {', '.join(unknown[:_NAMED])}.",) if unknown else ()
    return text_condition(encoder.encode([text])), notes


@cache
def _encoder() -> TextEncoder:
    return load_text_encoder()


def _nearest(name: str, known: Iterable[str]) -> str:
    """Name the classes that are written most alike, or the first ones if none is."""
    names = list(known)
    return ", ".join(difflib.get_close_matches(name, names, _NAMED, cutoff=0.5) or names[:_NAMED])
