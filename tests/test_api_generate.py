"""The HTTP endpoint that draws, called as programs call it."""

from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from ganedit.formats import read_recipe


def test_pictures_are_drawn_from_attributes_and_words_the_same_for_the_same_seed(client: Client) -> None:
    asked = {"model": "ganedit-avatar", "attributes": "glasses=round", "text": "red hair", "seed": 5, "count": 2}
    files, facts = client.predict(**asked, api_name="/generate")
    again, _ = client.predict(**{**asked, "seed": 6, "count": 1}, api_name="/generate")
    assert (facts["width"], facts["height"]) == (64, 64) and "hair color: red" in facts["notes"][0]
    with Image.open(files[1]) as one, Image.open(again[0]) as same:
        assert one.tobytes() == same.tobytes()
    assert '"seed": 6' in (read_recipe(Path(files[1])) or "")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"attributes": "glasses"}, "key=value"),
        ({"attributes": "glasses=rond"}, "round"),
        ({"count": 1000}, "count must be a number from 1 to 64"),
        ({"class_name": "mountain"}, "ganedit-avatar"),
        ({"model": "ganedit-avatr"}, "There is no model called ganedit-avatr"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(client: Client, asked: dict, told: str) -> None:
    with pytest.raises(AppError, match=told):
        client.predict(**{"model": "ganedit-avatar", **asked}, api_name="/generate")
