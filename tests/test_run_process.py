"""The process of a run, played by small programs: however it takes a stop, the run ends and those after it go on."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ganedit import stopping
from ganedit.ui import runs as runs_module
from ganedit.ui.run import Run, Wish
from ganedit.ui.runs import Runs

PATIENCE = 60
HEARS = """
import pathlib, signal, sys, time

heard = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: heard.append(time.monotonic()))
pathlib.Path({folder!r}, "listens").touch()
while not ({enough}):
    time.sleep(0.02)
sys.exit({code})
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Runs whose recipe says what their process does: when it has heard enough, and with what it ends."""

    def command(run: Run, out: str, *, resume: bool = False, program: str = "python") -> list[str]:
        enough, code = run.wish.settings["enough"], run.wish.settings.get("code", "0")
        return [sys.executable, "-c", HEARS.format(folder=out, enough=enough, code=code), out]

    monkeypatch.setattr(Run, "command", command)
    monkeypatch.setattr(stopping, "_ASK_SECONDS", 0.1)
    runs = Runs(tmp_path / "runs")
    yield runs
    runs.close()


def begin(runs: Runs, **how: str) -> Run:
    return runs.start(Wish("tiny.toml", "shapes", {"schedule.kimg": "1", **how}))


def until(runs: Runs, name: str, met: Callable[[Run], object]) -> Run:
    deadline = time.monotonic() + PATIENCE
    while not ((run := runs.get(name)) and met(run)):
        assert time.monotonic() < deadline, f"{run} did not get there"
        time.sleep(0.02)
    return run


def listens(run: Run) -> bool:
    return run.state == "training" and (run.folder / "listens").exists()


def test_a_run_that_loses_a_stop_is_asked_again_and_the_next_one_goes_on(runs: Runs) -> None:
    first, second = begin(runs, enough="len(heard) > 1"), begin(runs, enough="True")
    until(runs, first.name, listens)
    runs.stop(first.name)
    assert until(runs, first.name, lambda run: not run.is_live).state == "stopped"
    until(runs, second.name, lambda run: not run.is_live)


def test_a_run_whose_signals_are_all_lost_is_stopped_by_the_file(runs: Runs) -> None:
    first = begin(runs, enough=f"pathlib.Path(sys.argv[1], {stopping.STOP_FILE!r}).exists()")
    until(runs, first.name, listens)
    runs.stop(first.name)
    run = until(runs, first.name, lambda run: not run.is_live)
    assert (run.state, run.message) == ("stopped", "")


def test_a_run_that_does_not_end_is_ended_by_force_and_says_so(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "SAVE_SECONDS", 0.1)
    first, second = begin(runs, enough="False"), begin(runs, enough="True")
    until(runs, first.name, listens)
    runs.stop(first.name)
    run = until(runs, first.name, lambda run: not run.is_live)
    assert run.state == "stopped" and "ended by force" in run.message
    until(runs, second.name, lambda run: not run.is_live)


@pytest.mark.parametrize("code", [stopping.STOPPED_CODE, -signal.SIGTERM])
def test_a_run_that_the_system_stops_before_it_has_begun_is_stopped_and_no_failure(runs: Runs, code: int) -> None:
    how = f"__import__('os').kill(__import__('os').getpid(), {-code})" if code < 0 else str(code)
    signals = "[signal.signal(n, signal.SIG_DFL) for n in (2, 15)]"
    first = begin(runs, enough="True", code=f"({signals}, {how})[1]")
    run = until(runs, first.name, lambda run: not run.is_live)
    assert (run.state, run.message) == ("stopped", "")


def test_a_run_that_cannot_be_started_has_failed_and_the_next_one_goes_on(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "_RETRY_SECONDS", 0)
    blocker = begin(runs, enough="heard")
    until(runs, blocker.name, listens)
    bad, good = begin(runs, enough="True"), begin(runs, enough="True")
    (bad.folder / "log.txt").mkdir()
    runs.stop(blocker.name)
    run = until(runs, bad.name, lambda run: not run.is_live)
    assert run.state == "failed" and run.message.startswith("It could not be started")
    assert until(runs, good.name, lambda run: not run.is_live).state == "stopped"
