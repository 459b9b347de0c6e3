"""Decode pictures to squares of one size, once, into a file that can be memory-mapped."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from ganedit.budget import PIXELS
from ganedit.errors import StoppedError, UserError
from ganedit.formats import open_picture
from ganedit.sets import SourceFile

Progress = Callable[[int, int, float], None]
"""Called with pictures done, pictures in all, and the seconds left."""

_MAX_THREADS = 8


@dataclass(frozen=True)
class Job:
    """How to decode.

    Attributes:
        resolution: side of the squares, in pixels.
        channels: 3 for RGB, 1 for gray.
        progress: called after every picture.
        should_stop: asked after every picture.
    """

    resolution: int
    channels: int
    progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None

    @property
    def bytes_each(self) -> int:
        """Size of a decoded picture."""
        return self.resolution**2 * self.channels


@dataclass
class Decoded:
    """What came of the pictures.

    Attributes:
        names: those that are in the file, in its order.
        refused: why the others are not, by name.
        enlarged: how many were smaller than the squares.
        digest: SHA-256 of the pixels.
    """

    names: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    enlarged: int = 0
    digest: str = ""


def square(data: bytes, job: Job) -> tuple[np.ndarray, bool]:
    """Decode a picture upright in sRGB, lay it on white, and fit its middle into the square.

    Returns:
        (R, R, C) uint8, and whether the picture had to be enlarged.

    Raises:
        BadImageError: it is not a picture, damaged, or too large.
    """
    picture = open_picture(data)
    image = picture.to_pil()
    if picture.alpha is not None:
        color = image.convert("RGB")
        image = Image.composite(color, Image.new("RGB", color.size, "white"), image.getchannel("A"))
    image = image.convert("L" if job.channels == 1 else "RGB")
    image = ImageOps.fit(image, (job.resolution, job.resolution), Image.Resampling.LANCZOS)
    pixels = np.asarray(image).reshape(job.resolution, job.resolution, job.channels)
    return pixels, min(picture.width, picture.height) < job.resolution


def decode_into(path: Path, files: dict[str, SourceFile], names: Sequence[str], job: Job) -> Decoded:
    """Write the pictures to a ``.npy`` file of (N, R, R, C) uint8, in the order of ``names``.

    It is written from front to back: on a full disk that is an error, where a memory-mapped file would end the process.

    Raises:
        StoppedError: ``job.should_stop`` said so.
        OSError: the file cannot be written.
    """
    decoded, pixels_digest, start = Decoded(), hashlib.sha256(), time.monotonic()
    with path.open("wb") as out:
        _write_header(out, len(names), job)
        for done, (name, result) in enumerate(_in_order(files, names, job), 1):
            if isinstance(result, str):
                decoded.refused[name] = result
            else:
                pixels, was_enlarged = result
                out.write(pixels.tobytes())
                pixels_digest.update(pixels.tobytes())
                decoded.names.append(name)
                decoded.enlarged += was_enlarged
            if job.should_stop and job.should_stop():
                raise StoppedError
            if job.progress:
                job.progress(done, len(names), (time.monotonic() - start) / done * (len(names) - done))
        # Only now it is known how many are usable; NumPy leaves room in the header for a longer number.
        out.seek(0)
        _write_header(out, len(decoded.names), job)
    decoded.digest = pixels_digest.hexdigest()
    return decoded


def _write_header(out: IO[bytes], count: int, job: Job) -> None:
    shape = (count, job.resolution, job.resolution, job.channels)
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _in_order(
    files: dict[str, SourceFile], names: Sequence[str], job: Job
) -> Iterator[tuple[str, tuple[np.ndarray, bool] | str]]:
    """Decode in threads, few pictures ahead; give each with its result, or with the reason why there is none.

    Decoders let go of Python's lock, so threads are as fast as processes and cost no start and no copies.
    """

    def decode(name: str) -> tuple[np.ndarray, bool] | str:
        try:
            with PIXELS.task():
                return square(files[name].read(), job)
        except UserError as error:
            return str(error)

    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(threads, "ganedit-decode")
    try:
        ahead: deque = deque()
        for name in names:
            ahead.append((name, pool.submit(decode, name)))
            if len(ahead) > 2 * threads:
                first, future = ahead.popleft()
                yield first, future.result()
        for name, future in ahead:
            yield name, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
