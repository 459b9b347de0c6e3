"""Painting in a style: full size, no seams, strength, colors, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.formats import open_picture
from ganedit.image import Picture
from ganedit.requests import ANY_STYLE_MODEL, StylizeRequest
from ganedit.tasks import stylize as painting

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def photo() -> Picture:
    return Picture.from_pil(open_picture(EXAMPLES / "shore.jpg").to_pil().resize((322, 161)))


@pytest.fixture(scope="module")
def style() -> Picture:
    return open_picture(EXAMPLES / "styles" / "wave.jpg")


def painted(engine: Engine, photo: Picture, style: Picture, **how: Any) -> np.ndarray:
    return engine.run(StylizeRequest(photo, style, ANY_STYLE_MODEL, **how)).images[0].pixels.astype(int)


def test_the_result_has_the_pictures_size_and_another_look(engine: Engine, photo: Picture, style: Picture) -> None:
    result = painted(engine, photo, style)
    assert result.shape == photo.pixels.shape
    assert np.abs(result - photo.pixels).mean() > 15


def test_tiles_leave_no_trace(engine: Engine, photo: Picture, style: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = painted(engine, photo, style)
    monkeypatch.setattr(painting, "_TILE_PX", 64)
    tiled = painted(engine, photo, style)
    assert np.abs(whole - tiled).max() <= 1  # rounding


def test_strength_goes_from_the_picture_to_the_painting(engine: Engine, photo: Picture, style: Picture) -> None:
    nothing, half, all_of_it = (painted(engine, photo, style, strength=each) for each in (0, 0.5, 1))
    assert (nothing == photo.pixels).all()
    assert np.abs(half - (nothing + all_of_it) / 2).max() <= 1


def test_the_pictures_colors_can_be_kept(engine: Engine, photo: Picture, style: Picture) -> None:
    def chroma(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels.astype(np.uint8)).convert("YCbCr")).astype(int)[..., 1:]

    kept, free = (painted(engine, photo, style, keep_colors=each) for each in (True, False))
    apart = [np.abs(chroma(each) - chroma(photo.pixels)).mean() for each in (kept, free)]
    assert apart[0] < 4 < apart[1]


def test_a_coarser_brush_paints_smoother(engine: Engine, photo: Picture, style: Picture) -> None:
    fine, coarse = (painted(engine, photo, style, brush=each) for each in (1, 3))
    assert np.abs(np.diff(coarse, axis=1)).mean() < 0.7 * np.abs(np.diff(fine, axis=1)).mean()


def test_a_gray_photo_gets_the_colors_of_the_style(engine: Engine, photo: Picture, style: Picture) -> None:
    gray = Picture.from_pil(photo.to_pil().convert("L"))
    result = painted(engine, gray, style)
    assert np.abs(result[..., 0] - result[..., 2]).mean() > 5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"style": None}, "give one as the style"),
        ({"strength": 1.5}, "The strength goes from 0 to 1"),
        ({"brush": 0.5}, "The brush goes from 1 to 8"),
        ({"brush": 8.0}, "too small for this brush"),
        ({"model": "migan-512"}, "repaints no pictures"),
    ],
)
def test_what_cannot_be_painted_is_one_sentence(
    engine: Engine, photo: Picture, style: Picture, change: dict, told: str
) -> None:
    with pytest.raises(BadRequestError, match=told):
        engine.run(StylizeRequest(**{"image": photo, "style": style, "model": ANY_STYLE_MODEL, **change}))
