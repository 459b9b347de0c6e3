"""One budget for the pixels that this process has in memory: what does not fit waits, what never will is refused.

A picture of half a megabyte can decode to two gigabytes, and a server decodes for many people at once. So whoever
decodes asks `PIXELS` first. Small pictures have a share of their own and never wait behind large ones.
"""

import ctypes
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ganedit.errors import UserError

_LIMIT_OF_A_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_WORTH_GIVING_BACK_BYTES = 16e6


class NoRoomError(UserError):
    """A picture needs more memory than there is, or than came free in time."""


class Budget:
    """Bytes of memory that are shared by all threads, in the order in which they asked.

    One that asks for more than the whole budget waits until it is alone. Nobody waits while holding: what a thread
    asks for inside of a `room` of its own counts as paid, so that no two can wait for each other.
    """

    def __init__(
        self,
        total_bytes: float,
        small_bytes: float = 0,
        *,
        most_bytes: float | None = None,
        wait_seconds: float = 900.0,
    ) -> None:
        """Share out memory.

        Args:
            total_bytes: of all large pictures together.
            small_bytes: of all small ones together, beside it; small is what needs at most half of this.
            most_bytes: what one may need at most; None is the memory of the machine or of its container.
            wait_seconds: longest wait.
        """
        self._lines = {False: _Line(total_bytes), True: _Line(small_bytes)}
        self._small_bytes, self._most_bytes, self._wait_seconds = small_bytes / 2, most_bytes, wait_seconds
        self._mine = threading.local()

    @property
    def held_bytes(self) -> float:
        """How much is taken at this moment."""
        return sum(line.held_bytes for line in self._lines.values())

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return sum(len(line.waiting) for line in self._lines.values())

    @contextmanager
    def hold(self, wanted_bytes: float) -> Iterator[None]:
        """Take memory for as long as the block runs, in whichever threads; wait for it first.

        Raises:
            NoRoomError: it can never be had, or came not free in time.
        """
        most_bytes = self._most_bytes or _machine_bytes()
        if wanted_bytes > most_bytes:
            raise NoRoomError(
                f"This needs about {wanted_bytes / 1e9:.1f} GB of memory and there are {most_bytes / 1e9:.1f} GB; "
                "make the picture smaller first."
            )
        line = self._lines[wanted_bytes <= self._small_bytes]
        if not line.enter(wanted_bytes, self._wait_seconds):
            raise NoRoomError("Too many large pictures are being worked on just now; try again in a minute.")
        try:
            yield
        finally:
            if wanted_bytes >= _WORTH_GIVING_BACK_BYTES:
                _give_back_freed()
            line.leave(wanted_bytes)

    @contextmanager
    def room(self, wanted_bytes: float) -> Iterator[None]:
        """Hold memory while this thread works in the block, or until the end of the `task` around it."""
        if getattr(self._mine, "holds", False):
            yield
            return
        task: ExitStack | None = getattr(self._mine, "task", None)
        with ExitStack() as own:
            stack = task or own
            stack.enter_context(self.hold(wanted_bytes))
            self._mine.holds = True
            stack.callback(setattr, self._mine, "holds", False)
            yield

    @contextmanager
    def task(self) -> Iterator[None]:
        """Keep what this thread takes first until the block ends, for work that goes on with an opened picture."""
        if getattr(self._mine, "task", None):
            yield
            return
        with ExitStack() as kept:
            self._mine.task = kept
            kept.callback(setattr, self._mine, "task", None)
            yield


class _Line:
    """Those who wait for one share, the first comer first."""

    def __init__(self, total_bytes: float) -> None:
        self._total_bytes = total_bytes
        self.held_bytes = 0.0
        self.waiting: deque[object] = deque()
        self._moved = threading.Condition()

    def enter(self, wanted_bytes: float, wait_seconds: float) -> bool:
        """Wait for a turn and for room; False if it did not come in time."""
        ticket = object()

        def fits() -> bool:
            free = not self.held_bytes or self.held_bytes + wanted_bytes <= self._total_bytes
            return self.waiting[0] is ticket and free

        with self._moved:
            self.waiting.append(ticket)
            try:
                if not self._moved.wait_for(fits, wait_seconds):
                    return False
                self.held_bytes += wanted_bytes
                return True
            finally:
                self.waiting.remove(ticket)
                self._moved.notify_all()  # the next one may fit too

    def leave(self, held_bytes: float) -> None:
        with self._moved:
            self.held_bytes -= held_bytes
            self._moved.notify_all()


def _machine_bytes() -> float:
    """Give the memory of the container, or of the machine; without end where the system does not say."""
    try:
        limit = _LIMIT_OF_A_CONTAINER.read_text().strip()
    except OSError:
        limit = "max"
    if limit.isdecimal():
        return float(limit)
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # Windows
        return float("inf")


def _give_back_freed() -> None:
    """Give memory that was freed back to the system: glibc keeps what lies between pieces that are still in use."""
    with suppress(AttributeError, OSError, TypeError):  # other C libraries have no such call and need none
        ctypes.CDLL(None).malloc_trim(0)


PIXELS = Budget(2.6e9, 0.4e9)
"""Of this process. With what the libraries take, all of it stays below 4 GB."""
