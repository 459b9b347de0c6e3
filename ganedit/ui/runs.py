"""Training runs as the page sees them: folders on disk, each trained by the command line in a process of its own.

A run is its folder. What it was asked is in ``job.json``, what it does in the files that training writes, so a page
that is opened later, or an app that is started again, finds everything. One run trains at a time, the others wait.
"""

import atexit
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import BadRequestError

RunState = Literal["waiting", "training", "stopping", "stopped", "finished", "failed"]

_JOB, _LOG, _UPLOADS = "job.json", "log.txt", "uploads"
_CLOSE_SECONDS = 15
_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be trained.

    Attributes:
        recipe: the TOML file.
        data: a folder or zip, or the name of a packaged set.
        settings: values of recipe keys such as ``schedule.kimg``, instead of the recipe's own.
    """

    recipe: str
    data: str
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One run, as it is at this moment.

    Attributes:
        folder: where everything of it lies.
        wish: what was asked.
        state: what it does.
        created: seconds since 1970.
        message: the one sentence with which it failed, else empty.
        pid: of its process, 0 without one.
    """

    folder: Path
    wish: Wish
    state: RunState
    created: float
    message: str = ""
    pid: int = 0

    @property
    def name(self) -> str:
        """Name of the folder; unique."""
        return self.folder.name

    @property
    def is_live(self) -> bool:
        """Whether something is still going to happen by itself."""
        return self.state in ("waiting", "training", "stopping")

    @property
    def kimg(self) -> float:
        """How long it is to be."""
        own = self.wish.settings.get("schedule.kimg")
        return float(own) if own else float(recipe_values(Path(self.wish.recipe)).get("schedule.kimg", 0))

    def command(self, *, resume: bool = False, program: str = "python") -> list[str]:
        """Give the command line that trains it."""
        words = [program, "-m", "ganedit", "train", self.wish.recipe, "--data", self.wish.data]
        words += ["--out", str(self.folder)]
        for key, value in self.wish.settings.items():
            words += ["--set", f"{key}={value}"]
        return [*words, "--resume"] if resume else words

    def shown_command(self) -> str:
        """Give the command line as somebody would type it, with paths as seen from the current folder."""
        return shlex.join(_short(word) for word in self.command())

    def stats(self) -> list[dict[str, Any]]:
        """Read the ticks so far; a line that is being written is left out."""
        ticks = []
        for line in _read(self.folder / "stats.jsonl").splitlines():
            try:
                ticks.append(json.loads(line))
            except ValueError:
                continue
        return ticks

    def grids(self) -> list[Path]:
        """Give the sample grids, oldest first; their names are the images seen."""
        return sorted((self.folder / "samples").glob("*.png"))

    def snapshot(self) -> Path | None:
        """Give the newest snapshot, if there is one."""
        return max(self.folder.glob("snapshot-*.safetensors"), default=None)


class Runs:
    """All runs in one folder, and the worker that trains one after the other; safe to use from many threads."""

    def __init__(self, root: Path, on_end: Callable[[Run], None] = lambda run: None) -> None:
        """Find the runs that are there; those whose process is gone have stopped.

        Args:
            root: folder of the runs; made when the first one is.
            on_end: told each run that stopped or finished, from the worker's thread.
        """
        self._root, self._on_end = root.resolve(), on_end
        self._lock = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        for run in self.all():
            if run.is_live:
                self._end_orphan(run)
        self._worker: threading.Thread | None = None
        atexit.register(self.close)

    def all(self) -> list[Run]:
        """Give every run, the newest first."""
        found = [_load(path.parent) for path in self._root.glob(f"*/{_JOB}")]
        return sorted((run for run in found if run), key=lambda run: run.created, reverse=True)

    def get(self, name: str) -> Run | None:
        """Give one run, None if it is gone."""
        return next((run for run in self.all() if run.name == name), None)

    def start(self, wish: Wish) -> Run:
        """Begin a run, or let it wait for those before it."""
        stem = Path(wish.recipe).stem
        with self._lock:
            number = 1 + max((int(path.name.rpartition("-")[2]) for path in self._numbered(stem)), default=0)
            folder = self._root / f"{stem}-{number}"
            folder.mkdir(parents=True)
            run = Run(folder, wish, "waiting", time.time())
            self._save(run)
        self._wake()
        return run

    def stop(self, name: str) -> None:
        """End a run; one that trains saves first."""
        with self._lock:
            run = self._require(name)
            if run.state == "waiting":
                self._save(replace(run, state="stopped"))
            elif run.state == "training" and self._process:
                self._save(replace(run, state="stopping"))
                self._process.send_signal(signal.SIGINT)

    def resume(self, name: str) -> None:
        """Let a run that stopped, failed or finished go on.

        Raises:
            BadRequestError: it is gone.
        """
        with self._lock:
            run = self._require(name)
            if not run.is_live:
                self._save(replace(run, state="waiting", message=""))
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
            shutil.rmtree(run.folder)
            if Path(run.wish.data).is_relative_to(self._root / _UPLOADS):
                others = {other.wish.data for other in self.all()}
                if run.wish.data not in others:
                    shutil.rmtree(self._upload_of(run.wish.data), ignore_errors=True)

    def take_uploads(self, files: list[Path]) -> str:
        """Keep uploaded files as data of a run: one zip as it is, pictures in a folder; gives the path."""
        folder = self._root / _UPLOADS / f"{time.time_ns():x}"
        folder.mkdir(parents=True)
        for number, file in enumerate(files):
            target = folder / file.name
            shutil.copyfile(file, target if not target.exists() else folder / f"{number}-{file.name}")
        only = files[0].name if len(files) == 1 and files[0].suffix.lower() == ".zip" else ""
        return str(folder / only)

    def close(self) -> None:
        """Stop what trains, saved, and start nothing more."""
        with self._lock:
            self._closed = True
            process = self._process
            self._lock.notify_all()
        if process:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    # ------------------------------------------------------------------ worker

    def _wake(self) -> None:
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="ganedit-runs", daemon=True)
                self._worker.start()
            self._lock.notify_all()

    def _work(self) -> None:
        while True:
            with self._lock:
                while not self._closed and not (waiting := self._waiting()):
                    self._lock.wait()
                if self._closed:
                    return
                run = self._launch(waiting[-1])
                process = self._process
            if process is None:
                continue
            process.wait()
            self._finish(run.name, process.returncode)

    def _waiting(self) -> list[Run]:
        return [run for run in self.all() if run.state == "waiting"]

    def _launch(self, run: Run) -> Run:
        command = run.command(resume=(run.folder / "state.pt").exists(), program=sys.executable)
        with (run.folder / _LOG).open("wb") as log:
            # A session of its own: Ctrl+C in the app's terminal reaches it through close(), once.
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        run = replace(run, state="training", pid=self._process.pid)
        self._save(run)
        return run

    def _finish(self, name: str, code: int) -> None:
        with self._lock:
            self._process = None
            run = self.get(name)
            if run is None:
                return
            failed = bool(code) and run.state != "stopping"  # a process that was just starting ends on its own way
            ticks = run.stats()
            done = not code and bool(ticks) and ticks[-1]["kimg"] >= run.kimg - 1e-9
            message = _last_line(run.folder / _LOG) if failed else ""
            state = "failed" if failed else "finished" if done else "stopped"
            run = replace(run, state=state, message=message, pid=0)
            self._save(run)
        self._on_end(run)

    def _end_orphan(self, run: Run) -> None:
        """Settle a run that an earlier app left; its process, if there still is one, is told to save and end."""
        if run.pid and _is_training(run.pid, run.folder):
            os.kill(run.pid, signal.SIGINT)
        self._save(replace(run, state="stopped", pid=0))

    # -------------------------------------------------------------------- disk

    def _require(self, name: str) -> Run:
        run = self.get(name)
        if run is None:
            raise BadRequestError("This run is gone; choose another one in the list.")
        return run

    def _numbered(self, stem: str) -> list[Path]:
        return [path for path in self._root.glob(f"{stem}-*") if path.name.rpartition("-")[2].isdecimal()]

    def _upload_of(self, data: str) -> Path:
        return self._root / _UPLOADS / Path(data).relative_to(self._root / _UPLOADS).parts[0]

    @staticmethod
    def _save(run: Run) -> None:
        about = {key: value for key, value in asdict(run).items() if key != "folder"}
        fresh = run.folder / f".{_JOB}.part"
        fresh.write_text(json.dumps(about, indent=1), encoding="utf-8")
        os.replace(fresh, run.folder / _JOB)


def runs_folder() -> Path:
    """Give the folder of the runs: ``GANEDIT_RUNS``, else ``runs`` beside the app."""
    return Path(os.environ.get("GANEDIT_RUNS") or Path(__file__).parents[2] / "runs")


def recipe_values(path: Path) -> dict[str, Any]:
    """Give what a recipe sets, by ``section.key``; nothing if it cannot be read."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}


def _load(folder: Path) -> Run | None:
    try:
        about = json.loads((folder / _JOB).read_text(encoding="utf-8"))
        return Run(folder, Wish(**about.pop("wish")), **about)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _is_training(pid: int, folder: Path) -> bool:
    """Whether a process is the one that trains in a folder; numbers of processes are used again."""
    return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes() if Path(f"/proc/{pid}").exists() else False


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in _read(log).splitlines() if line.strip()]
    return lines[-1][:_LONGEST_MESSAGE] if lines else "The training ended without a word; start it again."


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _short(word: str) -> str:
    path = Path(word)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else word
