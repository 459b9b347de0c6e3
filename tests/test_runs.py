"""Training runs as the page sees them: one after the other, stopped with everything saved, found again later."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganedit.errors import BadRequestError
from ganedit.ui.run import Run, Wish
from ganedit.ui.runs import Runs

ROOT = Path(__file__).parents[1]
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
kimg = 0.032
batch = 4
tick_kimg = 0.008
snapshot_kimg = 0.016
[compute]
precision = "float32"
threads = 1
"""
FOREVER = {"schedule.kimg": "1000", "schedule.tick_kimg": "0.2", "schedule.snapshot_kimg": "0.2"}
PATIENCE = 300


@pytest.fixture
def wish(tmp_path: Path) -> Callable[..., Wish]:
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for number in range(16):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "data" / f"{number}.png")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return lambda **settings: Wish(str(tmp_path / "tiny.toml"), str(tmp_path / "data"), settings)


@pytest.fixture
def ended() -> list[Run]:
    return []


@pytest.fixture
def runs(tmp_path: Path, ended: list[Run]) -> Iterator[Runs]:
    runs = Runs(tmp_path / "runs", publish=ended.append)
    yield runs
    runs.close()


def state_of(runs: Runs, name: str) -> str:
    run = runs.get(name)
    assert run, f"there is no run {name}"
    return run.state


def until(runs: Runs, name: str, met: Callable[[Run], object]) -> Run:
    deadline = time.monotonic() + PATIENCE
    while True:
        run = runs.get(name)
        if run and met(run):
            return run
        assert time.monotonic() < deadline, f"{run} did not get there"
        time.sleep(0.1)


def test_a_run_trains_to_its_end_and_tells_its_snapshot(runs: Runs, wish: Callable, ended: list[Run]) -> None:
    started = runs.start(wish())
    assert started.name == "tiny-1" and started.state == "waiting"
    run = until(runs, "tiny-1", lambda run: not run.is_live)
    assert (run.state, run.message, run.kimg) == ("finished", "", 0.032)
    assert [tick["kimg"] for tick in run.stats()][-1] == pytest.approx(0.032)
    assert len(run.grids()) >= 4
    snapshot = run.snapshot()
    assert snapshot is not None and snapshot.name == "snapshot-000000032.safetensors"
    until(runs, "tiny-1", lambda _: ended)
    assert [each.name for each in ended] == ["tiny-1"]


def test_two_at_once_are_queued_and_one_that_waits_can_be_called_off(runs: Runs, wish: Callable) -> None:
    runs.start(wish(**FOREVER))
    until(runs, "tiny-1", lambda run: run.stats())
    second, third = runs.start(wish()), runs.start(wish())
    assert [run.name for run in runs.all()] == ["tiny-3", "tiny-2", "tiny-1"]
    assert state_of(runs, second.name) == "waiting"
    runs.stop(second.name)
    assert state_of(runs, second.name) == "stopped"
    runs.stop("tiny-1")
    first = until(runs, "tiny-1", lambda run: not run.is_live)
    assert first.state == "stopped" and first.snapshot() and (first.folder / "state.pt").exists()
    assert until(runs, third.name, lambda run: not run.is_live).state == "finished"
    assert state_of(runs, second.name) == "stopped"


def test_a_finished_run_goes_on_for_longer_but_never_for_shorter(runs: Runs, wish: Callable) -> None:
    runs.start(wish(**{"schedule.kimg": "0.016"}))
    until(runs, "tiny-1", lambda run: not run.is_live)
    for kimg in (0.008, 0.016, float("nan")):
        with pytest.raises(BadRequestError, match=r"at kimg 0\.016 already, give a larger length"):
            runs.resume("tiny-1", kimg)
    assert state_of(runs, "tiny-1") == "finished"
    runs.resume("tiny-1", 0.032)
    run = until(runs, "tiny-1", lambda run: not run.is_live)
    assert (run.state, run.kimg, run.stats()[-1]["kimg"]) == ("finished", 0.032, 0.032)


def test_a_stopped_run_goes_on_where_it_was(runs: Runs, wish: Callable) -> None:
    runs.start(wish(**FOREVER))
    until(runs, "tiny-1", lambda run: run.stats())
    runs.stop("tiny-1")
    before = until(runs, "tiny-1", lambda run: not run.is_live).stats()
    runs.resume("tiny-1")
    after = until(runs, "tiny-1", lambda run: len(run.stats()) > len(before) + 1).stats()
    assert after[: len(before) - 1] == before[:-1]
    kimg = [tick["kimg"] for tick in after]
    assert kimg == sorted(kimg)
    runs.stop("tiny-1")
    until(runs, "tiny-1", lambda run: run.state == "stopped")


def test_a_run_that_cannot_start_fails_with_the_one_sentence_of_the_program(runs: Runs, wish: Callable) -> None:
    runs.start(wish(**{"loss.gamma": "many"}))
    run = until(runs, "tiny-1", lambda run: not run.is_live)
    assert run.state == "failed" and "loss.gamma" in run.message and "Traceback" not in run.message


def app_with_a_run(folder: Path, wish: Wish) -> subprocess.Popen[bytes]:
    """Another app on this machine, whose run ``tiny-1`` has written its first tick."""
    program = (
        "import signal, sys, time; from pathlib import Path\n"
        "from ganedit.ui.run import Wish; from ganedit.ui.runs import Runs\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        f"Runs(Path({str(folder)!r})).start(Wish({wish.recipe!r}, {wish.data!r}, {wish.settings!r}))\n"
        "time.sleep(600)"
    )
    app = subprocess.Popen([sys.executable, "-c", program])
    stats = folder / "tiny-1" / "stats.jsonl"
    soon(lambda: stats.exists() and stats.read_text())
    return app


def soon(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_app_that_is_told_to_end_saves_what_trains(tmp_path: Path, wish: Callable) -> None:
    app = app_with_a_run(tmp_path / "runs", wish(**FOREVER))
    app.send_signal(signal.SIGTERM)
    app.wait(PATIENCE)
    run = tmp_path / "runs" / "tiny-1"
    assert (run / "state.pt").exists() and list(run.glob("snapshot-*.safetensors"))


def test_a_new_app_finds_old_runs_and_ends_one_whose_app_is_gone(tmp_path: Path, wish: Callable) -> None:
    app = app_with_a_run(tmp_path / "runs", wish(**FOREVER))
    app.kill()
    app.wait()
    folder = tmp_path / "runs" / "tiny-1"
    pid = json.loads((folder / "job.json").read_text())["pid"]
    assert _is_running(pid)  # the training outlived its app
    later = Runs(tmp_path / "runs")
    try:
        assert [run.state for run in later.all()] == ["stopped"]
        soon(lambda: not _is_running(pid))
        assert (folder / "state.pt").exists()
    finally:
        later.close()


def _is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_number_that_another_program_has_now_is_left_alone(tmp_path: Path, wish: Callable) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    folder = tmp_path / "runs" / "tiny-1"
    folder.mkdir(parents=True)
    about = {"wish": vars(wish()), "state": "training", "created": 1.0, "message": "", "pid": other.pid}
    (folder / "job.json").write_text(json.dumps(about))
    runs = Runs(tmp_path / "runs")
    try:
        assert runs.all()[0].state == "stopped"
        assert other.poll() is None
    finally:
        runs.close()
        other.send_signal(signal.SIGKILL)
        other.wait()


def test_removing_takes_the_folder_and_uploads_nobody_else_needs(runs: Runs, wish: Callable, tmp_path: Path) -> None:
    (tmp_path / "up").mkdir()
    for number in range(12):
        Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(tmp_path / "up" / f"{number}.png")
    data = runs.take_uploads(sorted((tmp_path / "up").iterdir()))
    assert len(list(Path(data).iterdir())) == 12
    for _ in range(2):
        runs.start(Wish(wish().recipe, data, {}))
    with pytest.raises(BadRequestError, match="tiny-2 is still going on, stop it first"):
        runs.remove("tiny-2")
    until(runs, "tiny-2", lambda run: run.state == "finished")
    runs.remove("tiny-1")
    assert Path(data).exists() and runs.get("tiny-1") is None
    runs.remove("tiny-2")
    assert not Path(data).exists()


def test_uploads_of_one_name_do_not_overwrite_each_other_and_a_zip_stays_one(runs: Runs, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_text(folder)
    kept = Path(runs.take_uploads([tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"]))
    assert sorted(file.read_text() for file in kept.iterdir()) == ["a", "b"]
    (tmp_path / "set.zip").write_bytes(b"PK")
    assert runs.take_uploads([tmp_path / "set.zip"]).endswith("set.zip")


def test_what_is_not_there_or_damaged_is_said_or_passed_over(runs: Runs, wish: Callable, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="This run is gone"):
        runs.resume("tiny-9")
    (tmp_path / "runs" / "odd").mkdir(parents=True)
    (tmp_path / "runs" / "odd" / "job.json").write_text("{")
    assert runs.all() == []


def test_the_command_shown_trains_the_same_when_it_is_pasted(
    runs: Runs, wish: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs.start(wish(**{"augment.policy": '["color", "translation"]'}))
    run = until(runs, "tiny-1", lambda run: not run.is_live)
    shown = run.shown_command()
    assert shown == (
        'python -m ganedit train tiny.toml --data data --out tiny-1 --set \'augment.policy=["color", "translation"]\''
    )
    typed = shown.replace("python", sys.executable, 1)
    subprocess.run(typed, shell=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=PATIENCE)
    losses = [json.loads(line)["loss_g"] for line in (tmp_path / "tiny-1" / "stats.jsonl").read_text().splitlines()]
    assert losses == [tick["loss_g"] for tick in run.stats()]


def test_a_run_tells_what_it_learns_from(runs: Runs, wish: Callable, tmp_path: Path) -> None:
    (tmp_path / "data" / "notes.pdf").write_text("no picture")
    runs.start(wish())
    about = until(runs, "tiny-1", lambda run: not run.is_live).data()
    assert about["pictures"] == 16 and list(about["skipped"]) == ["notes.pdf"]


def test_a_snapshot_that_cannot_be_offered_does_not_hold_up_the_runs_after_it(tmp_path: Path, wish: Callable) -> None:
    def refuse(run: Run) -> None:
        raise BadRequestError(f"{run.name} is the name of a known model.")

    runs = Runs(tmp_path / "runs", refuse)
    try:
        for _ in range(2):
            runs.start(wish())
        assert until(runs, "tiny-2", lambda run: not run.is_live).state == "finished"
        with pytest.raises(BadRequestError, match="tiny-1 is the name of a known model"):
            runs.publish("tiny-1")
    finally:
        runs.close()
