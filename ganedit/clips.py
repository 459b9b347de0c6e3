"""Moving pictures: frames out of a file, and to a GIF or an MP4 file, whole or not at all."""

import errno
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from ganedit.errors import BadImageError, BadRequestError
from ganedit.files import check_file, shown, whole_file
from ganedit.image import Picture
from ganedit.requests import MAX_FRAME_PIXELS

SUFFIXES = (".gif", ".mp4")
"""Of files that clips are written to."""

_VIDEOS = (".mp4", ".webm", ".mov")
READABLE = (".gif", *_VIDEOS)
"""Of files that are read as clips."""

FRAMES_PER_SECOND = 24

_EVEN_PX = 2  # the video format stores colors at half the size


def check_clip(path: Path) -> None:
    """Refuse a file that no clip can be written to.

    Raises:
        BadRequestError: its name ends neither in .gif nor in .mp4, or it cannot be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadRequestError(f"A moving picture is written to a .gif or .mp4 file, not to {shown(path.name)}.")
    check_file(path)


def read_clip(path: Path, most: int) -> tuple[list[Picture], float]:
    """Read the frames of a clip from anywhere, all of the first one's size.

    Args:
        path: a ``.gif``, ``.mp4``, ``.webm`` or ``.mov`` file, or any other that shows more than one picture.
        most: frames that are read; what follows is left out.

    Returns:
        One frame or more, and how many of them are shown in a second.

    Raises:
        BadImageError: it is damaged, too large, or holds no frame.
    """
    frames, rate = _read_video(path, most) if path.suffix.lower() in _VIDEOS else _read_frames(path, most)
    if not frames:
        raise BadImageError(
            f"{path.name} holds no moving picture that can be read; save it as GIF or MP4 and try again."
        )
    return [Picture(frame) for frame in frames], rate


def _read_frames(path: Path, most: int) -> tuple[list[np.ndarray], float]:
    frames, milliseconds = [], []
    try:
        with Image.open(path) as image:
            _check_size(path, *image.size)
            for frame in islice(ImageSequence.Iterator(image), most):
                frames.append(np.array(frame.convert("RGB")))
                milliseconds.append(frame.info.get("duration") or 1000 / FRAMES_PER_SECOND)
    except BadImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise BadImageError(f"{path.name} is damaged or no moving picture; save it as GIF or MP4 again.") from error
    return frames, 1000 * len(frames) / max(sum(milliseconds), 1)


def _read_video(path: Path, most: int) -> tuple[list[np.ndarray], float]:
    import cv2

    video, frames = cv2.VideoCapture(str(path)), []
    try:
        width, height = (int(video.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        _check_size(path, width, height)
        rate = video.get(cv2.CAP_PROP_FPS) or FRAMES_PER_SECOND
        while len(frames) < most:
            is_there, frame = video.read()
            if not is_there:
                break
            frames.append(np.ascontiguousarray(frame[..., ::-1]))
    finally:
        video.release()
    return frames, rate


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_FRAME_PIXELS:
        raise BadImageError(
            f"A frame of {path.name} has {width}x{height} px, and {MAX_FRAME_PIXELS / 1e6:g} megapixels are the limit; "
            "make it smaller."
        )


def save_clip(
    frames: Sequence[Picture],
    path: Path,
    recipe: str | None = None,
    *,
    there_and_back: bool = True,
    rate: float = FRAMES_PER_SECOND,
) -> None:
    """Write frames of one size.

    Args:
        frames: two or more.
        path: a ``.gif`` file, or ``.mp4``, which holds VP9: browsers and VLC play it.
        recipe: JSON that goes into a GIF as its comment; MP4 has no place for it.
        there_and_back: show them forwards and backwards, so that the end leads to the beginning.
        rate: frames a second.

    Raises:
        BadRequestError: see `check_clip`; or the file cannot be written.
    """
    check_clip(path)
    order = [*frames, *frames[-2:0:-1]] if there_and_back else frames
    pixels = [np.ascontiguousarray(frame.pixels[..., :3]) for frame in order]
    with whole_file(path) as fresh:
        if path.suffix.lower() == ".gif":
            _write_gif(pixels, fresh, recipe, rate)
        else:
            _write_mp4(pixels, fresh, rate)


def _write_gif(pixels: Sequence[np.ndarray], path: Path, recipe: str | None, rate: float) -> None:
    first, *others = (Image.fromarray(each).quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for each in pixels)
    how: dict[str, Any] = {"comment": recipe.encode()} if recipe else {}
    first.save(path, save_all=True, append_images=others, duration=round(1000 / rate), loop=0, **how)


def _write_mp4(pixels: Sequence[np.ndarray], path: Path, rate: float) -> None:
    import cv2

    height, width = (side - side % _EVEN_PX for side in pixels[0].shape[:2])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"vp09"), rate, (width, height))
    if not writer.isOpened():
        raise OSError(f"this OpenCV writes no VP9 video, write a .gif instead of {path.suffix}")
    for each in pixels:
        writer.write(each[:height, :width, ::-1])
    writer.release()
    _check_whole(path, len(pixels))


def _check_whole(path: Path, count: int) -> None:
    """OpenCV says nothing when the disk is full, so look whether the last frame can be read."""
    import cv2

    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_FRAMES, count - 1)
    is_whole, _ = video.read()
    video.release()
    if not is_whole:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
