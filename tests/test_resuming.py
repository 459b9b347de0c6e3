"""Going on with a run: longer, on another machine, written down more often; and what a refusal leaves behind."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ganedit.errors import BadCheckpointError, BadRecipeError, UserError
from ganedit.training.config import TrainConfig
from ganedit.training.journal import read_stats
from ganedit.training.loop import train

SCHEDULE = {"kimg": 0.016, "batch": 4, "tick_kimg": 0.008, "snapshot_kimg": 0.016, "ema_kimg": 0.02}
TINY = {
    "data": {"resolution": 8},
    "generator": {"arch": "r3gan", "z_dim": 8, "width": 8},
    "discriminator": {"arch": "r3gan", "width": 8},
    "schedule": SCHEDULE,
    "compute": {"precision": "float32", "threads": 1},
}


def config(**changes: dict) -> TrainConfig:
    return TrainConfig.from_dict({name: TINY.get(name, {}) | changes.get(name, {}) for name in {*TINY, *changes}})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "data" / f"{number:02}.png")
    return tmp_path / "data"


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(max(out.glob("snapshot-*.safetensors")))


def are_same(a: Path, b: Path) -> bool:
    mine, theirs = weights(a), weights(b)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)


def notes(out: Path) -> list[str]:
    return [tick["verdict"] for tick in read_stats(out) if "loss_g" not in tick]


def tree(top: Path) -> dict[str, Any]:
    """Everything in a folder; of files, with what a write would change."""
    found = {str(path): path.stat() for path in top.rglob("*")}
    return {path: (at.st_mtime_ns, at.st_size) if Path(path).is_file() else None for path, at in found.items()}


@pytest.mark.parametrize("kimg", [0.016, 0.014], ids=["at a step", "between two"])
def test_a_run_that_is_made_longer_is_bit_for_bit_the_one_that_was_that_long(
    pictures: Path, tmp_path: Path, kimg: float
) -> None:
    longer = config(schedule={**SCHEDULE, "kimg": 0.032})
    train(longer, pictures, tmp_path / "straight")
    train(config(schedule={**SCHEDULE, "kimg": kimg}), pictures, tmp_path / "run")
    train(longer, pictures, tmp_path / "run", resume=True)
    assert are_same(tmp_path / "straight", tmp_path / "run")
    assert read_stats(tmp_path / "run")[-1]["kimg"] == 0.032 and notes(tmp_path / "run") == []


def test_where_learning_rates_fall_over_the_whole_run_going_on_for_longer_says_how(
    pictures: Path, tmp_path: Path
) -> None:
    falling = {"lr_end": 0.1}
    train(config(optimizer=falling), pictures, tmp_path / "run")
    train(config(optimizer=falling, schedule={**SCHEDULE, "kimg": 0.032}), pictures, tmp_path / "run", resume=True)
    [note] = notes(tmp_path / "run")
    assert "Up to kimg 0.016" in note and "a run of 0.016 kimg" in note and "one of 0.032" in note
    assert read_stats(tmp_path / "run")[-1]["kimg"] == 0.032


def test_a_run_is_not_made_shorter_than_it_is(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run")
    before = tree(tmp_path)
    with pytest.raises(BadRecipeError, match=r"at kimg 0\.016 already.*larger schedule\.kimg"):
        train(config(schedule={**SCHEDULE, "kimg": 0.008}), pictures, tmp_path / "run", resume=True)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": {**SCHEDULE, "kimg": 0.032, "tick_kimg": 0.004, "snapshot_kimg": 0.004}},
        {"schedule": {**SCHEDULE, "kimg": 0.032}, "doctor": {"samples": 32, "stop": True}},
    ],
    ids=["other ticks", "watched otherwise"],
)
def test_what_decides_no_step_may_be_changed(pictures: Path, tmp_path: Path, changes: Mapping[str, dict]) -> None:
    train(config(schedule={**SCHEDULE, "kimg": 0.032}), pictures, tmp_path / "straight")
    train(config(), pictures, tmp_path / "run")
    train(config(**changes), pictures, tmp_path / "run", resume=True)
    assert are_same(tmp_path / "straight", tmp_path / "run") and notes(tmp_path / "run") == []


def test_another_number_of_threads_goes_on_with_a_note(pictures: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        train(config(), pictures, tmp_path / "run")
        told: list[Mapping[str, Any]] = []
        moved = config(compute={"precision": "float32", "threads": 2}, schedule={**SCHEDULE, "kimg": 0.02})
        train(moved, pictures, tmp_path / "run", resume=True, on_tick=told.append)
    finally:
        torch.set_num_threads(before)
    [note] = notes(tmp_path / "run")
    assert "begun with 1 x 1 threads" in note and "goes on with 1 x 2 threads" in note
    assert told[0]["verdict"] == note and told[-1]["kimg"] == 0.02


def test_a_refusal_names_the_key_that_is_different(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run")
    with pytest.raises(BadRecipeError, match=r"another recipe \(loss\.gamma was 1\.0, not 7\.0\)"):
        train(config(loss={"gamma": 7.0}), pictures, tmp_path / "run", resume=True)


def test_a_resume_that_is_refused_leaves_nothing(pictures: Path, tmp_path: Path) -> None:
    def refused(out: str, data: Path = pictures, **changes: dict) -> None:
        before = tree(tmp_path)
        with pytest.raises(UserError):
            train(config(**changes), data, tmp_path / out, resume=True)
        assert tree(tmp_path) == before

    refused("none/run")
    train(config(), pictures, tmp_path / "run")
    refused("run", loss={"gamma": 7.0})
    refused("run", tmp_path / "nowhere")
    Image.new("RGB", (8, 8), "red").save(pictures / "new.png")
    refused("run")


def test_a_state_that_cannot_be_used_is_told_and_left(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run")
    path = tmp_path / "run" / "state.pt"
    state = torch.load(path, weights_only=True)
    for damage in ({"nimg": 16}, {**state, "trainer": {}}, {**state, "trainer": {**state["trainer"], "generator": {}}}):
        torch.save(damage, path)
        with pytest.raises(BadCheckpointError, match="start without --resume"):
            train(config(), pictures, tmp_path / "run", resume=True)
    assert len(read_stats(tmp_path / "run")) == 2


def test_a_run_whose_state_has_but_a_digest_of_its_recipe_goes_on(pictures: Path, tmp_path: Path) -> None:
    steps = iter(range(100))
    train(config(), pictures, tmp_path / "run", should_stop=lambda: next(steps) >= 2)
    path = tmp_path / "run" / "state.pt"
    torch.save(torch.load(path, weights_only=True) | {"recipe": config().digest}, path)
    with pytest.raises(BadRecipeError, match="another recipe"):
        train(
            dataclasses.replace(config(), loss=dataclasses.replace(config().loss, gamma=7.0)),
            pictures,
            path.parent,
            resume=True,
        )
    train(config(), pictures, path.parent, resume=True)
    assert read_stats(path.parent)[-1]["kimg"] == 0.016


def test_a_disk_that_fills_up_is_one_sentence_and_the_state_before_stays(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    train(config(), pictures, tmp_path / "run")
    state = (tmp_path / "run" / "state.pt").read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"state\.pt cannot be written \(No space left on device\), free some room"):
        train(config(schedule={**SCHEDULE, "kimg": 0.032}), pictures, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "state.pt").read_bytes() == state
    assert not list((tmp_path / "run").glob(".*"))
