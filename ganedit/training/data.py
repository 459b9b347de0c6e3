"""Training pictures as one memory-mapped array, and batches that depend on nothing but how far the training is."""

import hashlib
import json
import shutil
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import BadDataError
from ganedit.sets import Source, open_source
from ganedit.training.attributes import multi_hots, tabulate
from ganedit.training.contents import Contents, classes_of, sort_out
from ganedit.training.decoding import Decoded, Job, Progress, decode_into

_BATCHES_AHEAD = 3
_CACHE_VERSION = 3  # counts up when the same source would be decoded to something else
_RESOLUTIONS = (4, 2048)
_SPARE_BYTES = 64 << 20  # of the disk, for the index and for others


@dataclass(frozen=True, eq=False)  # eq=False: arrays have no single truth value, so data sets compare by identity
class Dataset:
    """Pictures of one size, ready for training; `prepare` makes it.

    Attributes:
        images: (N, R, R, C) uint8, RGB or gray, memory-mapped and read-only.
        names: N paths in the source, sorted.
        class_names: of the sub-folders, sorted; empty without classes.
        labels: (N,) int64, index into ``class_names``; None without classes.
        captions: N texts, a caption a line, empty where there is none; None without any.
        attribute_values: the values of every attribute, in the order of the entries of ``attributes``; both sorted.
        attributes: (N, values) bool, which values a picture has; None without any.
        digest: SHA-256 of pictures, labels, captions and attributes: the same data have the same on every machine.
        folder: where the decoded pictures are; what is made from them once may be kept there too.
        license: the text of the license file in the source.
        skipped: why a file of the source, or lines of it, are not in here, by path.
        notes: sentences the user should read.
    """

    images: np.ndarray
    names: tuple[str, ...]
    class_names: tuple[str, ...]
    labels: np.ndarray | None
    captions: tuple[str, ...] | None
    attribute_values: Mapping[str, tuple[str, ...]]
    attributes: np.ndarray | None
    digest: str
    folder: Path
    license: str | None
    skipped: Mapping[str, str]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> int:
        """Side of the pictures, in pixels."""
        return self.images.shape[1]

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for gray."""
        return self.images.shape[3]

    @property
    def about(self) -> dict[str, Any]:
        """What people should know, JSON-able: number of pictures, classes, license, what was skipped and why, notes."""
        return {
            "pictures": len(self),
            "classes": list(self.class_names),
            "license": self.license,
            "skipped": dict(self.skipped),
            "notes": list(self.notes),
        }

    def batch(self, nimg: int, batch: int, seed: int, rank: int = 0, world: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Give the pictures that follow after ``nimg`` pictures, or this process's share of them.

        Every epoch goes once through all pictures, in an order that only seed and epoch decide. So training that
        resumes at any ``nimg`` sees what it would have seen without the break.

        Args:
            nimg: pictures seen so far by all processes together.
            batch: pictures to give to all processes together.
            seed: at least 0.
            rank: number of this process, from 0.
            world: number of processes. Their shares one after the other are the batch of a single process.

        Returns:
            (n, R, R, C) uint8, a copy, and (n,) int64, the index of each picture; n is batch / world where that has
            no remainder.
        """
        places = np.arange(nimg + batch * rank // world, nimg + batch * (rank + 1) // world)
        epochs, within = np.divmod(places, len(self))
        indices = np.empty(len(places), np.int64)
        for epoch in np.unique(epochs).tolist():
            chosen = epochs == epoch
            indices[chosen] = _permutation(len(self), seed, epoch)[within[chosen]]
        return np.asarray(self.images[indices]), indices


def prepare(
    source: str | Path,
    cache: str | Path,
    resolution: int,
    channels: int = 3,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Dataset:
    """Read a folder or a zip of pictures, once: as long as nothing in it changes, the next call only opens the cache.

    Sub-folders are classes. Captions stand in ``captions.jsonl`` (``{"file": ..., "caption": ...}`` in each line, a
    text or a list of texts) or, a caption a line, in text files named like the pictures. Attributes stand in
    ``attributes.jsonl`` (``{"file": ..., "attributes": {"hair": "long", ...}}``) or in JSON files named like the
    pictures, which hold such an object. Each picture is turned upright, converted to sRGB, laid on white, cut to the
    square in its middle and resized. What cannot be used is named in ``skipped``; the rest is used.

    Args:
        source: the folder or zip. It may come from strangers.
        cache: folder for the decoded pictures; made if missing.
        resolution: side of the squares, in pixels, 4 to 2048.
        channels: 3 for RGB, 1 for gray.
        progress: called with pictures done, pictures in all, and the seconds left.
        should_stop: asked after every picture.

    Raises:
        BadDataError: no such source, no usable picture in it, no room in the cache, or a size out of range.
        StoppedError: ``should_stop`` said so; nothing was kept.
    """
    if not _RESOLUTIONS[0] <= resolution <= _RESOLUTIONS[1] or channels not in (1, 3):
        raise BadDataError(
            f"Pictures of {resolution} pixels with {channels} channels cannot be prepared, take "
            f"{_RESOLUTIONS[0]} to {_RESOLUTIONS[1]} pixels with 1 or 3 channels."
        )
    source, job = Path(source), Job(resolution, channels, progress, should_stop)
    with open_source(source) as files:
        folder = Path(cache) / _key(files, job)
        dataset = _load(folder)
        if dataset is None:
            try:
                _build(folder, source.name, files, job)
            except OSError as error:
                reason = error.strerror or "unknown reason"
                raise BadDataError(f"The folder {cache} cannot be written ({reason}), choose another cache.") from error
            dataset = _load(folder)
    if dataset is None:
        raise BadDataError(f"The decoded pictures in {cache} were changed from outside, try again.")
    return dataset


def _key(source: Source, job: Job) -> str:
    """Name a cache entry after everything that decides what is in it."""
    files = sorted((name, file.size_bytes, file.version) for name, file in source.files.items())
    everything = [_CACHE_VERSION, job.resolution, job.channels, files, sorted(source.refused.items())]
    return _sha256(everything)[:32]


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _load(folder: Path) -> Dataset | None:
    """Open a cache entry; None if it is missing or damaged."""
    try:
        index = json.loads((folder / "index.json").read_text("utf-8"))
        images = np.load(folder / "pixels.npy", mmap_mode="r")
        if len(images) != len(index["names"]):
            return None
        return Dataset(
            images=images,
            names=tuple(index["names"]),
            class_names=tuple(index["class_names"]),
            labels=None if index["labels"] is None else np.array(index["labels"], np.int64),
            captions=None if index["captions"] is None else tuple(index["captions"]),
            attribute_values={name: tuple(values) for name, values in index["attribute_values"].items()},
            attributes=multi_hots(index["attributes"], sum(map(len, index["attribute_values"].values()))),
            digest=index["digest"],
            folder=folder,
            license=index["license"],
            skipped=index["skipped"],
            notes=tuple(index["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError):
        return None


def _build(folder: Path, title: str, source: Source, job: Job) -> None:
    """Write a cache entry whole or not at all."""
    contents = sort_out(source)
    folder.parent.mkdir(parents=True, exist_ok=True)
    needed = len(contents.pictures) * job.bytes_each + _SPARE_BYTES
    if shutil.disk_usage(folder.parent).free < needed:
        raise BadDataError(
            f"The decoded pictures need {needed / 1e9:.2g} GB in {folder.parent}, free some room or lower the "
            "resolution."
        )
    fresh = folder.with_name(f".{uuid.uuid4().hex}.part")
    fresh.mkdir()
    try:
        decoded = decode_into(fresh / "pixels.npy", source.files, contents.pictures, job)
        if not decoded.names:
            raise BadDataError(_nothing_usable(title, contents, decoded))
        (fresh / "index.json").write_text(json.dumps(_index(contents, decoded, job)), "utf-8")
        if _load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # another process was faster, and its entry is as good
                fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _nothing_usable(title: str, contents: Contents, decoded: Decoded) -> str:
    refused = contents.refused | decoded.refused
    if not refused:
        return f"There is no picture in {title}, choose a folder or zip with pictures."
    name, reason = next(iter(refused.items()))
    return f"None of the {len(refused)} files in {title} can be used; of {name} the reason is: {reason}"


def _index(contents: Contents, decoded: Decoded, job: Job) -> dict[str, Any]:
    notes = []
    classes = classes_of(decoded.names)
    if classes is None and any("/" in name for name in decoded.names):
        notes.append("The sub-folders are not used as classes: that takes two or more, and no picture beside them.")
    if decoded.enlarged:
        notes.append(
            f"{decoded.enlarged} of {len(decoded.names)} pictures are smaller than {job.resolution} pixels and were "
            "enlarged, a lower resolution suits them better."
        )
    class_names, labels = classes or ((), None)
    captions = [contents.captions.get(name, "") for name in decoded.names]
    captions = captions if any(captions) else None
    table, attributes = _attributes(contents, decoded, notes)
    described = [job.resolution, job.channels, decoded.digest, class_names, labels, captions]
    return {
        "names": decoded.names,
        "class_names": class_names,
        "labels": labels,
        "captions": captions,
        "attribute_values": table,
        "attributes": attributes,
        "digest": _sha256([*described, table, attributes] if table else described),
        "license": contents.license,
        "skipped": dict(sorted((contents.refused | decoded.refused).items())),
        "notes": notes,
    }


def _attributes(
    contents: Contents, decoded: Decoded, notes: list[str]
) -> tuple[dict[str, list[str]], list[list[int]] | None]:
    try:
        table, entries = tabulate([contents.attributes.get(name, {}) for name in decoded.names])
    except BadDataError as error:  # they may be meant for something else, and the pictures are good
        notes.append(f"The attributes are not used: {error}")
        return {}, None
    return table, entries if table else None


@lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    order = np.random.default_rng([seed, epoch]).permutation(count)
    order.setflags(write=False)
    return order


def to_network(images: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """Turn pictures into what networks take.

    Args:
        images: (N, R, R, C) uint8, writable, as `Dataset.batch` gives them.
        device: where the result is to be; the bytes are moved, not the four times larger floats.

    Returns:
        (N, C, R, R) float32 in [-1, 1], laid out channels_last.
    """
    x = torch.from_numpy(images).to(device, non_blocking=True).permute(0, 3, 1, 2)
    return x.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1)


class Batches:
    """The endless sequence of `Dataset.batch` from ``start_nimg`` on, read ahead by one thread.

    Close it, or use it as a context manager, to end the thread.
    """

    def __init__(self, dataset: Dataset, start_nimg: int, batch: int, seed: int, rank: int = 0, world: int = 1) -> None:
        """Start reading; the arguments are those of `Dataset.batch`."""
        self._read = lambda nimg: dataset.batch(nimg, batch, seed, rank, world)
        self._next_nimg, self._batch = start_nimg, batch
        self._thread = ThreadPoolExecutor(1, "ganedit-batches")
        self._ahead: deque[Future[tuple[np.ndarray, np.ndarray]]] = deque()
        for _ in range(_BATCHES_AHEAD):
            self._ask()

    def _ask(self) -> None:
        self._ahead.append(self._thread.submit(self._read, self._next_nimg))
        self._next_nimg += self._batch

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the next pictures and their indices; after `close` there are none."""
        if not self._ahead:
            raise StopIteration
        ready = self._ahead.popleft()
        self._ask()
        return ready.result()

    def close(self) -> None:
        """End the thread; closing twice does no harm."""
        self._ahead.clear()
        self._thread.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
