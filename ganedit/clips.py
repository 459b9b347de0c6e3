"""Moving pictures: frames and their times out of a file, and to a GIF or an MP4 file, whole or not at all."""

import errno
import mmap
import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageSequence
from PIL.GifImagePlugin import getdata

from ganedit import xmp
from ganedit.errors import BadImageError, BadRequestError, UserError
from ganedit.files import check_file, shown, whole_file
from ganedit.image import Picture
from ganedit.requests import MAX_FRAME_PIXELS

SUFFIXES = (".gif", ".mp4")
"""Of files that clips are written to."""

VIDEOS = (".mp4", ".webm", ".mov")
"""Of files that are read as videos."""

READABLE = (".gif", ".webp", ".png", ".apng", *VIDEOS)
"""Of files that are read as clips."""

FRAMES_PER_SECOND = 24

_EVEN_PX = 2  # the video format stores colors at half the size
_QUICK_MS, _SLOW_MS = 20, 100  # a GIF's pauses below the first are shown as the second by every browser
_LONGEST_MS = 655_350  # that a GIF has a number for
_MOST_STEPS = 2400  # of equal length, in a video
_CLEAR = 255  # number of the clear color in a GIF's palettes
_WEBM = b"\x1a\x45\xdf\xa3"
_VIDEO_BEGINNINGS = re.compile(rb"....(?:ftyp|moov|mdat|wide|free|skip)|" + _WEBM, re.DOTALL)
_SOUND = re.compile(rb"hdlr.{8}soun", re.DOTALL)
_SOUND_OF_WEBM = re.compile(rb"\x86[\x82-\xbf]A_[A-Z]{3}")
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames and when they are shown.

    Attributes:
        frames: one or more, of one size; the notes of the first say what was lost in reading.
        pauses_ms: how long each is shown.
        plays: how often all are shown; 0 for ever.
        is_gif: the pauses are those of a GIF: whole hundredths of a second, and quick ones are shown slower.
    """

    frames: Sequence[Picture]
    pauses_ms: Sequence[float]
    plays: int = 0
    is_gif: bool = False


class _Timed(NamedTuple):
    frame: Picture
    pause_ms: float
    stands_for: int = 1


def there_and_back(frames: Sequence[Picture]) -> Clip:
    """Show frames forwards and backwards for ever, so that the end leads to the beginning."""
    order = [*frames, *frames[-2:0:-1]]
    return Clip(order, [1000 / FRAMES_PER_SECOND] * len(order))


def check_clip(path: Path) -> None:
    """Refuse a file that no clip can be written to.

    Raises:
        BadRequestError: its name ends neither in .gif nor in .mp4, or it cannot be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadRequestError(f"A moving picture is written to a .gif or .mp4 file, not to {shown(path.name)}.")
    check_file(path)


def read_clip(path: Path, most: int, *, into: str = ".mp4") -> Clip:
    """Read a clip from anywhere, turned as it is to be seen.

    Args:
        path: a GIF, an animated PNG or WebP, or a video in MP4, MOV or WebM.
        most: frames that it may have.
        into: ending of what it will be written to: frames that a GIF shows no time for are not kept.

    Raises:
        BadImageError: it is damaged, too large, too long, or holds no frame.
    """
    is_video = path.suffix.lower() in VIDEOS
    if not path.is_file():
        raise BadImageError(f"The file {shown(path.name)} cannot be read, check that it exists and may be opened.")
    try:
        clip = _read_video(path, most, into) if is_video else _read_animation(path, most, into)
        source_type, has_sound = _said_in(path)
    except UserError:
        raise
    except Exception as error:  # a hostile file can make a decoder raise anything
        raise BadImageError(
            f"{shown(path.name)} is damaged or no moving picture; save it as GIF or MP4 again."
        ) from error
    notes = ("The sound is left out.",) if is_video and has_sound else ()
    frames = [replace(frame, source_type=source_type) for frame in clip.frames]
    return replace(clip, frames=_noted(frames, *notes))


def _read_animation(path: Path, most: int, into: str) -> Clip:
    with Image.open(path, formats=("GIF", "PNG", "WEBP")) as image:
        _check_size(path, *image.size)
        is_gif = image.format == "GIF"
        loops = image.info.get("loop")
        plays = int(loops or 0)
        if is_gif:  # it counts how often it is shown again
            plays = 1 if loops is None else plays and plays + 1
        frames = ImageSequence.Iterator(image)
        if getattr(image, "is_animated", False) and image.info.get("default_image"):
            next(frames)  # for programs that show no animations
        return _clip(path, (_timed(frame, is_gif) for frame in frames), most, into, plays, is_gif)


def _timed(frame: Image.Image, is_gif: bool) -> _Timed:
    picture = Picture.from_pil(frame.convert("RGBA"))
    pause_ms = frame.info.get("duration") or 0
    return _Timed(picture, pause_ms if is_gif or pause_ms > _QUICK_MS / 2 else _SLOW_MS)


def _read_video(path: Path, most: int, into: str) -> Clip:
    import cv2

    with open(path, "rb") as file:  # what is no container of video may name other files to be read
        beginning = file.read(8)
    if not _VIDEO_BEGINNINGS.match(beginning):
        raise ValueError("no video")
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        width, height = (int(video.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        _check_size(path, width, height)
        clip = _clip(path, _video_frames(video), most, into)
        read, listed = (int(video.get(each)) for each in (cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT))
        broken = read < listed and not beginning.startswith(_WEBM)  # there, OpenCV reckons the number from the time
        notes = (f"The file speaks of {listed} frames and shows {read}.",) if broken else ()
        return replace(clip, frames=_noted(clip.frames, *notes))
    finally:
        video.release()


def _video_frames(video: Any) -> Iterator[_Timed]:
    """Give frames as they are to be seen; how long each is shown, the next one's time says."""
    import cv2

    rate = video.get(cv2.CAP_PROP_FPS)
    usual_ms = 1000 / rate if rate > 0 else 1000 / FRAMES_PER_SECOND
    before: tuple[Picture, float] | None = None
    while True:
        is_there, pixels = video.read()
        now_ms = video.get(cv2.CAP_PROP_POS_MSEC)
        if before:
            pause_ms = now_ms - before[1] if is_there else usual_ms
            usual_ms = pause_ms if pause_ms > 0 else usual_ms
            yield _Timed(before[0], usual_ms)
        if not is_there:
            return
        before = Picture(np.ascontiguousarray(pixels[..., ::-1])), now_ms


def _clip(path: Path, frames: Iterable[_Timed], most: int, into: str, plays: int = 0, is_gif: bool = False) -> Clip:
    """Take in frames one by one, no more than allowed.

    Raises:
        BadImageError: there is none, or there are more.
    """
    kept = list(islice(frames if is_gif or into != ".gif" else _in_hundredths(frames), most + 1))
    if not kept:
        raise ValueError("no frame")
    if len(kept) > most:
        raise BadImageError(
            f"{shown(path.name)} has more than {most} frames, the most that a clip may have; cut it short."
        )
    whole = sum(each.stands_for for each in kept)
    notes = ()
    if whole > len(kept):
        notes = (
            f"A GIF shows at most {1000 // _QUICK_MS} frames a second, so {whole - len(kept)} of {whole} frames are "
            "left out; the speed is the same.",
        )
    return Clip(_noted([each.frame for each in kept], *notes), [each.pause_ms for each in kept], plays, is_gif)


def _in_hundredths(frames: Iterable[_Timed]) -> Iterator[_Timed]:
    """Let frames begin at whole hundredths of a second and leave out the quick ones, so that the time stays right."""
    now_ms, begun, held, stands_for = 0.0, 0, None, 0
    for each in frames:
        now = round(now_ms / 10)
        if held and now - begun >= _QUICK_MS // 10:
            yield _Timed(held, 10 * (now - begun), stands_for)
            held, stands_for = None, 0
        if held is None:
            held, begun = each.frame, now
        stands_for += each.stands_for
        now_ms += each.pause_ms
    if held:
        yield _Timed(held, max(10 * (round(now_ms / 10) - begun), _QUICK_MS), stands_for)


def _noted(frames: Sequence[Picture], *notes: str) -> list[Picture]:
    first, *others = frames
    return [replace(first, notes=(*first.notes, *notes)), *others]


def _said_in(path: Path) -> tuple[str, bool]:
    """Give the digital source type that a file is marked with, and whether it seems to have sound."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        sound = _SOUND_OF_WEBM if data[:4] == _WEBM else _SOUND
        return xmp.source_type_in(data), sound.search(data) is not None


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_FRAME_PIXELS:
        raise BadImageError(
            f"A frame of {shown(path.name)} has {width}x{height} px, and {MAX_FRAME_PIXELS / 1e6:g} megapixels are the "
            "limit; make it smaller."
        )


def save_clip(clip: Clip, path: Path, recipe: str | None = None) -> tuple[str, ...]:
    """Write a clip, with the digital source type of its frames.

    Args:
        clip: what to write.
        path: a ``.gif`` file, or ``.mp4``, which holds VP9: browsers and VLC play it.
        recipe: JSON that goes into a GIF as its comment, and into an MP4's XMP.

    Returns:
        Sentences about what the file cannot hold.

    Raises:
        BadRequestError: see `check_clip`; or the file cannot be written.
    """
    check_clip(path)
    with whole_file(path) as fresh:
        if path.suffix.lower() == ".gif":
            return _write_gif(clip, fresh, recipe)
        return _write_mp4(clip, fresh, recipe)


def _write_gif(clip: Clip, path: Path, recipe: str | None) -> tuple[str, ...]:
    # Pillow would write no second one of equal frames, and damage files with empty ones; in painted frames it saves no
    # bytes by writing what changed.
    frames = [_Timed(*each) for each in zip(clip.frames, clip.pauses_ms, strict=True)]
    frames = frames if clip.is_gif else list(_in_hundredths(frames))
    is_clear = any(each.frame.alpha is not None for each in frames)
    how: dict[str, Any] = {"transparency": _CLEAR, "disposal": 2} if is_clear else {}
    first = clip.frames[0]
    with path.open("wb") as file:
        file.write(b"GIF89a" + struct.pack("<HH", first.width, first.height) + b"\x70\0\0")
        if clip.plays != 1:
            loops = min(max(0, clip.plays - 1), 0xFFFF)
            file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loops) + b"\0")
        if recipe:
            text = recipe.encode()
            parts = (text[start : start + 255] for start in range(0, len(text), 255))
            file.write(b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0")
        if source_type := _source_type(clip):
            # A packet is no chain of blocks; from any byte of it, what follows leads readers of chains to its end.
            trailer = bytes((1, *range(255, -1, -1), 0))
            file.write(b"\x21\xff\x0bXMP DataXMP" + xmp.pack(None, source_type) + trailer)
        for each in frames:
            image, pause_ms = _palette_image(each.frame, is_clear), min(each.pause_ms, _LONGEST_MS)
            file.write(b"".join(getdata(image, duration=pause_ms, include_color_table=True, **how)))
        file.write(b";")
    soft = any(each.alpha is not None and ((each.alpha > 0) & (each.alpha < 255)).any() for each in clip.frames)
    return ("A GIF knows clear and solid alone, so what was half clear is one of them.",) if soft else ()


def _palette_image(frame: Picture, clear: bool) -> Image.Image:
    """Give a frame in colors of its own; with ``clear``, the last number stands for none."""
    image = Image.fromarray(np.ascontiguousarray(frame.pixels))
    few = image.quantize(256 - clear, dither=Image.Dither.FLOYDSTEINBERG)
    if not clear:
        return few
    numbers = np.array(few)
    if frame.alpha is not None:
        numbers[frame.alpha < 128] = _CLEAR
    result = Image.fromarray(numbers, "P")
    result.putpalette([*(few.getpalette() or ()), *[0] * 768][:768])
    return result


def _write_mp4(clip: Clip, path: Path, recipe: str | None) -> tuple[str, ...]:
    import cv2

    order, rate = _steps(clip)
    first = clip.frames[0]
    height, width = (side - side % _EVEN_PX for side in (first.height, first.width))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"vp09"), rate, (width, height))
    if not writer.isOpened():
        raise OSError(f"this OpenCV writes no VP9 video, write a .gif instead of {path.suffix}")
    for number in order:
        writer.write(_on_white(clip.frames[number])[:height, :width, ::-1])
    writer.release()
    _check_whole(path, len(order))
    packet = _XMP_BOX + xmp.pack(recipe, _source_type(clip))
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(packet), b"uuid") + packet)
    notes = []
    if any(frame.alpha is not None for frame in clip.frames):
        notes.append("An MP4 has no clear ground, so it is white.")
    if (height, width) != (first.height, first.width):
        notes.append("An MP4 has even sides, so the last row or column is left out.")
    if clip.plays > 1:
        notes.append(f"An MP4 cannot say that it is shown {clip.plays} times.")
    if left_out := len(clip.frames) - len(set(order)):
        notes.append(f"{left_out} of {len(clip.frames)} frames are too short for this clip and left out.")
    return tuple(notes)


def _steps(clip: Clip) -> tuple[list[int], float]:
    """Divide the time of a clip into equal steps: the number of the frame that is shown in each, and steps a second."""
    pauses = [_SLOW_MS if clip.is_gif and each < _QUICK_MS else each for each in clip.pauses_ms]
    ends_ms = list(accumulate(pauses))
    whole_ms, usual_ms = ends_ms[-1], ends_ms[-1] / len(pauses)
    late_ms = max(abs(end - number * usual_ms) for number, end in enumerate(ends_ms, 1))
    if late_ms <= min(usual_ms / 4, 10):  # clocks of cameras tremble
        return list(range(len(pauses))), 1000 / usual_ms
    step_ms = max(min(pauses), _QUICK_MS / 2, whole_ms / _MOST_STEPS)
    count = max(1, int(np.ceil(whole_ms / step_ms - 1e-6)))
    middles = (np.arange(count) + 0.5) * whole_ms / count
    return [int(each) for each in np.searchsorted(ends_ms, middles)], 1000 * count / whole_ms


def _on_white(frame: Picture) -> np.ndarray:
    if frame.alpha is None:
        return frame.pixels
    cover = frame.alpha[..., None].astype(np.uint16)
    return ((frame.pixels * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)


def _source_type(clip: Clip) -> str:
    return xmp.strongest(*(frame.source_type for frame in clip.frames))


def _check_whole(path: Path, count: int) -> None:
    """OpenCV says nothing when the disk is full, so look whether the last frame can be read."""
    import cv2

    video = cv2.VideoCapture(str(path))
    video.set(cv2.CAP_PROP_POS_FRAMES, count - 1)
    is_whole, _ = video.read()
    video.release()
    if not is_whole:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
