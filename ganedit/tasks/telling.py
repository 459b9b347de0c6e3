"""What a generator is told for each picture: the request's words as numbers, and what it leaves open by the seed."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ganedit.errors import BadRequestError, cut
from ganedit.models.conditions import entries_of, multi_hot, one_hot, text_condition
from ganedit.models.generators import PictureGenerator
from ganedit.models.pipelines import TextPipeline
from ganedit.models.text import TextEncoder, load_text_encoder
from ganedit.requests import Told
from ganedit.tasks.attribute_words import find_attributes

_NAMED = 8


def check_told(told: Told, generator: PictureGenerator | TextPipeline, name: str) -> None:
    """Refuse what a generator cannot be told.

    Raises:
        BadRequestError: it is told what it does not understand, or nothing although it needs words.
    """
    understood = {"attributes": ("attributes", "text")}.get(generator.condition, (generator.condition,))
    for kind, value in {"class": told.class_name, "text": told.text, "attributes": told.attributes}.items():
        if value and kind not in understood:
            wants = "nothing" if generator.condition == "none" else generator.condition
            raise BadRequestError(f"{name} is told {wants}, not {kind}; leave it out or choose another model.")
    if generator.condition == "text" and not (told.text or "").strip():
        raise BadRequestError(f"Say in words what {name} should draw.")
    if told.class_name and told.class_name not in generator.class_names:
        raise BadRequestError(
            f"There is no class {told.class_name[:60]}, try {_nearest(told.class_name, generator.class_names)}."
        )


@dataclass(frozen=True)
class Origin:
    """A picture to stay near to.

    Attributes:
        seed: of that picture.
        distance: how far from it: 0 is that picture, 1 is as far as any other.
    """

    seed: int
    distance: float


class Teller:
    """Makes the conditions of all pictures of a request.

    Attributes:
        notes: sentences for the reader: what was understood, what was not.
    """

    def __init__(self, told: Told, generator: PictureGenerator) -> None:
        """Read the words once.

        Raises:
            BadRequestError: an attribute is unknown.
            WeightsUnavailableError: words need the text encoder, and it could be had from nowhere.
        """
        self._generator, self._told = generator, told
        self._asked: Mapping[str, Sequence[str]] = {name: [value] for name, value in told.attributes.items()}
        self._said: Mapping[str, Sequence[str]] = {}
        self._by_kind: dict[frozenset[str], set[tuple[str, str]]] = {}
        self._fitting: list[Mapping[str, Sequence[str]]] = []
        self._spoken: np.ndarray | None = None
        self.notes: tuple[str, ...] = ()
        text = (told.text or "").strip()
        if generator.condition == "text":
            self._spoken, self.notes = _encoded(text)
        elif generator.condition == "attributes":
            if text:
                found = find_attributes(text, generator.attributes, _encoder)
                self._said, self.notes = found.values, found.notes
            multi_hot(generator.attributes, self._asked)  # unknown ones are refused before anything is drawn
            for example in generator.examples:
                pairs = {(name, value) for name, values in example.items() for value in values}
                self._by_kind.setdefault(frozenset(example), set()).update(pairs)
            self._choose_kinds()

    def condition(self, seed: int, origin: Origin | None = None) -> np.ndarray | None:
        """Give the condition of one picture, (1, entries) float32, or None.

        Args:
            seed: decides what the request leaves open.
            origin: a picture of which most of that stays as it is.
        """
        kind = self._generator.condition
        if kind == "class":
            names = list(self._generator.class_names)
            chance = np.random.default_rng(origin.seed if origin else seed)
            name = self._told.class_name
            return one_hot([names.index(name) if name else int(chance.integers(len(names)))], len(names))
        if kind == "attributes":
            return multi_hot(self._generator.attributes, self._attributes(seed, origin))
        return self._spoken if origin is None else self._near(seed, origin)

    def _near(self, seed: int, origin: Origin) -> np.ndarray | None:
        """Go from what was said towards a random vector, so that neighbors of the thing are drawn."""
        if self._spoken is None:
            return None
        other = np.random.default_rng(seed).standard_normal(self._spoken.shape).astype(np.float32)
        mixed = (1 - origin.distance) * self._spoken + origin.distance * other
        return mixed / np.sqrt(np.square(mixed).mean())

    def _attributes(self, seed: int, origin: Origin | None) -> dict[str, Sequence[str]]:
        drawn = self._drawn(origin.seed if origin else seed, self._fitting)
        if origin:
            # Of another kind, one attribute without the others would be drawn half.
            alike = [example for example in self._fitting if example.keys() == drawn.keys()]
            others, chance = self._drawn(seed, alike), np.random.default_rng(seed)
            drawn = {name: (others if chance.random() < origin.distance else drawn)[name] for name in sorted(drawn)}
        # Words may stand for several attributes, of which each kind of picture has one: "long" hair of two styles.
        # What its kind never has would be drawn half, so it is left out; that was told.
        possible = self._possible(drawn)
        said = {name: values for name, values in self._said.items() if (name, values[0]) in possible}
        return {**drawn, **said, **self._asked}

    def _drawn(self, seed: int, examples: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, Sequence[str]]:
        """Take the attributes of one of the training pictures; without any, a value of each attribute there is."""
        chance, table = np.random.default_rng(seed), self._generator.attributes
        if not examples:
            return {name: [values[int(chance.integers(len(values)))]] for name, values in table.items()}
        return dict(examples[int(chance.integers(len(examples)))])

    def _choose_kinds(self) -> None:
        """Keep the examples of those kinds that can have most of what was asked, and tell what they cannot have.

        Attributes of one value stand for one word, of which either will do.
        """
        examples = self._generator.examples
        wanted = {(name, values[0]) for name, values in {**self._said, **self._asked}.items()}
        can = [{value for _, value in wanted & self._possible(example)} for example in examples]
        most = max(map(len, can), default=0)
        self._fitting = [example for example, values in zip(examples, can, strict=True) if len(values) == most]
        sets = [values for values in can if len(values) == most]
        missed = sorted({value for _, value in wanted} - set.intersection(*sets)) if sets else []
        if missed:
            self.notes += (f"No one kind of picture has all of this, so some are without {', '.join(missed)}.",)

    def _possible(self, example: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
        """Pairs of attribute and value that pictures with the same attributes have: each style has its own hair."""
        return self._by_kind.get(frozenset(example), set(entries_of(self._generator.attributes)))


def examples_condition(generator: PictureGenerator, seed: int) -> np.ndarray | None:
    """Give the condition of any picture that the generator may draw, (1, entries) float32, by a seed; or None."""
    captions = generator.captions
    text = captions[int(np.random.default_rng(seed).integers(len(captions)))] if captions else None
    return Teller(Told(text=text), generator).condition(seed)


def _encoded(text: str) -> tuple[np.ndarray, tuple[str, ...]]:
    encoder = _encoder()
    unknown = encoder.unknown_words(text)
    notes = (f"These words are not known and were passed over: {cut(', '.join(unknown[:_NAMED]))}.",) if unknown else ()
    return text_condition(encoder.encode([text])), notes


@cache
def _encoder() -> TextEncoder:
    return load_text_encoder()


def _nearest(name: str, known: Iterable[str]) -> str:
    """Name the classes that are written most alike, or the first ones if none is."""
    names = list(known)
    return ", ".join(difflib.get_close_matches(name, names, _NAMED, cutoff=0.5) or names[:_NAMED])
