"""The HTTP endpoint that repaints, called as programs call it."""

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"
PHOTO, STYLE = (handle_file(EXAMPLES / name) for name in ("cat.jpg", "styles/wave.jpg"))


def test_a_picture_comes_back_painted_at_its_size(client: Client) -> None:
    file, facts = client.predict(image=PHOTO, style=STYLE, brush=2, api_name="/stylize")
    with Image.open(EXAMPLES / "cat.jpg") as photo, Image.open(file) as painted:
        assert painted.size == photo.size == (facts["width"], facts["height"])
    assert facts["model"].startswith("magenta-any-style@")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"style": None, "model": "magenta-any-style"}, "give one as the style"),
        ({"style": None, "styles": "oil"}, "There is no style oil; choose among cartoon"),
        ({"strength": 3}, "strength must be a number from 0 to 1"),
        ({"faces": "ganedit-painter"}, "ganedit-painter has several styles"),
    ],
)
def test_what_cannot_be_painted_is_one_sentence(client: Client, change: dict, told: str) -> None:
    with pytest.raises(AppError, match=told):
        client.predict(**{"image": PHOTO, "style": STYLE, **change}, api_name="/stylize")


def test_a_style_that_was_learned_needs_no_picture(client: Client) -> None:
    file, facts = client.predict(image=PHOTO, styles="van-gogh=2, ukiyo-e=1", faces="same", api_name="/stylize")
    assert facts["model"].startswith("ganedit-painter@")
    assert len(facts["notes"]) == 1  # there is no face in it, or nothing that finds one on this machine
    with Image.open(file) as painted:
        assert painted.size == (facts["width"], facts["height"])
