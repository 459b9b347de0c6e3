"""Training as a whole: it resumes bit for bit, survives kill -9, stops when told, and says what it did."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import ganedit
from PIL import Image
from safetensors.torch import load_file

from ganedit.errors import BadCheckpointError, BadDataError, BadRecipeError, TrainingFailedError
from ganedit.models.snapshots import read_snapshot
from ganedit.training.config import TrainConfig
from ganedit.training.doctor import Verdict
from ganedit.training.journal import read_stats
from ganedit.training.loop import train
from ganedit.training.processes import Processes
from ganedit.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
TINY = {
    "data": {"resolution": 8},
    "generator": {"arch": "r3gan", "z_dim": 8, "width": 8},
    "discriminator": {"arch": "r3gan", "width": 8},
    "schedule": {"kimg": 0.048, "batch": 4, "tick_kimg": 0.008, "snapshot_kimg": 0.016, "ema_kimg": 0.02},
    "compute": {"precision": "float32", "threads": 1},
}


def config(**changes: dict) -> TrainConfig:
    sections = {name: TINY.get(name, {}) | changes.get(name, {}) for name in {*TINY, *changes}}
    return TrainConfig.from_dict(sections)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for kind in ("dark", "light"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(8):
            values = rng.integers(0, 120, (8, 8, 3)) + (130 if kind == "light" else 0)
            Image.fromarray(values.astype(np.uint8)).save(tmp_path / "data" / kind / f"{number}.png")
    return tmp_path / "data"


def last(out: Path) -> Path:
    return sorted(out.glob("snapshot-*.safetensors"))[-1]


def same(a: Path, b: Path) -> bool:
    mine, theirs = load_file(a), load_file(b)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_run_writes_journal_samples_snapshots_and_state(pictures: Path, tmp_path: Path) -> None:
    told: list = []
    train(config(), pictures, tmp_path / "run", on_tick=told.append)
    ticks = read_stats(tmp_path / "run")
    assert [round(tick["kimg"], 3) for tick in ticks] == [0.008, 0.016, 0.024, 0.032, 0.04, 0.048]
    wanted = {"kimg", "loss_g", "loss_d", "real_sign", "fake_sign", "images_per_second", "seconds_left", "augment_p"}
    assert wanted <= set(ticks[0])
    assert all(np.isfinite(value) for value in ticks[0].values() if not isinstance(value, str))
    assert ticks[0]["health"] == "ok" and "Too early" in ticks[0]["verdict"]
    assert {"diversity", "vendi", "coverage"} <= set(ticks[0])
    assert len(list((tmp_path / "run" / "samples").glob("*.png"))) == 7  # one before the first step
    assert len(list((tmp_path / "run").glob("snapshot-*.safetensors"))) == 3
    assert told == ticks
    snapshot = read_snapshot(last(tmp_path / "run"))
    assert snapshot.facts["kimg"] == 0.048 and snapshot.facts["pictures"] == 16
    assert snapshot.generator(torch.zeros(2, 8)).shape == (2, 3, 8, 8)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "augment": {"policy": ["color", "translation", "cutout", "flip"], "p": 0.5},
            "data": {"resolution": 8, "flip": True},
        },
        {
            "augment": {"policy": ["color"], "p": "adaptive", "speed_kimg": 0.05},
            "optimizer": {"name": "adamw", "lr_end": 0.1},
        },
        {"loss": {"name": "hinge", "r2": False}, "data": {"resolution": 8, "condition": "class"}},
        {"generator": {"arch": "dcgan"}, "discriminator": {"arch": "dcgan"}, "loss": {"name": "minimax", "r1": False}},
    ],
    ids=["default", "augmented", "adaptive", "conditional", "dcgan"],
)
def test_a_resumed_run_is_bit_for_bit_the_straight_one(pictures: Path, tmp_path: Path, changes: dict) -> None:
    recipe = config(**changes)
    train(recipe, pictures, tmp_path / "straight")
    steps = iter(range(100))
    train(recipe, pictures, tmp_path / "broken", should_stop=lambda: next(steps) >= 7)
    assert read_stats(tmp_path / "broken")[-1]["kimg"] < 0.048
    train(recipe, pictures, tmp_path / "broken", resume=True)
    assert same(last(tmp_path / "straight"), last(tmp_path / "broken"))
    losses = [[(tick["kimg"], tick["loss_g"]) for tick in read_stats(tmp_path / run)] for run in ("straight", "broken")]
    assert losses[0][-1] == losses[1][-1]


def test_a_resumed_run_keeps_its_precision_whatever_the_clock_says_now(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = config(compute={"precision": "auto"})
    monkeypatch.setattr(Processes, "half_is_faster", True)
    train(recipe, pictures, tmp_path / "straight")
    steps = iter(range(100))
    train(recipe, pictures, tmp_path / "broken", should_stop=lambda: next(steps) >= 7)
    monkeypatch.setattr(Processes, "half_is_faster", False)  # another program was busy while it was measured
    train(recipe, pictures, tmp_path / "other")
    train(recipe, pictures, tmp_path / "broken", resume=True)
    assert same(last(tmp_path / "straight"), last(tmp_path / "broken"))
    assert not same(last(tmp_path / "straight"), last(tmp_path / "other"))


def test_the_same_recipe_gives_the_same_weights_and_another_seed_gives_others(pictures: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        schedule = TINY["schedule"] | {"kimg": 0.016, "seed": seed}
        train(config(schedule=schedule), pictures, tmp_path / name)
    assert same(last(tmp_path / "a"), last(tmp_path / "b")) and not same(last(tmp_path / "a"), last(tmp_path / "c"))


def test_what_does_not_belong_together_is_not_resumed(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run")
    with pytest.raises(BadRecipeError, match="another recipe"):
        train(config(loss={"gamma": 7.0}), pictures, tmp_path / "run", resume=True)
    Image.new("RGB", (8, 8), "red").save(pictures / "dark" / "new.png")
    with pytest.raises(BadRecipeError, match="other pictures"):
        train(config(), pictures, tmp_path / "run", resume=True)
    with pytest.raises(BadCheckpointError, match="without --resume"):
        train(config(), pictures, tmp_path / "nothing", resume=True)


def test_a_new_run_does_not_overwrite_one_that_is_there(pictures: Path, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run")
    before = (tmp_path / "run" / "stats.jsonl").read_bytes()
    with pytest.raises(BadRecipeError, match="already"):
        train(config(), pictures, tmp_path / "run")
    assert (tmp_path / "run" / "stats.jsonl").read_bytes() == before


def break_weights(monkeypatch: pytest.MonkeyPatch, at_nimg: int, times: int) -> list[int]:
    """Make G's weights NaN at the step after ``at_nimg``; gives the list of when that was done."""
    step, broken = Trainer.step, []

    def poisoned(self: Trainer, images: np.ndarray, indices: np.ndarray, nimg: int) -> dict:
        if nimg == at_nimg and len(broken) < times:
            broken.append(nimg)
            with torch.no_grad():
                for parameter in self.generator.parameters():
                    parameter.fill_(float("nan"))
        return step(self, images, indices, nimg)

    monkeypatch.setattr(Trainer, "step", poisoned)
    return broken


def test_when_the_numbers_break_the_run_goes_back_to_the_last_good_state(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = break_weights(monkeypatch, at_nimg=20, times=1)
    train(config(), pictures, tmp_path / "run")
    assert broken == [20]
    ticks = read_stats(tmp_path / "run")
    told = [tick for tick in ticks if tick.get("rollbacks")]
    assert len(told) == 1 and told[0]["kimg"] == 0.016 and told[0]["health"] == "ill"
    assert "went back to kimg 0.016" in told[0]["verdict"] and "0.5 times" in told[0]["verdict"]
    assert ticks[-1]["kimg"] == 0.048 and ticks[-1]["skipped"] == 0
    assert all(torch.isfinite(value).all() for value in load_file(last(tmp_path / "run")).values())
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["trainer"]
    assert state["rollbacks"] == 1 and state["optimizers"][0]["param_groups"][0]["lr"] == pytest.approx(1e-4)


def test_a_run_that_breaks_again_and_again_is_given_up_in_one_sentence(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = break_weights(monkeypatch, at_nimg=0, times=100)
    with pytest.raises(TrainingFailedError, match="lower optimizer"):
        train(config(), pictures, tmp_path / "run")
    assert len(broken) == 4
    assert not list((tmp_path / "run").glob("snapshot-*"))  # nothing broken was kept


def test_a_run_that_stays_ill_is_ended_if_asked(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.training.record.diagnose", lambda history, config: Verdict("ill", "It is ill."))
    train(config(doctor={"stop": True}), pictures, tmp_path / "stopped")
    train(config(doctor={"stop": False}), pictures, tmp_path / "free")
    assert read_stats(tmp_path / "free")[-1]["kimg"] == 0.048
    assert read_stats(tmp_path / "stopped")[-1]["kimg"] == pytest.approx(0.044)  # a tick after the fifth
    assert last(tmp_path / "stopped").exists()


def test_data_and_recipes_that_do_not_fit_are_one_sentence(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataError, match="no picture"):
        train(config(), tmp_path / "empty", tmp_path / "run")
    with pytest.raises(BadRecipeError, match="sub-folders"):
        train(config(data={"resolution": 8, "condition": "class"}), pictures / "dark", tmp_path / "run2")
    with pytest.raises(BadRecipeError, match="points"):
        mlp = {"generator": {"arch": "mlp"}, "discriminator": {"arch": "mlp"}}
        train(TrainConfig.from_dict(mlp), pictures, tmp_path / "run3")


def write_recipe(path: Path, recipe: TrainConfig) -> Path:
    def shown(value: object) -> str:
        return json.dumps(list(value) if isinstance(value, tuple) else value)

    lines = []
    for section, values in dataclasses.asdict(recipe).items():
        lines += [f"[{section}]", *(f"{key} = {shown(value)}" for key, value in values.items())]
    path.write_text("\n".join(lines))
    return path


def command(recipe: Path, data: Path, out: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "ganedit", "train", str(recipe), "--data", str(data), "--out", str(out), *words]


def test_killed_with_kill_9_it_resumes_to_the_same_weights(pictures: Path, tmp_path: Path) -> None:
    recipe = config(schedule={**TINY["schedule"], "kimg": 1.2, "tick_kimg": 0.04, "snapshot_kimg": 0.2})
    file = write_recipe(tmp_path / "r.toml", recipe)
    out = tmp_path / "killed"
    process = subprocess.Popen(command(file, pictures, out), cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (out / "state.pt").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = subprocess.run(command(file, pictures, out, "--resume"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    train(recipe, pictures, tmp_path / "straight")
    assert same(last(out), last(tmp_path / "straight"))
    kimgs = [tick["kimg"] for tick in read_stats(out)]
    assert kimgs == sorted(set(kimgs))  # nothing that was done twice is written down twice


def test_ctrl_c_saves_and_ends_well(pictures: Path, tmp_path: Path) -> None:
    recipe = config(schedule={**TINY["schedule"], "kimg": 1000, "tick_kimg": 0.04, "snapshot_kimg": 500})
    out = tmp_path / "run"
    words = command(write_recipe(tmp_path / "r.toml", recipe), pictures, out, "--json")
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["kimg"] == pytest.approx(0.04)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "--resume" in errors
    assert (out / "state.pt").exists() and last(out).exists()


def test_mistakes_in_a_recipe_are_one_sentence_and_exit_code_2(pictures: Path, tmp_path: Path) -> None:
    file = write_recipe(tmp_path / "r.toml", config())
    for words, says in (
        (("--set", "loss.gama=2"), "gamma"),
        (("--set", "schedule.batch=1"), "schedule.batch"),
        (("--kimg", "-3"), "schedule.kimg"),
        (("--resume",), "without --resume"),
    ):
        done = ganedit(*command(file, pictures, tmp_path / "run", *words)[3:])
        assert done.returncode == 2 and says in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_two_processes_have_the_losses_of_one(pictures: Path, tmp_path: Path) -> None:
    """20 steps of the same global batch, started by accelerate's own launcher, on the CPU with gloo."""
    schedule = {**TINY["schedule"], "kimg": 0.08, "tick_kimg": 0.004, "snapshot_kimg": 0.08}
    recipe = config(schedule=schedule)
    file = write_recipe(tmp_path / "r.toml", recipe)
    train(recipe, pictures, tmp_path / "one")
    # --multi_gpu is the launcher's word for several processes on one machine; with --cpu it starts a single one.
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launcher += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "-m", "ganedit"]
    words = launcher + command(file, pictures, tmp_path / "two")[3:]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (read_stats(tmp_path / run) for run in ("one", "two"))
    assert len(one) == len(two) == 20
    assert {tick["processes"] for tick in one} == {1} and {tick["processes"] for tick in two} == {2}
    for a, b in zip(one, two, strict=True):
        assert abs(a["loss_g"] - b["loss_g"]) < 1e-4 and abs(a["loss_d"] - b["loss_d"]) < 1e-4
