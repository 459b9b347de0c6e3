"""Models that the user dropped into the weights folder, recognized by what is in them.

Recognizing means reading the whole file, so what was found is kept in an index and read again only when a file changes,
or when it lacked a package, which may have been installed since.
"""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganedit.errors import BadCheckpointError, BadRequestError, WeightsUnavailableError
from ganedit.models.card import SUFFIXES, Format, ModelCard, SizeRule, Source
from ganedit.models.own_cards import OWN_CARDS

if TYPE_CHECKING:
    from ganedit.models.snapshots import Snapshot

# Our own weights lie in the same folder and are in the catalogue.
_SHIPPED = frozenset(Path(source.locator).name for card in OWN_CARDS for source in card.sources)


class UserModels:
    """The user's own models in one folder; safe to use from many threads."""

    def __init__(self, folder: Path, cache: Path) -> None:
        """Remember where to look; nothing is read yet.

        Args:
            folder: where the user's files lie.
            cache: where the index of what was recognized is kept.
        """
        self._folder = folder
        self._index_path = cache / "user-models.json"
        self._index: dict[str, dict[str, Any]] | None = None
        self._lock = threading.Lock()

    def cards(self) -> list[ModelCard]:
        """One card for every file that could be recognized, by name."""
        index = self.refresh()
        return [_card_of(self._folder / name, entry) for name, entry in sorted(index.items()) if "problem" not in entry]

    @property
    def problems(self) -> dict[str, str]:
        """Why a file could not be used, by file name."""
        return {name: entry["problem"] for name, entry in sorted(self.refresh().items()) if "problem" in entry}

    def refresh(self) -> dict[str, dict[str, Any]]:
        """Look at the folder again; only files that are new or changed are opened.

        Returns:
            What is known of each file, by its name.
        """
        with self._lock:
            before = self._index if self._index is not None else self._load_index()
            found = sorted(
                path
                for path in (self._folder.iterdir() if self._folder.is_dir() else ())
                if path.suffix.lower() in SUFFIXES and path.name not in _SHIPPED and not path.name.startswith(".")
            )
            index = {}
            for path in found:
                stamp = [path.stat().st_size, path.stat().st_mtime_ns]
                known = before.get(path.name)
                fresh = known and known["stamp"] == stamp and not known.get("lacks_package")
                index[path.name] = known if fresh else {"stamp": stamp, **_inspect(path)}
            if index != before:
                self._save_index(index)
            self._index = index
            return index

    def add(self, path: Path, name: str, *, replace: bool = False) -> ModelCard:
        """Copy a file into the folder if it can be recognized; ``replace`` lets it take an older one's place.

        Raises:
            BadCheckpointError: it cannot; nothing is kept.
            BadRequestError: a file of that name is there already.
        """
        name = re.sub(r"[^A-Za-z0-9_.+-]", "_", Path(name).name).lstrip(".")
        if Path(name).suffix.lower() not in SUFFIXES:
            raise BadCheckpointError(f"{name} is none of {', '.join(SUFFIXES)}; export your model as one of these.")
        target = self._folder / name
        if (target.exists() and not replace) or name in _SHIPPED:
            raise BadRequestError(f"There is a model file called {name} already; rename yours or remove the old one.")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._folder) as incoming:
            copy = Path(incoming) / name
            shutil.copyfile(path, copy)
            problem = _inspect(copy).get("problem")
            if problem:
                raise BadCheckpointError(problem)
            os.replace(copy, target)
        entry = self.refresh()[name]
        return _card_of(target, entry)

    def remove(self, card: ModelCard) -> None:
        """Delete the file of a card."""
        Path(card.sources[0].locator.removeprefix("file:")).unlink(missing_ok=True)
        self.refresh()

    def _load_index(self) -> dict[str, dict[str, Any]]:
        try:
            index = json.loads(self._index_path.read_text(encoding="utf-8"))
            return {name: entry for name, entry in index.items() if entry["stamp"] and {"task", "problem"} & set(entry)}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}  # an index that is missing or damaged is made anew

    def _save_index(self, index: dict[str, dict[str, Any]]) -> None:
        try:
            self._index_path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._index_path.with_suffix(f".{os.getpid()}.part")
            fresh.write_text(json.dumps(index, indent=1), encoding="utf-8")
            os.replace(fresh, self._index_path)
        except OSError:
            return  # a folder that cannot be written to only costs reading the files again next time


def _inspect(path: Path) -> dict[str, Any]:
    """Read a file and say what network it holds, or what is wrong with it."""
    file_format = SUFFIXES[path.suffix.lower()]
    try:
        found = _recognize(path, file_format)
    except BadCheckpointError as error:
        return {"problem": str(error)}
    except WeightsUnavailableError as error:
        return {"problem": str(error), "lacks_package": True}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "format": file_format, **found}


def _recognize(path: Path, file_format: Format) -> dict[str, Any]:
    from ganedit.models.checkpoint import build_network, read_state_dict
    from ganedit.models.generators import read_generator
    from ganedit.models.public_generators import build_public
    from ganedit.models.public_painters import build_painter
    from ganedit.models.snapshots import is_snapshot

    if file_format in ("onnx", "keras") or is_snapshot(path):
        return _drawing(read_generator(path, file_format))
    state = read_state_dict(path, file_format)
    published = build_public(state, path.name)
    if published is not None:
        return _drawing(published)
    painter = build_painter(state, path.name)
    if painter is not None:
        return {"task": "stylize", "arch": painter.arch, "scale": 1, "size": {}}
    descriptor = build_network(state, path.name)
    if descriptor.purpose not in ("SR", "Restoration"):
        raise BadCheckpointError(f"{path.name} is a {descriptor.purpose} network, which Enhance cannot use.")
    needs = descriptor.size_requirements
    size = SizeRule(max(2, needs.minimum), max(1, needs.multiple_of), descriptor.tiling.name == "SUPPORTED")
    found = {"task": "enhance", "arch": descriptor.architecture.id, "scale": descriptor.scale}
    return found | {"size": dataclasses.asdict(size)}


def _drawing(snapshot: "Snapshot") -> dict[str, Any]:
    task = "stylize" if snapshot.arch == "painter" else "generate"
    return {"task": task, "arch": snapshot.arch, "scale": 1, "size": {}, **_origin(snapshot.facts)}


def _origin(facts: Mapping[str, Any]) -> dict[str, str]:
    """Say in words what a snapshot was trained on, and under which license its pictures were; others do not tell."""
    if "kimg" not in facts:
        return {}
    license_text = str(facts.get("license") or "").strip()
    return {
        "trained_on": f"{facts.get('pictures', 'unknown')} pictures, {facts.get('kimg', 0):g} kimg",
        "license": license_text.splitlines()[0][:200] if license_text else "",
    }


def _card_of(path: Path, entry: dict[str, Any]) -> ModelCard:
    return ModelCard(
        id=path.stem,
        task=entry["task"],
        arch=entry["arch"],
        sources=(Source(f"file:{path.resolve()}", entry["sha256"], entry["format"], entry["stamp"][0]),),
        license=entry.get("license") or "unknown (your own file)",
        commercial_use=False,
        scale=entry["scale"],
        size=SizeRule(**entry["size"]),
        kind="unknown" if entry["task"] == "enhance" else "gan",
        trained_on=entry.get("trained_on", ""),
        notes="Found in the weights folder; its license is for you to know.",
    )
