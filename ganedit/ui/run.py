"""One training run as it lies on disk: what it was asked in ``job.json``, what it does in the files of training."""

import hashlib
import json
import os
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from ganedit.errors import BadRequestError
from ganedit.models.card import Task, task_of

RunState = Literal["waiting", "training", "stopping", "stopped", "finished", "failed"]

JOB_FILE = "job.json"
_SECRET_LETTERS = 32


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
        owner: hash of the key of the browser that began it; empty where all runs are everybody's.
    """

    folder: Path
    wish: Wish
    state: RunState
    created: float
    message: str = ""
    pid: int = 0
    owner: str = ""

    @property
    def name(self) -> str:
        """Name of the folder; unique."""
        return self.folder.name

    @property
    def model(self) -> str:
        """Id of the model that comes of it; of a run with an owner, one that nobody else can guess."""
        secret = hashlib.sha256(f"{self.owner}/{self.name}".encode()).hexdigest()[:_SECRET_LETTERS]
        return f"{self.name}-{secret}" if self.owner else self.name

    @property
    def is_live(self) -> bool:
        """Whether something is still going to happen by itself."""
        return self.state in ("waiting", "training", "stopping")

    @property
    def kimg(self) -> float:
        """How long it is to be."""
        own = self.wish.settings.get("schedule.kimg")
        return float(own) if own else float(recipe_values(Path(self.wish.recipe)).get("schedule.kimg", 0))

    @property
    def task(self) -> Task:
        """What the model that comes of it is for."""
        key = "generator.arch"
        return task_of(str(self.wish.settings.get(key) or recipe_values(Path(self.wish.recipe)).get(key)))

    def command(self, out: str, *, resume: bool = False, program: str = "python") -> list[str]:
        """Give the command line that trains it in the folder ``out``."""
        words = [program, "-m", "ganedit", "train", self.wish.recipe, "--data", self.wish.data, "--out", out]
        for key, value in self.wish.settings.items():
            words += ["--set", f"{key}={value}"]
        return [*words, "--resume"] if resume else words

    def shown_command(self) -> str:
        """Give the command line as somebody would type it here, with a new folder for the run in this one."""
        return shlex.join(_short(word) for word in self.command(self.name))

    def stats(self) -> list[dict[str, Any]]:
        """Read the ticks so far; a line that is being written is left out."""
        ticks = []
        for line in read_text(self.folder / "stats.jsonl").splitlines():
            try:
                ticks.append(json.loads(line))
            except ValueError:
                continue
        return ticks

    def made_longer(self, kimg: float) -> Self:
        """Give the same run with another length.

        Raises:
            BadRequestError: it has trained for that long already.
        """
        done = max((tick["kimg"] for tick in self.stats()), default=0)
        if not kimg > done:
            raise BadRequestError(f"{self.name} is at kimg {done:g} already, give a larger length.")
        return replace(self, wish=replace(self.wish, settings={**self.wish.settings, "schedule.kimg": f"{kimg:g}"}))

    def data(self) -> dict[str, Any]:
        """Read what is known of the pictures; nothing before they are prepared."""
        try:
            return json.loads(read_text(self.folder / "data.json"))
        except ValueError:
            return {}

    def grids(self) -> list[Path]:
        """Give the sample grids, oldest first; their names are the images seen."""
        return sorted((self.folder / "samples").glob("*.png"))

    def snapshot(self) -> Path | None:
        """Give the newest snapshot, if there is one."""
        return max(self.folder.glob("snapshot-*.safetensors"), default=None)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what was saved of a run; None if there is none."""
        try:
            about = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
            return cls(folder, Wish(**about.pop("wish")), **about)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self) -> None:
        """Write what it was asked and its state, whole or not at all."""
        about = {key: value for key, value in asdict(self).items() if key != "folder"}
        fresh = self.folder / f".{JOB_FILE}.part"
        fresh.write_text(json.dumps(about, indent=1), encoding="utf-8")
        os.replace(fresh, self.folder / JOB_FILE)


def environment() -> dict[str, str]:
    """Give the environment in which ``python -m ganedit`` finds this package, wherever the app was started from."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def recipe_values(path: Path) -> dict[str, Any]:
    """Give what a recipe sets, by ``section.key``; nothing if it cannot be read."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}


def read_text(path: Path) -> str:
    """Read a text file; what cannot be read is empty."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _short(word: str) -> str:
    path = Path(word)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else word
