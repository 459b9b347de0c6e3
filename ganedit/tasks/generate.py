"""New pictures from a trained generator: what it is told, and a picture for each seed."""

import difflib
from collections.abc import Generator, Iterable
from functools import cache

import numpy as np

from ganedit.errors import BadRequestError
from ganedit.image import Picture
from ganedit.models.conditions import multi_hot, one_hot, text_condition
from ganedit.models.generators import PictureGenerator
from ganedit.models.text import TextEncoder, load_text_encoder
from ganedit.requests import MAX_COUNT, GenerateRequest, Progress

_LAST_SEED = 2**32 - 1 - MAX_COUNT
_NAMED = 8


def check_generate(request: GenerateRequest, generator: PictureGenerator) -> None:
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
    if request.class_name and request.class_name not in generator.class_names:
        raise BadRequestError(
            f"There is no class {request.class_name[:60]}, try {_nearest(request.class_name, generator.class_names)}."
        )


def generate(
    request: GenerateRequest, generator: PictureGenerator
) -> Generator[Progress, None, tuple[tuple[Picture, ...], tuple[str, ...]]]:
    """Draw one picture a seed, each by itself: what is drawn beside it changes no bit of it.

    Returns:
        The pictures, and sentences for the reader.

    Raises:
        BadRequestError: see `check_generate`; or an attribute is unknown.
        WeightsUnavailableError: words need the text encoder, and it could be had from nowhere.
    """
    check_generate(request, generator)
    spoken, notes = _text_vector(request.text) if generator.condition == "text" and request.text else (None, ())
    pictures = []
    for number in range(request.count):
        yield Progress(number, request.count, None, "generate")
        seed = request.seed + number
        condition = spoken if spoken is not None else _condition(request, generator, seed)
        pictures.append(Picture(generator.draw(generator.latents(1, seed), condition)[0]))
    yield Progress(request.count, request.count, 0.0, "generate")
    return tuple(pictures), notes


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
