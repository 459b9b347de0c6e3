"""The process that trains one run: begun, found again by a later app, ended, and what its end means for the run."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from ganedit import stopping
from ganedit.ui.run import Run, environment, read_text

_LOG_FILE = "log.txt"
_LONGEST_MESSAGE = 500
_BY_FORCE = "It did not end when it was told to and was ended by force; it goes on from what was saved last."
_TOLD_CODES = (stopping.STOPPED_CODE, -signal.SIGINT, -signal.SIGTERM)


@dataclass(frozen=True)
class Training:
    """A process that trains, or that did.

    Attributes:
        folder: of the run.
        pid: its number, 0 if there never was one.
        process: itself; None if another app began it.
    """

    folder: Path
    pid: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def begin(cls, run: Run) -> Self:
        """Let a run train, or go on if it has a state.

        Raises:
            OSError: there is no room for its log, or no process to be had.
        """
        (run.folder / stopping.STOP_FILE).unlink(missing_ok=True)
        command = run.command(str(run.folder), resume=(run.folder / "state.pt").exists(), program=sys.executable)
        with (run.folder / _LOG_FILE).open("wb") as log:
            # A session of its own: Ctrl+C in the app's terminal reaches it through the app, which waits for it.
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, env=environment(), start_new_session=True
            )
        return cls(run.folder, process.pid, process)

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        if self.process:
            return self.process.poll() is None
        try:  # numbers of processes are used again
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(self.folder).encode() in words

    def ends_within(self, seconds: float) -> bool:
        """Wait for the end of a process of this app, but not longer than that."""
        assert self.process
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self, within_seconds: float) -> None:
        """Tell it to save and end, by a file and by signals since either may go unseen, and wait; then by force."""
        if self.is_running():
            with suppress(OSError):  # a full disk
                (self.folder / stopping.STOP_FILE).touch()
            stopping.end(self.is_running, self._send, within_seconds)

    def _send(self, number: int) -> None:
        if self.process:
            self.process.send_signal(number)
        else:
            os.kill(self.pid, number)


def settled(run: Run, code: int) -> Run:
    """Give a run whose process has ended, with the state that follows from the exit code."""
    told = run.state == "stopping" or code in _TOLD_CODES  # a system that shuts down tells every process itself
    if code and not told:
        return replace(run, state="failed", message=_last_line(run.folder / _LOG_FILE), pid=0)
    ticks = run.stats()
    done = not code and bool(ticks) and ticks[-1]["kimg"] >= run.kimg - 1e-9
    message = _BY_FORCE if code == -signal.SIGKILL else ""
    return replace(run, state="finished" if done else "stopped", message=message, pid=0)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in read_text(log).splitlines() if line.strip()]
    return lines[-1][:_LONGEST_MESSAGE] if lines else "The training ended without a word; start it again."
