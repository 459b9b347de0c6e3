"""Look into a folder or a zip of pictures from strangers: nothing is unpacked to disk, every read is bounded.

What is refused is named with a reason, so that one bad file never costs the others. Names come as their writers meant
them: zips of Windows have backslashes and other letters, and a Mac writes é as two signs where others write one.
"""

import io
import os
import posixpath
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from ganedit.errors import BadDataError
from ganedit.files import shown

MAX_FILES = 250_000
MAX_FILE_BYTES = 128 << 20
MAX_UNPACKED_BYTES = 128 << 30

# Pictures hardly compress. Deflate reaches 1032; an honest white BMP can come near it, but is small.
_MAX_RATIO, _RATIO_FROM_BYTES = 200, 1 << 20
_MAX_DIRECTORY_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_ENCRYPTED, _UTF8 = 0x1, 0x800  # bits of a member's flags
_UNICODE_PATH, _UNICODE_PATH_HEAD = 0x7075, 5  # extra field with the name in UTF-8, and bytes before it
_TEXTS = (".txt", ".json", ".jsonl")
_LICENSE = re.compile(r"(licen[sc]e|copying)([-_.].*)?", re.IGNORECASE)
_LICENSE_ENDINGS = ("", ".txt", ".md")
_CLUTTER = ("__macosx", "thumbs.db", "desktop.ini")
_DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    Attributes:
        size_bytes: what the folder or the zip says; a zip may lie.
        version: changes when the content does: the time of change in nanoseconds, or the checksum in a zip.
        open: opens it for reading bytes.
    """

    size_bytes: int
    version: str
    open: Callable[[], IO[bytes]]

    def read(self, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Read all of it.

        Raises:
            BadDataError: it is damaged, or larger than ``limit_bytes``, whatever its size was said to be.
        """
        data = bytearray()
        try:
            with self.open() as stream:
                while len(data) <= limit_bytes and (chunk := stream.read(_CHUNK_BYTES)):
                    data += chunk
        except _DAMAGED_ZIP as error:
            raise BadDataError("The file is damaged or cannot be read, get a fresh copy of it.") from error
        if len(data) > limit_bytes:
            raise BadDataError(_too_large(limit_bytes))
        return bytes(data)


@dataclass(frozen=True)
class Source:
    """What lies in a folder or a zip.

    Attributes:
        files: by path from the top, with ``/`` on every system and in Unicode's composed form (NFC), unless two would
            be one; in no order to rely on.
        refused: why a file or link is not among ``files``, by its path.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """List a folder with its sub-folders, or a zip; its files can be read until the block ends.

    Raises:
        BadDataError: no such folder or zip, damaged as a whole, or too many files.
    """
    name = shown(path.name)
    if os.path.isdir(path):
        yield _list_folder(path)
        return
    if not os.path.isfile(path):
        raise BadDataError(f"There is no folder or zip file {name}, check the path.")
    with ExitStack() as open_files:
        try:
            stream = open_files.enter_context(_ShortReads(io.FileIO(path)))
            archive = open_files.enter_context(zipfile.ZipFile(stream))
        except PermissionError as error:
            raise BadDataError(f"The file {name} cannot be read, check its permissions.") from error
        except _DAMAGED_ZIP as error:
            raise BadDataError(f"{name} is neither a folder nor an undamaged zip file, pack it again.") from error
        yield _list_zip(archive, path)


def is_text(name: str) -> bool:
    """Tell whether a file of a set says something about pictures and is none itself."""
    return name.lower().endswith(_TEXTS) or is_license(name)


def is_license(name: str) -> bool:
    """Tell whether a file says what may be done with the pictures."""
    file = posixpath.basename(name)
    return bool(_LICENSE.fullmatch(file)) and posixpath.splitext(file)[1].lower() in _LICENSE_ENDINGS


class _ShortReads(io.BufferedReader):
    """Refuses to read much at once, which nothing asks for but the directory of a zip with millions of members."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("the directory of this zip is too large")
        return super().read(size)


def _list_folder(top: Path) -> Source:
    source, folders = Source(), [""]
    while folders:
        inside = folders.pop()
        try:
            with os.scandir(top / inside) as entries:
                folders += [f"{name}/" for entry in entries if (name := _take_entry(source, inside, entry))]
        except OSError as error:
            if not inside:
                raise BadDataError(f"The folder {top.name} cannot be read, check its permissions.") from error
            source.refused[inside] = "The folder cannot be read, check its permissions."
        if len(source.files) > MAX_FILES:
            raise BadDataError(f"The folder {top.name} holds more than {MAX_FILES} files, take fewer.")
    return Source(_composed(source.files), source.refused)


def _take_entry(source: Source, inside: str, entry: os.DirEntry[str]) -> str | None:
    """Put a file where it belongs; give the path of a folder that is to be looked into."""
    name = inside + entry.name
    if _is_clutter(entry.name):
        return None
    if entry.is_symlink():
        source.refused[name] = "It is a link, put the file itself there."
    elif entry.is_dir(follow_symlinks=False):
        return name
    elif not entry.is_file(follow_symlinks=False):
        source.refused[name] = "It is not an ordinary file, leave it out."
    else:
        found = entry.stat(follow_symlinks=False)
        if found.st_size > MAX_FILE_BYTES:
            source.refused[name] = _too_large(MAX_FILE_BYTES)
        else:
            source.files[name] = SourceFile(found.st_size, str(found.st_mtime_ns), partial(open, entry.path, "rb"))
    return None


def _list_zip(archive: zipfile.ZipFile, path: Path) -> Source:
    # Where a name comes twice, the later member is the newer one.
    members = {name: member for member in archive.infolist() if not (name := _name_of(member)).endswith(("/", "\\"))}
    if len(members) > MAX_FILES:
        raise BadDataError(f"The zip {path.name} holds more than {MAX_FILES} files, take fewer.")
    if sum(member.compress_size for member in members.values()) > path.stat().st_size:
        raise BadDataError(f"The zip {path.name} claims to hold more than it does, pack it again.")
    if sum(member.file_size for member in members.values()) > MAX_UNPACKED_BYTES:
        raise BadDataError(f"The zip {path.name} unpacks to more than {MAX_UNPACKED_BYTES >> 30} GB, take fewer files.")
    source = Source()
    for name, member in members.items():
        inside = _inside(name)
        if inside and any(map(_is_clutter, inside.split("/"))):
            continue
        if inside is None:
            source.refused[name] = "Its path leads out of the zip, pack it again with paths from the top folder."
        elif reason := _reason_against(member):
            source.refused[inside] = reason
        else:
            source.files[inside] = SourceFile(member.file_size, f"{member.CRC:08x}", partial(archive.open, member))
    return Source(_composed(source.files), source.refused)


def _name_of(member: zipfile.ZipInfo) -> str:
    """Read a name as it was meant: Python takes all that is not said to be UTF-8 for the letters of the first PC."""
    if member.flag_bits & _UTF8:
        return member.filename
    raw = member.filename.encode("cp437")
    for kind, body in _extra_fields(member.extra):
        if kind == _UNICODE_PATH and body[1:_UNICODE_PATH_HEAD] == struct.pack("<I", zlib.crc32(raw)):
            raw = body[_UNICODE_PATH_HEAD:]
    try:
        return raw.decode("utf-8")  # as Macs write it without saying so; other letters are hardly ever valid UTF-8
    except UnicodeDecodeError:
        return member.filename


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _inside(name: str) -> str | None:
    """Give the path from the top of a zip on, with ``/`` between folders; None if it leads out."""
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    leads_out = path.startswith("/") or ".." in parts or not parts or re.fullmatch("[A-Za-z]:", parts[0])
    return None if leads_out else "/".join(parts)


def _composed(files: dict[str, SourceFile]) -> dict[str, SourceFile]:
    """Let names be equal that look equal, except where a set has both forms."""
    found: dict[str, SourceFile] = {}
    for name, file in files.items():
        composed = unicodedata.normalize("NFC", name)
        found[name if composed in files or composed in found else composed] = file
    return found


def _reason_against(member: zipfile.ZipInfo) -> str | None:
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a link, put the file itself there."
    if member.flag_bits & _ENCRYPTED:
        return "It is encrypted, pack it again without a password."
    # Python bounds what one step of deflate gives, but not of the other methods.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "It is compressed in an unusual way, pack it again with deflate."
    if member.file_size > MAX_FILE_BYTES:
        return _too_large(MAX_FILE_BYTES)
    if member.file_size > max(_RATIO_FROM_BYTES, _MAX_RATIO * member.compress_size):
        return f"It unpacks to more than {_MAX_RATIO} times its size, as no picture does; leave it out."
    return None


def _too_large(limit_bytes: int) -> str:
    size = f"{limit_bytes >> 20} MB" if limit_bytes >> 20 else f"{limit_bytes >> 10} kB"
    return f"The file is larger than {size}, make it smaller."


def _is_clutter(part: str) -> bool:
    """Tell whether a path's part is what systems leave everywhere and nobody misses."""
    return part.lower() in _CLUTTER or (part.startswith(".") and part not in (".", ".."))
