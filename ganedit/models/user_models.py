"""Models that the user dropped into the weights folder, recognized by what is in them.

Recognizing means reading the whole file, so what was found is kept in an index and read again only when a file changes,
or when it lacked a package, which may have been installed since.
"""

import dataclasses
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganedit.errors import BadCheckpointError, BadRequestError, UserError, WeightsUnavailableError
from ganedit.files import kind_of, shown, whole_file, writing
from ganedit.models.card import SUFFIXES, Format, ModelCard, SizeRule, Source, task_of
from ganedit.models.own_cards import OWN_CARDS

if TYPE_CHECKING:
    from ganedit.models.snapshots import Snapshot

Index = dict[str, dict[str, Any]]
"""What is known of each file, by its name; ``problem`` if it cannot be used."""

_LOG = logging.getLogger(__name__)
_INDEX_VERSION = 3  # counts up when something else would be said of the same file
_LARGEST_BYTES = 2 << 30

# Our own weights lie in the same folder and are in the catalogue.
_SHIPPED = frozenset(Path(source.locator).name for card in OWN_CARDS for source in card.sources)


class UserModels:
    """The user's own models in one folder; safe to use from many threads."""

    def __init__(self, folder: Path, cache: Path, taken: Collection[str] = ()) -> None:
        """Remember where to look; nothing is read yet.

        Args:
            folder: where the user's files lie.
            cache: where the index of what was recognized is kept.
            taken: ids that mean something else.
        """
        self._folder, self._taken = folder, taken
        self._index_path = cache / "user-models.json"
        self._index: Index | None = None
        self._lock = threading.Lock()

    def cards(self) -> list[ModelCard]:
        """One card for every file that could be recognized, by name."""
        index = self.refresh()
        return [_card_of(self._folder / name, entry) for name, entry in sorted(index.items()) if "problem" not in entry]

    @property
    def problems(self) -> dict[str, str]:
        """Why a file could not be used, by file name; by no name why the folder could not."""
        return {shown(name): entry["problem"] for name, entry in sorted(self.refresh().items()) if "problem" in entry}

    def refresh(self) -> Index:
        """Look at the folder again; only files that are new or changed are opened.

        Returns:
            What is known of each file, by its name.
        """
        with self._lock:
            before = self._index if self._index is not None else self._load_index()
            try:
                names = sorted(filter(_is_wanted, os.listdir(self._folder)))
            except FileNotFoundError:
                names = []
            except OSError as error:
                return {"": {"problem": f"The folder cannot be read ({error.strerror}); check its rights."}}
            looked = {name: _look(self._folder / name, before.get(name)) for name in names}
            index = {name: entry for name, entry in looked.items() if entry}
            if index != before:
                self._save_index(index)
            self._index = index
        return self._with_one_name_each(index)

    def _with_one_name_each(self, index: Index) -> Index:
        """Let the first file of a name have it."""
        found: Index = {}
        first: dict[str, str] = {}
        for name, entry in sorted(index.items()):
            model_id = Path(name).stem
            if "problem" not in entry and model_id in self._taken:
                entry = {"problem": f"{name} has the name of a known model; rename it."}
            elif "problem" not in entry and first.setdefault(model_id, name) != name:
                entry = {"problem": f"{name} has the name of {first[model_id]} but for its ending; rename one of them."}
            found[name] = entry
        return found

    def add(self, path: Path, name: str, *, replace: bool = False) -> ModelCard:
        """Copy a file into the folder if it can be recognized; ``replace`` lets it take an older one's place.

        Raises:
            BadCheckpointError: it cannot; nothing is kept.
            BadRequestError: a file of that name is there already.
        """
        name = re.sub(r"[^A-Za-z0-9_.+-]", "_", Path(name).name).lstrip(".")
        if Path(name).suffix.lower() not in SUFFIXES:
            raise BadCheckpointError(f"{name} is none of {', '.join(SUFFIXES)}; export your model as one of these.")
        others = {
            each for each in self.refresh() if Path(each).stem == Path(name).stem and not (each == name and replace)
        }
        if others or name in _SHIPPED:
            raise BadRequestError(
                f"There is a model file called {min(others, default=name)} already; rename yours or remove the old one."
            )
        target = self._folder / name
        with writing(target):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._folder) as incoming:
                copy = Path(incoming) / name
                shutil.copyfile(path, copy)
                problem = _inspect(copy).get("problem")
                if problem:
                    raise BadCheckpointError(problem)
                os.replace(copy, target)
        return next(card for card in self.cards() if card.id == target.stem)

    def remove(self, card: ModelCard) -> None:
        """Delete the file of a card; of a link, not what it leads to."""
        for name, entry in self.refresh().items():
            if Path(name).stem == card.id and "problem" not in entry:
                (self._folder / name).unlink(missing_ok=True)
        self.refresh()

    def _load_index(self) -> Index:
        try:
            kept = json.loads(self._index_path.read_text(encoding="utf-8")) if self._index_path.is_file() else {}
            files = kept["files"] if kept["version"] == _INDEX_VERSION else {}
            return {name: entry for name, entry in files.items() if {"task", "problem"} & set(entry)}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}  # an index that is missing or damaged is made anew

    def _save_index(self, index: Index) -> None:
        with suppress(OSError, UserError):  # a folder that cannot be written to only costs reading the files again
            self._index_path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._index_path) as fresh:
                fresh.write_text(json.dumps({"version": _INDEX_VERSION, "files": index}, indent=1), encoding="utf-8")


def _is_wanted(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and name not in _SHIPPED and not name.startswith(".")


def _look(path: Path, known: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Say what a file of the folder is, or why it cannot be used; None if it has just gone.

    Args:
        path: the file, or whatever lies there under the name of one.
        known: what was found earlier.
    """
    name = shown(path.name)
    if not path.name.isprintable():
        return {"problem": f"The name {name} has signs that cannot be shown; rename it."}
    try:
        status = path.stat()
    except FileNotFoundError:
        is_link = path.is_symlink()
        return (
            {"problem": f"{name} is a link that leads nowhere; remove it or bring its file back."} if is_link else None
        )
    except OSError as error:
        return {"problem": f"{name} cannot be read ({error.strerror}); mend or remove it."}
    if kind := kind_of(status.st_mode):
        return {"problem": f"{name} is {kind} and no file of weights; put it elsewhere."}
    if status.st_size > _LARGEST_BYTES:
        return {
            "problem": f"{name} is larger than {_LARGEST_BYTES >> 30} GB, as no network for pictures is; remove it."
        }
    stamp = [status.st_size, status.st_mtime_ns]
    if known and known.get("stamp") == stamp and not known.get("may_change"):
        return dict(known)
    found = _inspect(path)
    try:
        status = path.stat()
    except OSError:
        return None
    if stamp != [status.st_size, status.st_mtime_ns]:
        return {"problem": f"{name} is just being written; look again when it is complete."}
    return {"stamp": stamp, **found}


def _inspect(path: Path) -> dict[str, Any]:
    """Read a file and say what network it holds, or what is wrong; ``may_change`` if that is not in the file itself."""
    file_format = SUFFIXES[path.suffix.lower()]
    try:
        found = _recognize(path, file_format)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except BadCheckpointError as error:
        return {"problem": str(error)}
    except WeightsUnavailableError as error:
        return {"problem": str(error), "may_change": True}
    except OSError as error:
        return {"problem": f"{path.name} cannot be read ({error.strerror}); check its rights.", "may_change": True}
    except Exception as error:  # a stranger's file may lead any of the readers to any error there is
        _LOG.warning("%s could not be read", path.name, exc_info=True)
        return {"problem": f"{path.name} cannot be understood ({type(error).__name__}); fetch or export it again."}
    return {"sha256": digest, "format": file_format, **found}


def _recognize(path: Path, file_format: Format) -> dict[str, Any]:
    from ganedit.models.checkpoint import build_network, read_state_dict, refuse_stranger
    from ganedit.models.generators import read_generator
    from ganedit.models.public_generators import build_public
    from ganedit.models.public_painters import build_painter
    from ganedit.models.snapshots import is_snapshot

    refuse_stranger(path)
    if file_format in ("onnx", "keras") or is_snapshot(path):
        return _trained(read_generator(path, file_format))
    state = read_state_dict(path, file_format)
    published = build_public(state, path.name)
    if published is not None:
        return _trained(published)
    painter = build_painter(state, path.name)
    if painter is not None:
        return {"task": "stylize", "arch": painter.arch, "scale": 1, "size": {}}
    descriptor = build_network(state, path.name)
    if descriptor.purpose not in ("SR", "Restoration"):
        raise BadCheckpointError(f"{path.name} is a {descriptor.purpose} network, which Enhance cannot use.")
    needs = descriptor.size_requirements
    size = SizeRule(max(2, needs.minimum), max(1, needs.multiple_of), descriptor.tiling.name == "SUPPORTED")
    found = {"task": "enhance", "kind": "unknown", "arch": descriptor.architecture.id, "scale": descriptor.scale}
    return found | {"size": dataclasses.asdict(size)}


def _trained(snapshot: "Snapshot") -> dict[str, Any]:
    scale = getattr(snapshot.generator, "scale", 1)
    return {
        "task": task_of(snapshot.arch),
        "arch": snapshot.arch,
        "scale": scale,
        "size": {},
        **_origin(snapshot.facts),
    }


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
        kind=entry.get("kind", "gan"),
        trained_on=entry.get("trained_on", ""),
        notes="Found in the weights folder; its license is for you to know.",
    )
