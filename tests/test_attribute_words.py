"""Attributes in plain words: what is understood, by letters before meaning, and what is told."""

import pytest

from ganedit.models.text import TextEncoder
from ganedit.tasks import attribute_words
from ganedit.tasks.attribute_words import find_attributes

TABLE = {
    "background": ["blue", "pink"],
    "beard": ["full beard", "mustache", "none"],
    "clothes": ["sweater", "t-shirt"],
    "clothes color": ["blue", "green"],
    "eyebrows": ["neutral", "sad"],
    "glasses": ["none", "round", "sunglasses"],
    "hair": ["bald", "long", "long wavy"],
    "hair color": ["blond", "blue", "red"],
    "mouth": ["sad", "smile"],
}


def no_encoder() -> TextEncoder:
    raise AssertionError("letters are enough here")


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        (
            "smiling, long red hair, round glasses",
            {"mouth": "smile", "hair": "long", "hair color": "red", "glasses": "round"},
        ),
        ("blonde hair and a blue sweater", {"hair color": "blond", "clothes": "sweater", "clothes color": "blue"}),
        ("long wavy hair", {"hair": "long wavy"}),
        ("bald with a full beard and no glasses", {"hair": "bald", "beard": "full beard", "glasses": "none"}),
        ("without a beard", {"beard": "none"}),
        ("glasses", {"glasses": "round"}),
        ("sad", {"mouth": "sad", "eyebrows": "sad"}),
        ("green t-shirt on a pink background", {"clothes": "t-shirt", "clothes color": "green", "background": "pink"}),
    ],
)
def test_words_become_attributes(text: str, understood: dict[str, str]) -> None:
    found = find_attributes(text, TABLE, no_encoder)
    assert {name: value for name, [value] in found.values.items()} == understood
    assert len(found.notes) == 1 and all(value in found.notes[0] for value in understood.values())


def test_a_word_that_may_be_about_many_things_is_asked_for() -> None:
    found = find_attributes("blue", TABLE, no_encoder)
    assert found.values == {}
    assert found.notes == ("Blue may be background or clothes color or hair color: say which.",)


def test_a_word_that_is_said_again_and_again_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    usual = attribute_words._same
    monkeypatch.setattr(attribute_words, "_same", lambda a, b: compared.append(a) or usual(a, b))
    once = find_attributes("long hair", TABLE, no_encoder)
    count = len(compared)
    assert find_attributes("long hair " * 90, TABLE, no_encoder) == once
    assert len(compared) <= 2 * count
