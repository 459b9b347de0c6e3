"""The HTTP endpoints that fill holes, called as programs call them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

FAST = "opencv-telea"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    values = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:30, 30:50] = 255
    Image.fromarray(values).save(tmp_path / "in.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(mask[:10]).save(tmp_path / "small.png")
    return {name: tmp_path / f"{name}.png" for name in ("in", "mask", "small")}


def pixels(path: str | Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_inpaint_fills_the_mask_and_tells_the_seam(client: Client, files: dict[str, Path]) -> None:
    result, facts = client.predict(
        image=handle_file(files["in"]), mask=handle_file(files["mask"]), model=FAST, api_name="/inpaint"
    )
    changed = (pixels(result) != pixels(files["in"])).any(axis=2)
    hole = pixels(files["mask"])[..., 0] > 0
    assert changed[hole].mean() > 0.9 and not changed[~hole].any()
    assert facts["model"] == FAST and (facts["width"], facts["height"]) == (80, 60) and facts["seam"] > 0


def test_outpaint_adds_what_was_asked_for(client: Client, files: dict[str, Path]) -> None:
    result, facts = client.predict(image=handle_file(files["in"]), left=5, bottom=7, model=FAST, api_name="/outpaint")
    assert (facts["width"], facts["height"]) == (85, 67)
    assert (pixels(result)[:60, 5:] == pixels(files["in"])).all()
    _, facts = client.predict(image=handle_file(files["in"]), aspect="2:1", model=FAST, api_name="/outpaint")
    assert (facts["width"], facts["height"]) == (120, 60)


def test_scratches_gives_a_mask_of_the_pictures_size(client: Client, tmp_path: Path) -> None:
    values = np.full((200, 300, 3), 120, np.uint8)
    values[:, 150:152] = 250
    Image.fromarray(values).save(tmp_path / "old.png")
    found = pixels(client.predict(image=handle_file(tmp_path / "old.png"), api_name="/scratches"))
    assert found.shape == (200, 300, 3) and found[100, 150, 0] == 255 and found[100, 30, 0] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mask": "small"}, "80x10"),
        ({"grow": 999}, "grow must be"),
        ({"feather": -1}, "feather must be"),
        ({"model": "realesr-animevideov3"}, "another task"),
        ({"model": "nope"}, "no model called nope"),
    ],
)
def test_a_mistake_is_one_sentence(client: Client, files: dict[str, Path], changes: dict[str, Any], says: str) -> None:
    call: dict[str, Any] = {"mask": "mask", "model": FAST} | changes
    call |= {"image": handle_file(files["in"]), "mask": handle_file(files[call["mask"]])}
    with pytest.raises(AppError, match=says):
        client.predict(**call, api_name="/inpaint")


def test_a_side_that_is_no_number_of_pixels_is_one_sentence(client: Client, files: dict[str, Path]) -> None:
    for sides, says in (
        ({"left": -3}, "left must be"),
        ({}, "at least one side"),
        ({"aspect": "x"}, "16:9"),
        ({"aspect": "2:1", "position": "x"}, "position"),
    ):
        call: dict[str, Any] = {"image": handle_file(files["in"]), "model": FAST} | sides
        with pytest.raises(AppError, match=says):
            client.predict(**call, api_name="/outpaint")
