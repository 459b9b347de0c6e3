"""Moving pictures: their times, their clear ground and their mark, whole or not at all; what is lost is told."""

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ganedit.clips import Clip, read_clip, save_clip, there_and_back
from ganedit.errors import BadImageError, BadRequestError
from ganedit.image import Picture

DRAWN = "trainedAlgorithmicMedia"


@pytest.fixture
def frames() -> list[Picture]:
    return [Picture(np.full((32, 48, 3), 60 * number, np.uint8)) for number in range(4)]


def levels(count: int) -> list[Picture]:
    """Frames of which each differs from the next."""
    return [Picture(np.full((16, 32, 3), 20 + 180 * (number % 2), np.uint8)) for number in range(count)]


def sticker(folder: Path, name: str = "sticker.gif", **how: Any) -> Path:
    """A disc that moves over a clear ground."""
    rows, columns = np.mgrid[:32, :48]
    shown = []
    for middle in (10, 18, 26, 34):
        pixels = np.zeros((32, 48, 4), np.uint8)
        pixels[(columns - middle) ** 2 + (rows - 16) ** 2 < 60] = (220, 60, 40, 255)
        shown.append(Image.fromarray(pixels))
    how = {"disposal": 2} | how if name.endswith((".gif", ".png")) else how
    shown[0].save(folder / name, save_all=True, append_images=shown[1:], **how)
    return folder / name


def times_of(file: Path) -> list[int]:
    with Image.open(file) as image:
        return [image.seek(number) or image.info.get("duration", 0) for number in range(getattr(image, "n_frames", 1))]


def video_of(file: Path) -> tuple[list[np.ndarray], float]:
    video, shown = cv2.VideoCapture(str(file)), []
    while (read := video.read())[0]:
        shown.append(np.asarray(read[1]))
    return shown, video.get(cv2.CAP_PROP_FPS)


def test_a_gif_goes_there_and_back_and_holds_its_recipe(frames: list[Picture], tmp_path: Path) -> None:
    save_clip(there_and_back(frames), tmp_path / "a.gif", recipe='{"seed": 1}')
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.size, getattr(gif, "n_frames", 1), gif.info["comment"]) == ((48, 32), 6, b'{"seed": 1}')
    assert sum(times_of(tmp_path / "a.gif")) == 250, "24 a second"


def test_a_video_has_all_frames_in_their_order(frames: list[Picture], tmp_path: Path) -> None:
    save_clip(there_and_back(frames), tmp_path / "a.mp4")
    assert [round(float(frame.mean()) / 60) for frame in video_of(tmp_path / "a.mp4")[0]] == [0, 1, 2, 3, 2, 1]


@pytest.mark.parametrize(("name", "told"), [("a.avi", ".gif or .mp4"), ("nowhere/a.gif", "make it first")])
def test_what_cannot_be_written_is_told(frames: list[Picture], tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        save_clip(there_and_back(frames), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("loop", [None, 0, 2])
def test_pauses_clear_ground_and_loops_go_from_gif_to_gif(tmp_path: Path, loop: int | None) -> None:
    pauses = [1500, 60, 10, 0]
    how: dict[str, Any] = {} if loop is None else {"loop": loop}
    source = sticker(tmp_path, duration=pauses, **how)
    assert save_clip(read_clip(source, 240, into=".gif"), tmp_path / "b.gif") == ()
    assert times_of(tmp_path / "b.gif") == pauses
    with Image.open(source) as before, Image.open(tmp_path / "b.gif") as after:
        assert after.info.get("loop") == loop
        for number in range(4):
            before.seek(number)
            after.seek(number)
            a, b = (np.asarray(image.convert("RGBA")) for image in (before, after))
            assert (a[..., 3] == b[..., 3]).all() and np.abs(a.astype(int) - b)[a[..., 3] > 0].max() < 8


def test_a_frame_that_shows_nothing_stays_empty(tmp_path: Path) -> None:
    alphas = [np.full((16, 32), level, np.uint8) for level in (0, 255, 0)]
    blinking = [Picture(np.full((16, 32, 3), 200, np.uint8), alpha) for alpha in alphas]
    save_clip(Clip(blinking, [100] * 3, plays=3), tmp_path / "a.gif")
    clip = read_clip(tmp_path / "a.gif", 240)
    assert [frame.alpha is not None and not frame.alpha.any() for frame in clip.frames] == [True, False, True]
    assert (clip.plays, list(clip.pauses_ms)) == (3, [100, 100, 100])


@pytest.mark.parametrize(("name", "plays"), [("a.png", 3), ("a.webp", 3), ("a.webp", 0)])
def test_animated_png_and_webp_keep_their_times_and_clear_ground(tmp_path: Path, name: str, plays: int) -> None:
    clip = read_clip(sticker(tmp_path, name, duration=[1500, 60, 60, 60], loop=plays), 240, into=".gif")
    assert [round(pause) for pause in clip.pauses_ms] == [1500, 60, 60, 60] and clip.plays == plays
    save_clip(clip, tmp_path / "b.gif")
    again = read_clip(tmp_path / "b.gif", 240)
    assert (list(again.pauses_ms), again.plays) == ([1500, 60, 60, 60], plays)
    assert all(frame.alpha is not None and (frame.alpha == 0).mean() > 0.8 for frame in again.frames)


@pytest.mark.parametrize(("rate", "kept"), [(60, 40), (50, 60), (24, 60), (120, 25)])
def test_a_gif_of_a_quick_video_runs_at_its_speed(tmp_path: Path, rate: int, kept: int) -> None:
    save_clip(Clip(levels(60), [1000 / rate] * 60), tmp_path / "a.mp4")
    clip = read_clip(tmp_path / "a.mp4", kept, into=".gif")
    notes = [f"{60 - kept} of 60 frames are left out" in note for note in clip.frames[0].notes]
    assert len(clip.frames) == kept and notes == ([True] if kept < 60 else [])
    save_clip(clip, tmp_path / "a.gif")
    times = times_of(tmp_path / "a.gif")
    assert min(times) >= 20 and sum(times) == pytest.approx(60_000 / rate, abs=10)


def test_a_gif_of_quick_frames_runs_at_its_speed_however_it_is_saved(tmp_path: Path) -> None:
    save_clip(Clip(levels(9), [1000 / 60] * 9), tmp_path / "a.gif")
    assert min(times_of(tmp_path / "a.gif")) >= 20 and sum(times_of(tmp_path / "a.gif")) == 150


@pytest.mark.parametrize(
    ("pauses", "shown"),
    [([1500, 60, 60, 60], [25, 1, 1, 1]), ([100, 110, 100], [1, 1, 1]), ([10, 100, 0], [1, 1, 1]), ([100], [1])],
)
def test_the_pauses_of_a_gif_are_kept_in_a_video(tmp_path: Path, pauses: list[int], shown: list[int]) -> None:
    numbers = [Picture(np.full((16, 32, 3), 60 * number, np.uint8)) for number in range(len(pauses))]
    save_clip(Clip(numbers, pauses, is_gif=True), tmp_path / "a.mp4")
    frames, rate = video_of(tmp_path / "a.mp4")
    seen = [round(float(frame.mean()) / 60) for frame in frames]
    assert [seen.count(number) for number in range(len(pauses))] == shown
    assert len(frames) / rate == pytest.approx(sum(pause if pause >= 20 else 100 for pause in pauses) / 1000, abs=0.002)


def test_a_clip_of_too_many_frames_is_refused_and_never_cut_in_silence(tmp_path: Path) -> None:
    for name in ("a.gif", "a.mp4"):
        save_clip(Clip(levels(8), [40] * 8), tmp_path / name)
        assert len(read_clip(tmp_path / name, 8).frames) == 8
        with pytest.raises(BadImageError, match="more than 7 frames"):
            read_clip(tmp_path / name, 7)


def test_a_video_that_breaks_off_is_told(tmp_path: Path) -> None:
    save_clip(Clip(levels(30), [40] * 30), tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    middle = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    cut = (middle + end) // 2
    (tmp_path / "a.mp4").write_bytes(data[:cut] + bytes(end - cut) + data[end:])
    clip = read_clip(tmp_path / "a.mp4", 240)
    assert len(clip.frames) < 30 and clip.frames[0].notes == (
        f"The file speaks of 30 frames and shows {len(clip.frames)}.",
    )


def test_a_video_on_its_side_is_turned(tmp_path: Path) -> None:
    shown = np.zeros((32, 64, 3), np.uint8)
    shown[:, :32] = 230
    save_clip(Clip([Picture(shown)] * 3, [40] * 3), tmp_path / "a.mp4")
    upright, turned = (struct.pack(">9i", *each, 0x40000000) for each in _MATRICES)
    data = (tmp_path / "a.mp4").read_bytes()
    place = data.index(upright, data.index(b"tkhd"))
    (tmp_path / "a.mp4").write_bytes(data[:place] + turned + data[place + 36 :])
    frame = read_clip(tmp_path / "a.mp4", 240).frames[0].pixels
    assert frame.shape == (64, 32, 3) and frame[:28].min() > 180 and frame[36:].max() < 60


_MATRICES = ((0x10000, 0, 0, 0, 0x10000, 0, 0, 0), (0, 0x10000, 0, -0x10000, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("sound", "name"), [(b"\0\0\0\x21hdlr" + bytes(8) + b"soun", "a.mp4"), (b"\x86\x86A_OPUS", "a.webm")]
)
def test_sound_is_told(frames: list[Picture], tmp_path: Path, sound: bytes, name: str) -> None:
    save_clip(Clip(frames, [40] * 4), tmp_path / "a.mp4")
    assert read_clip(tmp_path / "a.mp4", 240).frames[0].notes == ()
    if name == "a.webm":
        writer = cv2.VideoWriter(str(tmp_path / name), cv2.VideoWriter.fourcc(*"VP80"), 25, (48, 32))
        for frame in frames:
            writer.write(frame.pixels)
        writer.release()
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data + struct.pack(">I4s", 8 + len(sound), b"free") + sound)
    assert read_clip(tmp_path / name, 240).frames[0].notes == ("The sound is left out.",)


def test_what_a_format_cannot_hold_is_told(tmp_path: Path) -> None:
    alpha = np.full((15, 33), 100, np.uint8)
    soft = [Picture(np.full((15, 33, 3), 30 * number, np.uint8), alpha) for number in range(2)]
    clip = Clip(soft, [40, 40], plays=2)
    assert ["clear and solid" in note for note in save_clip(clip, tmp_path / "a.gif")] == [True]
    told = " ".join(save_clip(clip, tmp_path / "a.mp4"))
    assert all(words in told for words in ("so it is white", "even sides", "shown 2 times"))
    frame, *_ = video_of(tmp_path / "a.mp4")[0]
    assert frame.shape == (14, 32, 3) and frame.mean() == pytest.approx(255 * 155 / 255, abs=6)


@pytest.mark.parametrize("name", ["list.mp4", "other.gif", "none.gif", "empty.mp4"])
def test_what_is_no_clip_by_its_content_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n")
    (tmp_path / "other.gif").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(BadImageError, match=r"save it as GIF or MP4|check that it exists"):
        read_clip(tmp_path / name, 240)


def test_exiftool_reads_the_mark_of_a_clip_and_it_comes_back(tmp_path: Path) -> None:
    frames = [Picture(each.pixels, source_type=DRAWN) for each in levels(3)]
    for name in ("a.gif", "a.mp4"):
        save_clip(Clip(frames, [100] * 3), tmp_path / name, recipe='{"seed": 1}')
        assert {frame.source_type for frame in read_clip(tmp_path / name, 240).frames} == {DRAWN}
    words = ["exiftool", "-json", "-n", "-FileType", "-XMP-iptcExt:DigitalSourceType", "-Comment"]
    done = subprocess.run([*words, str(tmp_path / "a.gif"), str(tmp_path / "a.mp4")], capture_output=True, check=True)
    rows = json.loads(done.stdout)
    assert [row["DigitalSourceType"].rpartition("/")[2] for row in rows] == [DRAWN, DRAWN]
    assert rows[0]["Comment"] == '{"seed": 1}' and b'{"seed": 1}' in (tmp_path / "a.mp4").read_bytes()
