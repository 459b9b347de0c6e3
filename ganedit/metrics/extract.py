"""Run a set of pictures through a backbone, or take its features from the cache."""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.budget import PIXELS
from ganedit.errors import BadDataError, UserError
from ganedit.metrics.features import Backbone
from ganedit.metrics.pictures import Pictures

_CHUNK = 64  # pictures prepared, then described; between chunks progress is told
_DECODERS = 4
_MAX_CACHE_BYTES = 4 << 30


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features of some pictures.

    Attributes:
        names: paths of the N pictures that could be opened, in the order asked for.
        features: (N, D) float32.
        refused: why another picture could not be used, by its path.
    """

    names: tuple[str, ...]
    features: np.ndarray
    refused: dict[str, str]


def extract(
    pictures: Pictures,
    names: Sequence[str],
    backbone: Backbone,
    cache: Path,
    on_done: Callable[[int], None] = lambda done: None,
) -> FeatureSet:
    """Compute the features of some pictures, or read what an earlier call computed from the same bytes.

    Args:
        pictures: an open folder or zip.
        names: which of its files, in which order.
        backbone: the network.
        cache: folder of computed features; made if missing.
        on_done: told how many pictures are done; what it raises ends the call.
    """
    file = cache / f"{_key(pictures, names, backbone)}.npz"
    found = _read(file, len(names), backbone.dim)
    if found is None:
        found = _compute(pictures, names, backbone, on_done)
        _write(file, *found)
    on_done(len(names))
    features, reasons = found
    refused = {name: reason for name, reason in zip(names, reasons, strict=True) if reason}
    return FeatureSet(tuple(name for name in names if name not in refused), features, refused)


def _key(pictures: Pictures, names: Sequence[str], backbone: Backbone) -> str:
    """Hash what the features depend on: the bytes of the files in their order, their size, and the backbone."""
    found = hashlib.sha256(f"{backbone.digest} {pictures.side_px}".encode())
    for name in names:
        try:
            found.update(hashlib.sha256(pictures.files[name].read()).digest())
        except BadDataError:
            found.update(b"unreadable")
    return found.hexdigest()


def _compute(
    pictures: Pictures, names: Sequence[str], backbone: Backbone, on_done: Callable[[int], None]
) -> tuple[np.ndarray, list[str]]:
    """Give features of what can be opened, and for every name a reason, empty where there is none."""
    rows, reasons = [np.zeros((0, backbone.dim), np.float32)], []
    for chunk in _prepared(pictures, names, backbone):
        rows.append(backbone.describe([each for each in chunk if isinstance(each, Tensor)]))
        reasons += ["" if isinstance(each, Tensor) else each for each in chunk]
        on_done(len(reasons))
    return np.concatenate(rows), reasons


def _prepared(pictures: Pictures, names: Sequence[str], backbone: Backbone) -> Iterator[list[Tensor | str]]:
    prepare = partial(_prepare, pictures, backbone)
    with ThreadPoolExecutor(_DECODERS) as pool:
        for start in range(0, len(names), _CHUNK):
            yield list(pool.map(prepare, names[start : start + _CHUNK]))


def _prepare(pictures: Pictures, backbone: Backbone, name: str) -> Tensor | str:
    try:
        with PIXELS.task():
            return _prepared_pixels(pictures.pixels(name), backbone)
    except UserError as error:
        return str(error)


def _prepared_pixels(pixels: np.ndarray, backbone: Backbone) -> Tensor:
    return backbone.prepare(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None])


def _read(file: Path, count: int, dim: int) -> tuple[np.ndarray, list[str]] | None:
    """Read an entry of the cache; None if there is none that is whole."""
    # Any error there is: a damaged zip raises as it likes, and the features can always be computed again.
    with suppress(Exception), np.load(file, allow_pickle=False) as entry:
        features, reasons = entry["features"], json.loads(str(entry["reasons"]))
        if len(reasons) == count and features.shape == (reasons.count(""), dim) and np.isfinite(features).all():
            os.utime(file)  # the least recently used entry leaves first
            return features, reasons
    return None


def _write(file: Path, features: np.ndarray, reasons: list[str]) -> None:
    """Keep features for the next time; a full disk costs nothing but that time."""
    part = file.with_name(f".{uuid.uuid4().hex}.part")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                np.savez(stream, features=features, reasons=np.array(json.dumps(reasons)))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        _make_room(file.parent)


def _make_room(folder: Path) -> None:
    entries = sorted(((each.stat(), each) for each in folder.glob("*.npz")), key=lambda entry: entry[0].st_mtime_ns)
    total = sum(status.st_size for status, _ in entries)
    for status, entry in entries[:-1]:
        if total > _MAX_CACHE_BYTES:
            entry.unlink(missing_ok=True)
            total -= status.st_size
