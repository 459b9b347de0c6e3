"""EXIF: each detail stands alone, so that an odd one spoils neither the orientation nor the others."""

import io
import struct
from collections.abc import Callable
from functools import wraps
from typing import IO, Any

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

# EXIF is rebuilt from these tags. What describes the old file (size, strips, thumbnail) would be wrong in the new one,
# and maker notes point to byte offsets that a rewrite breaks.
_ROOT = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095)
_ORIENTATION, _DETAILS, _LOCATION = 0x0112, 0x8769, 0x8825
_STALE_DETAILS = (0x927C, 0xA002, 0xA003, 0xA005)  # maker note, width, height, pointer to another directory
_MAX_BYTES = 65_000  # of one segment of a JPEG
_VALUE_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # of one value, by its type
_ENTRY_BYTES, _INLINE_BYTES = 12, 4
_MOST_DIRECTORIES = 3  # the first, and those of the details and the location

LOST_NOTE = "Some of the details (EXIF) of this file are damaged and were left out."


def read_exif(image: Image.Image) -> tuple[bytes | None, int, tuple[str, ...]]:
    """Read what is worth keeping of an opened file; damaged EXIF never spoils a picture.

    Returns:
        The EXIF to keep, the orientation to apply (1 to 8), and the notes about what could not be read.
    """
    try:
        source = _source(image)
    except Exception:  # Pillow's EXIF reader raises nearly anything on damage
        return None, 1, (LOST_NOTE,)
    orientation = _value(lambda: source.get(_ORIENTATION, 1))
    exif, is_whole = _rebuilt(source, keep_location=True)
    turn = orientation if isinstance(orientation, int) and orientation in range(1, 9) else 1
    return exif, turn, () if is_whole else (LOST_NOTE,)


def rebuild_exif(exif: bytes | None, keep_location: bool) -> bytes | None:
    """Give EXIF as `read_exif` gave it, for a new file, with the location or without."""
    if exif is None:
        return None
    source = Image.Exif()
    source.load(exif)
    return _rebuilt(source, keep_location)[0]


def _source(image: Image.Image) -> Image.Exif:
    data = image.info.get("exif")
    if not isinstance(data, bytes):  # a TIFF, or a picture without: XMP may hold the orientation then
        return image.getexif()
    source = Image.Exif()
    source.load(_without_strays(data.removeprefix(b"Exif\0\0")))
    return source


def _without_strays(data: bytes) -> bytes:
    """Blank the entries whose values lie outside of the data: Pillow leaves out all that follow the first of them."""
    clean = bytearray(data)
    order = "<" if data[:2] == b"II" else ">"
    directories = list(struct.unpack_from(order + "I", data, 4)) if len(data) >= 8 else []
    for start in directories:
        if start + 2 > len(data):
            continue
        (count,) = struct.unpack_from(order + "H", data, start)
        for at in range(start + 2, min(start + 2 + count * _ENTRY_BYTES, len(data) - _ENTRY_BYTES + 1), _ENTRY_BYTES):
            tag, kind, number, place = struct.unpack_from(order + "HHII", data, at)
            size = number * (_VALUE_BYTES[kind] if kind < len(_VALUE_BYTES) else 0)
            if size > _INLINE_BYTES and place + size > len(data):
                struct.pack_into(order + "H", clean, at + 2, 0)  # a type that does not exist: the entry is passed over
            elif tag in (_DETAILS, _LOCATION) and len(directories) < _MOST_DIRECTORIES:  # it may point to itself
                directories.append(place)
    return bytes(clean)


def _rebuilt(source: Image.Exif, keep_location: bool) -> tuple[bytes | None, bool]:
    """Give the tags that can be read and written, each tried by itself, and whether those are all."""
    kept, is_whole = Image.Exif(), True
    for tag in _ROOT:
        if tag not in source:
            continue
        value = _value(lambda tag=tag: source[tag])
        if _can_be_written(tag, value):
            kept[tag] = value
        else:
            is_whole = False
    for tag in (_DETAILS, _LOCATION) if keep_location else (_DETAILS,):
        if tag not in source:
            continue
        directory = _value(lambda tag=tag: source.get_ifd(tag)) or {}
        wanted = {key: value for key, value in directory.items() if key not in _STALE_DETAILS}
        sound = {key: value for key, value in wanted.items() if _can_be_written(tag, {key: value})}
        is_whole = is_whole and bool(directory) and len(sound) == len(wanted)
        if sound:
            kept[tag] = sound
    if not len(kept):
        return None, is_whole
    kept[_ORIENTATION] = 1
    packed = kept.tobytes()
    return (packed, is_whole) if len(packed) <= _MAX_BYTES else (None, False)


def _value(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # see `read_exif`
        return None


def _can_be_written(tag: int, value: Any) -> bool:
    if value is None:
        return False
    single = Image.Exif()
    single[tag] = value
    return _value(single.tobytes) is not None


class _Metered:
    """A file of which no more than twice its length can be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, at = file, file.tell()
        self._left_bytes = 2 * file.seek(0, io.SEEK_END)
        file.seek(at)
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, self._left_bytes) if size >= 0 else self._left_bytes)
        self._left_bytes -= len(data)
        return data


def _bounded(load: Callable[..., None]) -> Callable[..., None]:
    @wraps(load)
    def metered_load(directory: ImageFileDirectory_v2, file: IO[bytes]) -> None:
        load(directory, _Metered(file))

    return metered_load


# Pillow reads what each tag points to, in the directories of every format, and in most of them on opening. If thousands
# of tags point to the same megabyte, that is gigabytes; Pillow has no limit of its own to set.
ImageFileDirectory_v2.load = _bounded(ImageFileDirectory_v2.load)
