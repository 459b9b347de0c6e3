"""Moving pictures: frames to a GIF or an MP4 file, whole or not at all."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganedit.errors import BadRequestError
from ganedit.image import Picture

SUFFIXES = (".gif", ".mp4")
FRAMES_PER_SECOND = 24

_EVEN_PX = 2  # the video format stores colors at half the size


def check_clip(path: Path) -> None:
    """Refuse a file that no clip can be written to.

    Raises:
        BadRequestError: its name ends neither in .gif nor in .mp4, or its folder is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadRequestError(f"A moving picture is written to a .gif or .mp4 file, not to {path.name}.")
    if not path.parent.is_dir():
        raise BadRequestError(f"There is no folder {path.parent} to write {path.name} to; make it first.")


def save_clip(frames: Sequence[Picture], path: Path, recipe: str | None = None) -> None:
    """Write frames of one size; they go there and back again, so that the end leads to the beginning.

    Args:
        frames: two or more.
        path: a ``.gif`` file, or ``.mp4``, which holds VP9: browsers and VLC play it.
        recipe: JSON that goes into a GIF as its comment; MP4 has no place for it.

    Raises:
        BadRequestError: see `check_clip`; or the file cannot be written.
    """
    check_clip(path)
    there_and_back = [*frames, *frames[-2:0:-1]]
    pixels = [np.ascontiguousarray(frame.pixels[..., :3]) for frame in there_and_back]
    handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix.lower(), dir=path.parent)
    os.close(handle)
    fresh = Path(name)
    try:
        if path.suffix.lower() == ".gif":
            _write_gif(pixels, fresh, recipe)
        else:
            _write_mp4(pixels, fresh)
        os.replace(fresh, path)
    except OSError as error:
        raise BadRequestError(f"{path.name} cannot be written ({error.strerror or error}), free some room.") from error
    finally:
        fresh.unlink(missing_ok=True)


def _write_gif(pixels: Sequence[np.ndarray], path: Path, recipe: str | None) -> None:
    first, *others = (Image.fromarray(each).quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for each in pixels)
    how: dict[str, Any] = {"comment": recipe.encode()} if recipe else {}
    first.save(path, save_all=True, append_images=others, duration=1000 // FRAMES_PER_SECOND, loop=0, **how)


def _write_mp4(pixels: Sequence[np.ndarray], path: Path) -> None:
    import cv2

    height, width = (side - side % _EVEN_PX for side in pixels[0].shape[:2])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"vp09"), FRAMES_PER_SECOND, (width, height))
    if not writer.isOpened():
        raise OSError(f"this OpenCV writes no VP9 video, write a .gif instead of {path.suffix}")
    for each in pixels:
        writer.write(each[:height, :width, ::-1])
    writer.release()
