"""Training runs as the page sees them: folders on disk, each trained by the command line in a process of its own.

A run is its folder, so a page that is opened later, or an app that is started again, finds everything. One run trains
at a time, the others wait.
"""

import atexit
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ganedit.errors import BadRequestError
from ganedit.stopping import SAVE_SECONDS
from ganedit.ui.run import JOB_FILE, Run, Wish
from ganedit.ui.training import Training, settled
from ganedit.ui.uploads import put_together

_LOG = logging.getLogger(__name__)
_UPLOADS = "uploads"
GONE = "This run is gone; choose another one in the list."
_OWN_AT_ONCE, _ADDRESS_AT_ONCE, _ALL_AT_ONCE = 2, 4, 12
_KEPT = 50  # of those that have ended and belong to somebody
_TURN_SECONDS = 3600.0
_TURN_IS_OVER = "A run trains here for an hour at a time; let it go on to wait for its next turn."
_CLOSE_SECONDS, _RETRY_SECONDS = 15, 5


class Runs:
    """All runs in one folder, and the worker that trains one after the other; safe to use from many threads."""

    def __init__(
        self,
        root: Path,
        publish: Callable[[Run], None] = lambda run: None,
        withdraw: Callable[[Run], None] = lambda run: None,
    ) -> None:
        """Find the runs that are there; those whose process is gone have stopped.

        Args:
            root: folder of the runs; made when the first one is.
            publish: offers a run's newest snapshot to the app; called in the worker's thread when a run ends.
            withdraw: takes back what was published of a run that is removed.
        """
        self._root, self._publish, self._withdraw = root.resolve(), publish, withdraw
        self._lock = threading.Condition()
        self._training: Training | None = None
        self._addresses: dict[str, str] = {}  # of runs that were begun by this app; others have ended
        self._closed = False
        self._worker: threading.Thread | None = None
        self._orphans = [Training(run.folder, run.pid) for run in self._settle_orphans()]
        if self._orphans:
            self._wake()
        atexit.register(self.close)

    def all(self) -> list[Run]:
        """Give every run, the newest first."""
        found = [Run.load(path.parent) for path in self._root.glob(f"*/{JOB_FILE}")]
        return sorted((run for run in found if run), key=lambda run: run.created, reverse=True)

    def get(self, name: str) -> Run | None:
        """Give one run, None if it is gone."""
        return next((run for run in self.all() if run.name == name), None)

    def start(self, wish: Wish, owner: str = "", address: str | None = None) -> Run:
        """Begin a run, or let it wait for those before it.

        Args:
            wish: what is to be trained.
            owner: hash of a key; empty if all runs are everybody's.
            address: that it comes from; None where it may be that of many.

        Raises:
            BadRequestError: too much waits already, see ``check_room``; uploads for it are gone then.
        """
        stem = Path(wish.recipe).stem
        with self._lock:
            try:
                self.check_room(owner, address)
            except BadRequestError:
                self._forget_upload(wish.data)
                raise
            number = 1 + max((int(path.name.rpartition("-")[2]) for path in self._numbered(stem)), default=0)
            folder = self._root / f"{stem}-{number}"
            folder.mkdir(parents=True)
            run = Run(folder, wish, "waiting", time.time(), owner=owner)
            run.save()
            self._addresses[run.name] = address or ""
            self._remove_oldest()
        self._wake()
        return run

    def check_room(self, owner: str, address: str | None = None) -> None:
        """See whether one more run of an owner may wait; where all are everybody's, it always may.

        Raises:
            BadRequestError: it may not.
        """
        live = [run for run in self.all() if run.is_live and run.owner]
        if owner and sum(run.owner == owner for run in live) >= _OWN_AT_ONCE:
            raise BadRequestError(f"{_OWN_AT_ONCE} runs of yours go on or wait already; stop one, or wait for its end.")
        # A key is free to invent.
        if owner and address and sum(self._addresses.get(run.name) == address for run in live) >= _ADDRESS_AT_ONCE:
            raise BadRequestError(f"{_ADDRESS_AT_ONCE} runs of your address go on or wait already; wait for their end.")
        if owner and len(live) >= _ALL_AT_ONCE:
            raise BadRequestError("Too many runs wait here already; try again when some of them have ended.")

    def stop(self, name: str) -> None:
        """End a run; one that trains saves first, or is ended by force when that takes too long."""
        with self._lock:
            run = self._require(name)
            if run.state == "waiting":
                replace(run, state="stopped").save()
            elif run.state == "training" and self._training:
                limit = (SAVE_SECONDS,)
                threading.Thread(target=self._training.end, args=limit, name="ganedit-stop", daemon=True).start()
                replace(run, state="stopping").save()

    def resume(self, name: str, kimg: float | None = None, address: str | None = None) -> None:
        """Let a run that stopped, failed or finished go on.

        Args:
            name: of the run.
            kimg: make it that long; None leaves its length.
            address: as of ``start``.

        Raises:
            BadRequestError: it is gone, that long already, or too much waits.
        """
        with self._lock:
            run = self._require(name)
            if not run.is_live:
                if kimg is not None:
                    run = run.made_longer(kimg)
                self.check_room(run.owner, address)
                self._addresses[name] = address or ""
                replace(run, state="waiting", message="").save()
        self._wake()

    def remove(self, name: str) -> None:
        """Delete a run with everything that it wrote.

        Raises:
            BadRequestError: it is gone, or still going on.
        """
        with self._lock:
            run = self._require(name)
            if run.is_live:
                raise BadRequestError(f"{name} is still going on, stop it first.")
            self._delete(run)
        self._withdraw(run)

    def publish(self, name: str) -> None:
        """Offer the newest snapshot of a run that still goes on, or whose app was killed before it could.

        Raises:
            UserError: the run is gone, or its snapshot is of no use.
        """
        self._publish(self._require(name))

    def take_uploads(self, files: list[Path]) -> str:
        """Keep uploaded files as data of a run: one zip as it is, pictures in a folder; gives the path."""
        folder = self._root / _UPLOADS / f"{time.time_ns():x}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        return put_together(files, folder, keep=True)

    def close(self) -> None:
        """Stop what trains, saved, and start nothing more."""
        with self._lock:
            self._closed = True
            training = self._training
            self._lock.notify_all()
        if training:
            training.end(_CLOSE_SECONDS)

    # ------------------------------------------------------------------ worker

    def _wake(self) -> None:
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="ganedit-runs", daemon=True)
                self._worker.start()
            self._lock.notify_all()

    def _work(self) -> None:
        for orphan in self._orphans:  # before anything trains: one of them may be resumed
            orphan.end(SAVE_SECONDS)
        while True:
            with self._lock:
                while not self._closed and not (waiting := self._waiting()):
                    self._lock.wait()
                if self._closed:
                    return
                run = waiting[-1]
                training = self._training = self._begin(run)
            if training and training.process:
                turn_is_over = bool(run.owner) and not training.ends_within(_TURN_SECONDS)
                if turn_is_over:
                    self.stop(run.name)
                self._finish(run.name, training.process.wait(), _TURN_IS_OVER if turn_is_over else "")

    def _waiting(self) -> list[Run]:
        return [run for run in self.all() if run.state == "waiting"]

    def _begin(self, run: Run) -> Training | None:
        """Let a run train; one that cannot be started has failed, and those after it go on."""
        training = None
        try:
            training = Training.begin(run)
            replace(run, state="training", pid=training.pid).save()
            return training
        except OSError as error:
            _LOG.warning("%s could not be started: %s", run.name, error)
            if training:
                training.end(0)
            with suppress(OSError):
                replace(run, state="failed", message=f"It could not be started ({error.strerror}).").save()
            self._lock.wait(_RETRY_SECONDS)  # a disk that is full may have room by then
            return None

    def _finish(self, name: str, code: int, why: str = "") -> None:
        run = self.get(name)
        if run:
            try:
                self._publish(run)  # before it counts as ended, when it may be removed
            except Exception:  # whatever it is, the runs after it must go on
                _LOG.exception("the snapshot of %s could not be offered", name)
        with self._lock:
            self._training = None
            run = self.get(name)
            if run:
                with suppress(OSError):
                    run = settled(run, code)
                    replace(run, message=why if run.state == "stopped" and why else run.message).save()

    def _settle_orphans(self) -> list[Run]:
        """Count the runs as stopped that an earlier app left, and give them; one of them may still train."""
        left = [run for run in self.all() if run.is_live]
        for run in left:
            with suppress(OSError):
                replace(run, state="stopped", pid=0).save()
        return left

    # -------------------------------------------------------------------- disk

    def _remove_oldest(self) -> None:
        """Keep so many ended runs of strangers; those that made nothing go first, since they are free to begin."""
        ended = [run for run in self.all() if run.owner and not run.is_live]
        for run in sorted(ended, key=lambda run: (run.snapshot() is not None, run.created))[:-_KEPT]:
            self._delete(run)
            self._withdraw(run)

    def _delete(self, run: Run) -> None:
        shutil.rmtree(run.folder)
        self._forget_upload(run.wish.data)

    def _forget_upload(self, data: str) -> None:
        """Delete uploaded pictures that no run needs any more."""
        if Path(data).is_relative_to(self._root / _UPLOADS) and data not in {run.wish.data for run in self.all()}:
            shutil.rmtree(self._upload_of(data), ignore_errors=True)

    def _require(self, name: str) -> Run:
        run = self.get(name)
        if run is None:
            raise BadRequestError(GONE)
        return run

    def _numbered(self, stem: str) -> list[Path]:
        return [path for path in self._root.glob(f"{stem}-*") if path.name.rpartition("-")[2].isdecimal()]

    def _upload_of(self, data: str) -> Path:
        return self._root / _UPLOADS / Path(data).relative_to(self._root / _UPLOADS).parts[0]


def runs_folder() -> Path:
    """Give the folder of the runs: ``GANEDIT_RUNS``, else ``runs`` beside the app."""
    return Path(os.environ.get("GANEDIT_RUNS") or Path(__file__).parents[2] / "runs")
