"""One download as a stream of steps, so that the page can show it move and stop it."""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from ganedit.engine import Engine
from ganedit.models.sources import FetchProgress
from ganedit.ui.i18n import Html, both
from ganedit.ui.model_table import size_text
from ganedit.ui.status import time_text

_STEP_SECONDS = 0.4
_RATE_AFTER_SECONDS = 1.0


@dataclass(frozen=True)
class Step:
    """Where a download stands.

    Attributes:
        done_bytes: bytes here.
        total_bytes: bytes in all; None if nobody says.
        seconds_left: estimate from the rate since this file began; None before there is one.
    """

    done_bytes: int
    total_bytes: int | None
    seconds_left: float | None


class Pace:
    """Estimates the rest of a download from its rate so far; what an earlier try left does not count as fast."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin anew; ``clock`` gives seconds and is replaced in tests."""
        self._clock = clock
        self._first: tuple[str, int, float] | None = None

    def step(self, name: str, done_bytes: int, total_bytes: int | None) -> Step:
        """Take in one report about the file ``name``."""
        now = self._clock()
        if self._first is None or self._first[0] != name or done_bytes < self._first[1]:
            self._first = (name, done_bytes, now)
        _, first_bytes, since = self._first
        elapsed, gained = now - since, done_bytes - first_bytes
        known = total_bytes is not None and gained > 0 and elapsed >= _RATE_AFTER_SECONDS
        left = (total_bytes - done_bytes) * elapsed / gained if known and total_bytes else None
        return Step(done_bytes, total_bytes, left)


class _StoppedError(Exception):
    """Raised inside the download when nobody wants it any more."""


def fetch_steps(engine: Engine, model_id: str, *, accept_license: bool) -> Generator[Step | None]:
    """Fetch a model in a thread and tell how it goes; closing the iterator stops it, and a later fetch resumes it.

    Yields:
        None until the first byte, then a Step a few times a second, at the end the last one.

    Raises:
        UserError: the model, its license or all of its sources stand in the way.
    """
    pace = Pace()
    latest: list[Step | None] = [None]
    failures: list[Exception] = []
    stop, ended = threading.Event(), threading.Event()

    def report(progress: FetchProgress) -> None:
        if stop.is_set():
            raise _StoppedError
        latest[0] = pace.step(progress.name, progress.done_bytes, progress.total_bytes)

    def work() -> None:
        try:
            engine.registry.fetch(model_id, accept_license=accept_license, on_progress=report)
        except _StoppedError:
            pass
        except Exception as error:
            failures.append(error)
        finally:
            ended.set()

    threading.Thread(target=work, name=f"fetch {model_id}", daemon=True).start()
    try:
        while not ended.wait(_STEP_SECONDS):
            yield latest[0]
        if failures:
            raise failures[0]
        yield latest[0]
    finally:
        stop.set()


def progress_html(step: Step | None) -> str:
    """Draw a download: a bar, the bytes, and the time left."""
    if step is None:
        return _bar(both("ge.models.fetch_starts"), None)
    done = size_text(step.done_bytes)
    if not step.total_bytes:
        return _bar(both("ge.models.fetching_unknown", done=done), None)
    parts = [both("ge.models.fetching", done=done, total=size_text(step.total_bytes))]
    if step.seconds_left is not None:
        parts.append(both("ge.run.left", time=time_text(step.seconds_left)))
    return _bar(Html("<i>·</i>".join(parts)), 100 * step.done_bytes / step.total_bytes)


def _bar(text: Html, percent: float | None) -> str:
    moving, value, width = " moving", "", ""
    if percent is not None:
        moving, value, width = "", f' aria-valuenow="{percent:.0f}"', f' style="width:{percent:.1f}%"'
    return (
        f'<div class="ge-status busy"><span role="status">{text}</span><div class="ge-bar{moving}" role="progressbar" '
        f'aria-valuemin="0" aria-valuemax="100"{value}><div{width}></div></div></div>'
    )
