"""Clips repainted frame by frame: read, held steady where nothing moves, bounded, stopped, written."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.clips import read_clip, save_clip
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
    save_clip(frames, tmp_path / f"clip{suffix}", there_and_back=False, rate=10)
    found, rate = read_clip(tmp_path / f"clip{suffix}", 240)
    assert len(found) == 5 and rate == pytest.approx(10, rel=0.05)
    assert all(np.abs(a.pixels.astype(int) - b.pixels).mean() < apart for a, b in zip(frames, found, strict=True))
    assert len(read_clip(tmp_path / f"clip{suffix}", 3)[0]) == 3


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
