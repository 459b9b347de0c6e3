"""Training pictures of styles: squares from anywhere, drawings laid into scenes, splits by picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import prepare_styles
from tools.prepare_styles import drawings, scene, squares, write_styles


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_squares_are_of_one_size_and_of_the_pictures_in_turn() -> None:
    pictures = [Image.new("RGB", (300, 140), color) for color in ("red", "blue")]
    cut = squares(pictures, 6, (115, 280), rng())
    assert [each.size for each in cut] == [(128, 128)] * 6
    assert [each.getpixel((64, 64)) for each in cut] == [(255, 0, 0), (0, 0, 255)] * 3


def clipart(folder: Path, color: tuple[int, int, int], name: str) -> None:
    path = folder / prepare_styles._CLIPART / "animals" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    drawing.paste((*color, 255), (10, 10, 110, 110))
    drawing.save(path)


def test_drawings_are_those_in_color(tmp_path: Path) -> None:
    clipart(tmp_path, (250, 40, 20), "colored")
    clipart(tmp_path, (90, 90, 95), "gray")
    found = list(drawings(tmp_path))
    assert len(found) == 1 and found[0].getpixel((60, 60)) == (250, 40, 20, 255)


def test_a_scene_is_flat_ground_with_drawings_on_it() -> None:
    thing = Image.new("RGBA", (50, 50), (255, 0, 255, 255))
    chance = rng()
    scenes = [np.asarray(scene([thing], chance)).astype(int) for _ in range(4)]
    colors = [np.unique(pixels.reshape(-1, 3), axis=0) for pixels in scenes]
    assert all(pixels.shape == (512, 512, 3) for pixels in scenes)
    assert max(map(len, colors)) > 3 and all(len(each) <= 7 for each in colors)  # sky, grounds, outline, thing
    assert all(any(each[0] == each[2] > each[1] + 100 for each in own) for own in colors)


def test_no_painting_is_in_both_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = {
        "Renoir, Bal": 10, "Renoir, Girls at the Piano": 20, "Hokusai, Wave": 30, "Hokusai, Oiran": 40,
        "van Gogh, Bridge": 50, "van Gogh, 0013": 60,
    }  # fmt: skip
    works = [(title, Image.new("RGB", (200, 200), (level,) * 3)) for title, level in titles.items()]
    monkeypatch.setattr(prepare_styles, "paintings", lambda package: works)
    monkeypatch.setattr(prepare_styles, "_TRAIN", 4)
    monkeypatch.setattr(prepare_styles, "_TEST", 4)
    for number in range(8):
        clipart(tmp_path, (250, 10 * number, 20), f"{number}")
    origins = write_styles(tmp_path, tmp_path / "out")
    assert set(origins) == {"cartoon", "impressionist", "ukiyo-e", "van-gogh"}

    def levels(part: str, style: str) -> set[int]:
        return {Image.open(path).getpixel((5, 5))[0] for path in (tmp_path / "out" / part / style).glob("*.png")}  # type: ignore[index]

    assert (levels("train", "ukiyo-e"), levels("held-out", "ukiyo-e")) == ({30}, {40})
    assert (levels("train", "van-gogh"), levels("held-out", "van-gogh")) == ({50}, {60})
    assert (levels("train", "impressionist"), levels("held-out", "impressionist")) == ({10}, {20})
