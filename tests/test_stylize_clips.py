"""Clips repainted frame by frame: read, held steady where nothing moves, bounded, stopped, written."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.cli_stylize import stylize
from ganedit.clips import Clip, read_clip, save_clip
from ganedit.engine import Engine
from ganedit.errors import BadImageError, BadRequestError
from ganedit.image import Picture
from ganedit.models.archs.painter import Painter
from ganedit.models.registry import Registry
from ganedit.models.snapshots import write_snapshot
from ganedit.requests import ClipRequest, EditResult, StylizeRequest
from ganedit.tasks.stylize import steadied


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("clips")
    torch.manual_seed(0)
    painter = Painter(width=4)
    painter.to_picture.weight.data *= 20  # random weights paint almost nothing
    write_snapshot(folder / "mine.safetensors", painter, "painter", {"class_names": []})
    return Engine(Registry(weights=folder, cache=folder / "cache"))


def clip(frames: int = 5, noise: float = 0.0) -> list[Picture]:
    """A square that moves to the right before a still background."""
    rng, pictures = np.random.default_rng(0), []
    background = rng.integers(60, 200, (64, 96, 3))
    for number in range(frames):
        pixels = background + rng.normal(0, noise, background.shape) if noise else background.copy()
        pixels[20:40, 8 * number : 8 * number + 20] = 250
        pictures.append(Picture(np.clip(pixels, 0, 255).astype(np.uint8)))
    return pictures


def request(frames: list[Picture], **how: float) -> ClipRequest:
    return ClipRequest(frames, StylizeRequest(frames[0], model="mine", **how))  # type: ignore[arg-type]


def test_every_frame_is_painted_at_its_size(engine: Engine) -> None:
    result = engine.run(request(clip()))
    assert len(result.images) == 5
    assert all(frame.pixels.shape == (64, 96, 3) for frame in result.images)
    assert result.edited.pixels.shape == (64, 96, 3)
    alone = engine.run(StylizeRequest(clip()[0], model="mine")).images[0].pixels.astype(int)
    assert np.abs(result.images[0].pixels - alone).max() <= 1


def test_what_does_not_move_flickers_less_than_frames_painted_one_by_one(engine: Engine) -> None:
    frames = clip(noise=3)
    steady = [frame.pixels[45:].astype(float) for frame in engine.run(request(frames)).images]
    single = [engine.run(StylizeRequest(each, model="mine")).images[0].pixels[45:].astype(float) for each in frames]
    flicker = [np.mean([np.abs(b - a).mean() for a, b in pairwise(each)]) for each in (steady, single)]
    assert flicker[0] < 0.75 * flicker[1]


def test_what_moves_is_not_smeared() -> None:
    x_before, x = torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    painted_before, painted = torch.full_like(x, 0.2), torch.full_like(x, 0.9)
    assert torch.allclose(steadied(x, painted, x_before, painted_before), painted, atol=1e-3)
    held = steadied(x, painted, x, painted_before)
    assert torch.allclose(held, torch.full_like(x, 0.2 * 0.8 + 0.9 * 0.2), atol=1e-5)


def test_a_run_tells_how_far_it_is_and_stops_between_frames(engine: Engine) -> None:
    steps: Any = engine.stream(request(clip()))
    told = [next(steps) for _ in range(3)]
    assert [(each.done, each.total) for each in told] == [(0, 5), (1, 5), (2, 5)]
    steps.close()
    assert not any(isinstance(each, EditResult) for each in steps)


@pytest.mark.parametrize(("suffix", "apart"), [(".gif", 12), (".mp4", 25)])
def test_a_clip_is_read_as_it_was_written(tmp_path: Path, suffix: str, apart: float) -> None:
    frames = [Picture(np.full((64, 96, 3), (40 * number, 90, 200), np.uint8)) for number in range(5)]
    save_clip(Clip(frames, [100] * 5), tmp_path / f"clip{suffix}")
    found = read_clip(tmp_path / f"clip{suffix}", 240)
    assert found.pauses_ms == pytest.approx([100] * 5, rel=0.01)
    pairs = zip(frames, found.frames, strict=True)
    assert all(np.abs(a.pixels.astype(int) - b.pixels).mean() < apart for a, b in pairs)


def test_a_painted_clip_keeps_times_clear_ground_and_mark_and_says_in_json_what_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[10:30, 10:30] = 255
    pixels = [np.full((48, 64, 3), 50 * number, np.uint8) for number in range(4)]
    drawn = [Picture(each, alpha, source_type="trainedAlgorithmicMedia") for each in pixels]
    save_clip(Clip(drawn, [1500, 60, 60, 60], plays=3), tmp_path / "a.gif")
    stylize(tmp_path / "a.gif", tmp_path / "b.gif", style="cartoon", as_json=True, embed_settings=False)
    told, clip = json.loads(capsys.readouterr().out), read_clip(tmp_path / "b.gif", 240)
    assert (told["frames"], told["notes"], clip.plays) == (4, [], 3) and list(clip.pauses_ms) == [1500, 60, 60, 60]
    assert all(frame.alpha is not None and (frame.alpha == alpha).all() for frame in clip.frames)
    assert clip.frames[0].source_type == "trainedAlgorithmicMedia"
    with Image.open(tmp_path / "b.gif") as image:
        assert "comment" not in image.info
    stylize(tmp_path / "a.gif", tmp_path / "b.mp4", style="cartoon", as_json=True)
    told, clip = json.loads(capsys.readouterr().out), read_clip(tmp_path / "b.mp4", 240)
    assert any("no clear ground" in note for note in told["notes"]) and sum(clip.pauses_ms) == pytest.approx(
        1680, abs=2
    )
    assert clip.frames[0].source_type == "trainedAlgorithmicMedia"


def test_a_painted_clip_of_sixty_frames_a_second_says_in_json_how_many_a_gif_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [Picture(np.full((32, 48, 3), 30 * number, np.uint8)) for number in range(6)]
    save_clip(Clip(quick, [1000 / 60] * 6), tmp_path / "a.mp4")
    stylize(tmp_path / "a.mp4", tmp_path / "a.gif", style="cartoon", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 4 and ["2 of 6 frames are left out" in note for note in told["notes"]] == [True]
    assert sum(read_clip(tmp_path / "a.gif", 240).pauses_ms) == 100


def test_a_clip_of_too_many_frames_is_refused_before_any_is_painted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_clip(Clip([Picture(np.zeros((32, 32, 3), np.uint8))] * 241, [40] * 241), tmp_path / "a.gif")
    monkeypatch.setattr(Engine, "stream", lambda *_: pytest.fail("painted"))
    with pytest.raises(BadImageError, match="more than 240 frames"):
        stylize(tmp_path / "a.gif", tmp_path / "b.gif", style="cartoon")
    assert not (tmp_path / "b.gif").exists()


@pytest.mark.parametrize("name", ["broken.gif", "broken.mp4"])
def test_what_is_no_clip_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"GIF89a" + b"\x00" * 40)
    with pytest.raises(BadImageError, match=r"save it as GIF or MP4"):
        read_clip(tmp_path / name, 240)


def test_frames_that_are_too_many_too_large_or_unlike_are_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadRequestError, match="up to 240 frames, not 241"):
        engine.run(request(clip(1) * 241))
    with pytest.raises(BadRequestError, match="all have one size"):
        engine.run(request([*clip(2), Picture(np.zeros((40, 40, 3), np.uint8))]))
    Image.new("RGB", (3000, 1000)).save(tmp_path / "large.gif")
    with pytest.raises(BadImageError, match="make it smaller"):
        read_clip(tmp_path / "large.gif", 240)
