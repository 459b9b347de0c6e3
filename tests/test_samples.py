"""Pictures drawn from a snapshot to be measured: as many as asked for, said so, and gone afterwards."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganedit.errors import BadRequestError
from ganedit.metrics.evaluate import evaluate
from ganedit.metrics.features import Backbone
from ganedit.metrics.samples import open_samples
from ganedit.models.archs import GENERATORS
from ganedit.models.generators import PictureGenerator
from ganedit.models.snapshots import write_snapshot

TINY = Backbone("tiny", "cd" * 32, 12, lambda x: x.float()[..., :8, :8], lambda x: x.flatten(1)[:, :12] / 255)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def snapshot(path: Path, **facts: object) -> Path:
    torch.manual_seed(1)
    classes = facts.get("class_names", [])
    c_dim = len(classes) if isinstance(classes, list) else 0
    network = GENERATORS["r3gan"](resolution=8, z_dim=6, width=8, c_dim=c_dim)
    write_snapshot(path, network, "r3gan", facts)
    return path


def test_as_many_as_asked_for_exactly_as_the_generator_draws_them(tmp_path: Path, scratch: Path) -> None:
    path, told = snapshot(tmp_path / "a.safetensors"), []
    with open_samples(path, 70, told.append) as (pictures, note):
        assert len(pictures.files) == 70 and told == [64, 70]
        expected = np.concatenate(list(PictureGenerator.read(path).sample(70)))
        assert (pictures.pixels("00000.png") == expected[0]).all()
        assert pictures.side_px == expected.shape[1]
    assert note == (
        "The fakes are 70 pictures drawn from a.safetensors with seeds from 0 on; the real ones are compared at their "
        f"size, {expected.shape[1]} px."
    )
    assert not list(scratch.iterdir())


def test_classes_are_said(tmp_path: Path) -> None:
    path = snapshot(tmp_path / "a.safetensors", condition="class", class_names=["x", "y"])
    with open_samples(path, 4, lambda done: None) as (_, note):
        assert "with seeds from 0 on, its 2 classes in equal share; " in note


def test_a_generator_that_wants_a_text_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = snapshot(tmp_path / "a.safetensors", condition="text")
    with (
        pytest.raises(BadRequestError, match=r"a\.safetensors must be told text.*into a folder"),
        open_samples(path, 4, lambda done: None),
    ):
        pass


def test_a_snapshot_is_measured_like_a_folder_of_its_pictures(tmp_path: Path) -> None:
    path, rng = snapshot(tmp_path / "a.safetensors"), np.random.default_rng(0)
    for name in ("real", "drawn"):
        (tmp_path / name).mkdir()
    for number in range(24):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "real" / f"r{number}.png")
    for number, pixels in enumerate(np.concatenate(list(PictureGenerator.read(path).sample(24)))):
        Image.fromarray(pixels).save(tmp_path / "drawn" / f"{number:05d}.png")
    stages = []
    by_model = evaluate(
        tmp_path / "real", path, backbone=TINY, cache=tmp_path, on_progress=lambda p: stages.append(p.stage)
    )
    by_folder = evaluate(tmp_path / "real", tmp_path / "drawn", backbone=TINY, cache=tmp_path)
    assert stages[0] == "samples"
    assert [n.value for n in by_model.numbers] == pytest.approx([n.value for n in by_folder.numbers])
    assert by_model.notes[0].startswith("The fakes are 24 pictures drawn from a.safetensors")
