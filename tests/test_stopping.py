"""Stops at any moment: none is lost, and a training that was stopped is saved or was never begun.

``GANEDIT_TEST_STOPS=300`` tries so many random moments; each starts a whole Python.
"""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ganedit import cli_stylize, stopping
from ganedit.cli import app
from ganedit.requests import EditResult, StylizeRequest

ROOT = Path(__file__).parents[1]
PATIENCE = 300
STOPS = int(os.environ.get("GANEDIT_TEST_STOPS", "2"))
AT_ONCE = int(os.environ.get("GANEDIT_TEST_STOPS_AT_ONCE", "2"))
LATEST_SECONDS = 6.0
RECIPE = """
[data]
resolution = 8
[generator]
arch = "r3gan"
z_dim = 8
width = 8
[discriminator]
arch = "r3gan"
width = 8
[schedule]
kimg = 100000
batch = 4
[compute]
precision = "float32"
threads = 1
"""
STOPS_AT = """
import os, signal, sys


class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(10_000): pass
            except KeyboardInterrupt:
                {and_then}


sys.meta_path.insert(0, Stops())
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The command that trains, for ever, in the folder ``run``."""
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "data" / f"{number}.png")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    words = [sys.executable, "-m", "ganedit", "train", str(tmp_path / "tiny.toml"), "--data", str(tmp_path / "data")]
    return [*words, "--out", str(tmp_path / "run")]


def begin(words: list[str], **environment: str) -> subprocess.Popen[str]:
    """Start a program in a session of its own, as the page does."""
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def said_at_the_end(process: subprocess.Popen[str]) -> str:
    """What a program that was stopped wrote; it must end."""
    try:
        return process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return f"{process.communicate()[1]}\nIT WENT ON"


def is_saved(run: Path) -> bool:
    """Whether a run can go on; its state is never half a state."""
    state = run / "state.pt"
    return state.exists() and "nimg" in torch.load(state, weights_only=True)


def stopped_at(module: str, folder: Path, and_then: str) -> dict[str, str]:
    """An environment in which Ctrl+C comes while a module is imported, where its exception is raised or lost."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(STOPS_AT.format(name=module, and_then=and_then))
    return {"PYTHONPATH": str(folder / "site")}


def fault_of(process: subprocess.Popen[str], out: Path) -> str:
    """What is wrong with how a stopped training ended; it is saved, or had not begun."""
    said = said_at_the_end(process)
    unborn = process.returncode != 0 and not list(out.glob("snapshot-*"))
    well = process.poll() is not None and "IT WENT ON" not in said and (is_saved(out) or unborn)
    return "" if well else f"{process.returncode}: {said}"


def test_a_stop_that_an_import_swallows_still_ends_the_training(words: list[str], tmp_path: Path) -> None:
    process = begin(words, **stopped_at("ganedit.training.loop", tmp_path, "pass"))
    assert not fault_of(process, tmp_path / "run")


def test_a_stop_that_is_swallowed_ends_other_commands_by_force_after_the_time_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import os, signal, time\nfrom ganedit import stopping\nstopping.listen(end_seconds=1)\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(5)\n"
        "except KeyboardInterrupt:\n    pass\nwhile True:\n    time.sleep(60)\n"
    )
    process = begin([sys.executable, str(tmp_path / "stubborn.py")], PYTHONPATH=str(ROOT))
    assert said_at_the_end(process) == "Stopping now; ended by force after 1 s.\n"
    assert process.returncode == 1


def test_a_file_in_its_folder_stops_a_training_that_no_signal_reaches(tmp_path: Path) -> None:
    flag = stopping.StopFlag(tmp_path)
    assert not flag.is_set()
    (tmp_path / stopping.STOP_FILE).touch()
    assert flag.is_set() and flag.was_set
    flag.clear()
    assert not (tmp_path / stopping.STOP_FILE).exists()


def test_a_stop_while_it_starts_ends_a_command_with_a_sentence_and_the_code_of_stopped_programs(tmp_path: Path) -> None:
    picture = tmp_path / "in.png"
    Image.new("RGB", (32, 32)).save(picture)
    words = [sys.executable, "-m", "ganedit", "enhance", str(picture), str(tmp_path / "out.png"), "--model", "none"]
    process = begin(words, **stopped_at("ganedit.engine", tmp_path, "raise"))
    said = said_at_the_end(process)
    assert said.splitlines()[-1] == "Stopped; nothing was left half written." and "Traceback" not in said
    assert process.returncode == stopping.STOPPED_CODE and not (tmp_path / "out.png").exists()


def test_a_folder_that_is_stopped_keeps_what_is_painted_and_says_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    for name in "abc":
        Image.new("RGB", (64, 64)).save(tmp_path / "in" / f"{name}.png")

    def paint(request: StylizeRequest, *_: object, **__: object) -> EditResult:
        if (tmp_path / "out" / "a.png").exists():
            raise KeyboardInterrupt
        return EditResult((request.image,), request, request.model, 0.0)

    monkeypatch.setattr(cli_stylize, "run", paint)
    done = CliRunner().invoke(app, ["stylize", str(tmp_path / "in"), str(tmp_path / "out")])
    assert str(done.exception) == "Stopped; 1 of 3 files were painted."
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.png"]


def test_a_process_is_asked_again_until_it_ends_and_killed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_ASK_SECONDS", 0)
    heard: list[int] = []
    assert not stopping.end(lambda: len(heard) < 2, heard.append, PATIENCE)
    assert heard == [signal.SIGTERM] * 2
    heard.clear()
    assert stopping.end(lambda: signal.SIGKILL not in heard, heard.append, 0.1)
    assert heard[-1] == signal.SIGKILL and set(heard[:-1]) == {signal.SIGTERM}


def stop_at_random(words: list[str], out: Path, seed: int) -> str:
    """Stop a training at some moment of its start; gives what went wrong, empty for nothing."""
    chance = random.Random(seed)
    process = begin([*words[:-1], str(out)])
    time.sleep(chance.uniform(0, LATEST_SECONDS))
    process.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
    fault = fault_of(process, out)
    return fault and f"seed {seed}: {fault}"


def test_no_stop_at_a_random_moment_is_lost(words: list[str], tmp_path: Path) -> None:
    seeds = [random.randrange(10**6) for _ in range(STOPS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(lambda seed: stop_at_random(words, tmp_path / f"run-{seed}", seed), seeds))
    assert not [fault for fault in faults if fault]
