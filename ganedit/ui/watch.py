"""The one loop that runs work for a visitor, whatever door it came through.

It looks at the clock and at whether anybody still waits, also in the middle of a step: each piece of work has a thread
of its own, which takes one step when it is told to. A step cannot be broken off; what was given up ends with it, and
until then its *lane* stays taken, so that nothing else starts beside it.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from ganedit.budget import PIXELS
from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.requests import EditResult, Progress, Request
from ganedit.ui.desk import Updates
from ganedit.ui.fair import is_wanted
from ganedit.ui.limits import check_duration
from ganedit.ui.status import progress_line, stage_line

T = TypeVar("T")
Lane = AbstractContextManager[Any]

EDITS: Lane = threading.Lock()
EVALUATIONS: Lane = threading.Lock()
"""Lanes: at any moment one piece of work of each runs in this process."""

_LOOK_SECONDS = 0.4
"""Between two looks at the clock; also between two lines of progress."""


class GoneError(UserError):
    """Nobody waits for the work any more."""


def edit(engine: Engine, request: Request, limit_seconds: float | None) -> Iterator[Progress | EditResult | None]:
    """Run an edit alone in its lane; the rest as of `watched`."""

    def steps() -> Iterator[Progress | EditResult]:
        with PIXELS.hold(engine.memory_bytes(request)):
            yield from engine.stream(request)

    return watched(steps(), limit_seconds, EDITS)


def once(work: Callable[[], T]) -> Iterator[T]:
    """Make a step of work that has none."""
    return (work() for _ in range(1))


def result_of(steps: Iterator[Progress | T | None], report: Callable[[Progress], None] = lambda step: None) -> T:
    """Take watched steps to their end and give the last one, as an event that is a plain function does."""
    with closing(cast(Any, steps)):
        for step in steps:
            if isinstance(step, Progress):
                report(step)
            elif step is not None:
                return step
    raise AssertionError("the steps end with a result")


def shown(
    steps: Iterator[Progress | T | None], line: Any, said: str = stage_line("load")
) -> Generator[Updates, None, T]:
    """Take watched steps to their end, show how far they are, and give the last one, as an event of the page does.

    Args:
        steps: from `watched`.
        line: the component that says how far they are, at most 2.5 times a second.
        said: what it says until there is progress.
    """
    shown_at = float("-inf")
    with closing(cast(Any, steps)):
        for step in steps:
            if isinstance(step, Progress):
                said = progress_line(step)
            elif step is not None:
                return step
            if step is None or time.monotonic() - shown_at >= _LOOK_SECONDS:
                shown_at = time.monotonic()
                yield {line: said}  # gradio can only stop what tells it something
    raise AssertionError("the steps end with a result")


def watched(
    steps: Iterator[T], limit_seconds: float | None, lane: Lane | None = None
) -> Generator[T | None, None, None]:
    """Take the steps of some work for as long as there is time and somebody who waits; closing it stops the work.

    Args:
        steps: none is None; from a `Progress` it is known how long the rest will take.
        limit_seconds: longest time, waiting for the lane not counted; None does not limit.
        lane: entered before the first step and left after the last.

    Yields:
        The steps, and None where one takes long.

    Raises:
        BadRequestError: it would take longer than allowed.
        GoneError: nobody waits for it.
    """
    worker, wanted = _Worker(steps, lane or nullcontext()), is_wanted()

    def check(left_seconds: float = 0.0) -> None:
        check_duration(worker.seconds + left_seconds, limit_seconds)
        if not wanted():
            raise GoneError("This was given up, because nobody waited for it any more; start it again.")

    try:
        while True:
            check()
            worker.begin_step()
            while (answer := worker.answer()) is None:
                check()
                yield None
            step = answer()
            if step is None:
                return
            if isinstance(step, Progress):
                check(step.seconds_left or 0.0)
            yield step
    finally:
        worker.end()


class _Worker(Generic[T]):
    """A thread that takes a step when told to, and closes the steps at the end."""

    def __init__(self, steps: Iterator[T], lane: Lane) -> None:
        self._steps, self._lane = steps, lane
        self._goes_on: SimpleQueue[bool] = SimpleQueue()
        self._answers: SimpleQueue[Callable[[], T | None]] = SimpleQueue()
        self._started = 0.0
        self._ended = self._busy = False
        self._thread = threading.Thread(target=self._work, name="ganedit-work", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Time since the lane was entered."""
        return time.monotonic() - self._started if self._started else 0.0

    def begin_step(self) -> None:
        self._busy = True
        self._goes_on.put(True)

    def answer(self) -> Callable[[], T | None] | None:
        """Give what gives the step, None at the end, or raises what it raised; None while it is being taken."""
        try:
            found = self._answers.get(timeout=_LOOK_SECONDS)
        except Empty:
            return None
        self._busy = False
        return found

    def end(self) -> None:
        """Close the steps: before this returns, or, while a step is being taken, as soon as it is over."""
        self._ended = True
        self._goes_on.put(False)
        if not self._busy:
            self._thread.join()

    def _work(self) -> None:
        with self._lane, closing(cast(Any, self._steps)):
            self._started = time.monotonic()
            while self._goes_on.get() and not self._ended:
                self._answers.put(self._step())

    def _step(self) -> Callable[[], T | None]:
        try:
            step = next(self._steps, None)
        except BaseException as error:  # it is raised where the step was asked for
            return _raiser(error)
        return lambda: step


def _raiser(error: BaseException) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again
