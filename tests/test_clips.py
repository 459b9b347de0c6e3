"""Moving pictures: there and back again, whole or not at all, with their recipe where there is room for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ganedit.clips import save_clip
from ganedit.errors import BadRequestError
from ganedit.image import Picture


@pytest.fixture
def frames() -> list[Picture]:
    return [Picture(np.full((32, 48, 3), 60 * number, np.uint8)) for number in range(4)]


def test_a_gif_goes_there_and_back_and_holds_its_recipe(frames: list[Picture], tmp_path: Path) -> None:
    save_clip(frames, tmp_path / "a.gif", recipe='{"seed": 1}')
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.size, getattr(gif, "n_frames", 1), gif.info["comment"]) == ((48, 32), 6, b'{"seed": 1}')


def test_a_video_has_all_frames_in_their_order(frames: list[Picture], tmp_path: Path) -> None:
    save_clip(frames, tmp_path / "a.mp4")
    video, seen = cv2.VideoCapture(str(tmp_path / "a.mp4")), []
    while True:
        there, frame = video.read()
        if not there:
            break
        seen.append(round(float(np.asarray(frame).mean()) / 60))
    assert seen == [0, 1, 2, 3, 2, 1]


@pytest.mark.parametrize(("name", "told"), [("a.avi", ".gif or .mp4"), ("nowhere/a.gif", "make it first")])
def test_what_cannot_be_written_is_told(frames: list[Picture], tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        save_clip(frames, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
