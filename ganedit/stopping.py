"""Stops that are not lost: how this process takes them, and how it ends another one.

Python turns a signal into a ``KeyboardInterrupt``, and one that is raised inside a callback (of an import, of the
garbage collector, of a native library) is printed and forgotten. So the signal is remembered beside it, work that goes
step by step looks for a file too, and what does not end by itself is ended by force.
"""

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

END_SECONDS = 10
"""What unwinding may take before the process is ended by force."""
SAVE_SECONDS = 120
"""What the step that is under way and saving may take, before the same."""
STOP_FILE = "stop"
"""Name of the file that stops the run in whose folder it appears."""
STOPPED_CODE = 130
"""Exit code of a program that was stopped, as shells have it for Ctrl+C."""

_ASK_SECONDS, _LOOK_SECONDS = 2.0, 0.05


class _Signals:
    """Ctrl+C and SIGTERM of this process.

    Attributes:
        came: there was one.
        are_looked_for: the work asks for them between its steps and is not interrupted.
    """

    def __init__(self) -> None:
        self.came = self.are_looked_for = False
        self._nowhere: int | None = None
        self._end_seconds = END_SECONDS

    def listen(self, end_seconds: int) -> None:
        self._nowhere, self._end_seconds = os.open(os.devnull, os.O_WRONLY), end_seconds
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def look(self) -> bool:
        """Tell whether one came; from now on they wait for this question."""
        if not self.are_looked_for:
            self.are_looked_for = True
            if self.came:
                self._limit()
        return self.came

    def _take(self, number: int, frame: FrameType | None) -> None:
        if not self.came:
            self.came = True
            self._limit()
        if not self.are_looked_for:
            raise KeyboardInterrupt

    def _limit(self) -> None:
        """Set when the process ends in any case, and say so."""
        seconds = SAVE_SECONDS if self.are_looked_for else self._end_seconds
        how = "after this step, saved" if self.are_looked_for else "now"
        # Neither print nor a thread: both may be in the midst of just that when the signal comes.
        with suppress(OSError):
            os.write(2, f"Stopping {how}; ended by force after {seconds} s.\n".encode())
        if self._nowhere is not None:
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._nowhere)


_SIGNALS = _Signals()


def listen(end_seconds: int = END_SECONDS) -> None:
    """Take Ctrl+C and SIGTERM from now on; called before anything is imported that takes long.

    Either raises ``KeyboardInterrupt``. Should that be lost, the process still ends, ``end_seconds`` later.
    """
    _SIGNALS.listen(end_seconds)


def was_asked() -> bool:
    """Whether this process was told to stop since it listens."""
    return _SIGNALS.came


class StopFlag:
    """Says to work that goes step by step, and saves when it ends, whether it should."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the run, where ``STOP_FILE`` may appear."""
        self._file = folder / STOP_FILE
        self.was_set = False

    def is_set(self) -> bool:
        """Look whether to stop, by signal or file; after the first look no signal interrupts the work any more."""
        self.was_set = _SIGNALS.look() or self._file.exists()
        return self.was_set

    def clear(self) -> None:
        """Take the file away, which has done its duty."""
        with suppress(OSError):  # there may be no such folder
            self._file.unlink()


def end(is_running: Callable[[], bool], send: Callable[[int], object], within_seconds: float) -> bool:
    """End another process: ask it again and again, and kill it when the time is up.

    Args:
        is_running: whether it still runs.
        send: sends it a signal.
        within_seconds: how long it may take.

    Returns:
        Whether it had to be killed.
    """
    last, forced = time.monotonic() + within_seconds, False
    while is_running():
        forced = time.monotonic() >= last
        with suppress(ProcessLookupError):
            # Not SIGINT, which a program started in the background of a shell ignores until it says otherwise.
            send(signal.SIGKILL if forced else signal.SIGTERM)
        again = min(time.monotonic() + _ASK_SECONDS, max(last, time.monotonic() + _LOOK_SECONDS))
        while is_running() and time.monotonic() < again:
            time.sleep(_LOOK_SECONDS)
    return forced
