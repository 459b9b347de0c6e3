"""A trained generator in use: seeds, classes, gray, and what it must be told."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganedit.errors import BadCheckpointError
from ganedit.models.archs import GENERATORS
from ganedit.models.generators import PictureGenerator
from ganedit.models.snapshots import Snapshot


def generator(c_dim: int = 0, channels: int = 3, **facts: object) -> PictureGenerator:
    torch.manual_seed(0)
    config = {"resolution": 8, "z_dim": 6, "width": 8, "c_dim": c_dim, "channels": channels}
    network = GENERATORS["r3gan"](**config)
    return PictureGenerator(Snapshot(network.eval(), "r3gan", config, facts))


def sampled(source: PictureGenerator, count: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(source.sample(count, seed)))


def test_a_seed_gives_the_same_pictures_however_many_are_drawn() -> None:
    source = generator()
    many = sampled(source, 70)
    assert many.shape == (70, 8, 8, 3) and many.dtype == np.uint8
    assert np.abs(many[:3].astype(int) - sampled(source, 3)).max() <= 1  # the last bit depends on the batch
    assert (many[0] != many[1]).any()
    assert np.abs(many[2:5].astype(int) - sampled(source, 3, seed=2)).max() <= 1  # one seed a picture


def test_pixels_are_the_networks_numbers_from_minus_one_to_one_as_bytes() -> None:
    source = generator()
    z = source.latents(2, seed=5)
    with torch.no_grad():
        raw = source._network(z, None).clamp(-1, 1)
    expected = ((raw + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
    assert (source.draw(z) == expected.astype(np.uint8)).all()


def test_classes_have_their_turn() -> None:
    source = generator(c_dim=3, condition="class", class_names=["a", "b", "c"])
    asked = []
    draw = source.draw
    source.draw = lambda z, condition=None: asked.append(condition) or draw(z, condition)  # type: ignore[method-assign]
    sampled(source, 7)
    assert np.concatenate(asked).argmax(axis=1).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_gray_becomes_three_equal_channels() -> None:
    pictures = sampled(generator(channels=1), 2)
    assert pictures.shape == (2, 8, 8, 3)
    assert (pictures[..., 0] == pictures[..., 2]).all()


def test_what_must_be_told_a_text_cannot_be_sampled_without_one() -> None:
    with pytest.raises(ValueError, match="text"):
        sampled(generator(c_dim=4, condition="text"), 2)


def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(BadCheckpointError, match=r"x\.safetensors"):
        PictureGenerator.read(tmp_path / "x.safetensors")
