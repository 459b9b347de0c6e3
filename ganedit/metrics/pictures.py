"""The pictures of a folder or a zip from strangers: nothing is unpacked to disk, every read is bounded."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from ganedit.errors import BadImageError
from ganedit.formats import open_picture

MAX_FILES = 250_000
MAX_FILE_BYTES = 128 << 20

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif")
_ENCRYPTED = 0x1  # bit of a member's flags
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python bounds what one step of these gives, not of others
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Pictures:
    """What a folder or a zip holds.

    Attributes:
        files: opens each file that has the ending of a picture, by its path from the top, in order of the paths.
        refused: why another file was left out, by its path.
        side_px: every picture is cut to the square in its middle and resized to this side, as training does it; 0
            leaves them as they are.
    """

    files: dict[str, Callable[[], IO[bytes]]]
    refused: dict[str, str]
    side_px: int = 0

    def pixels(self, name: str) -> np.ndarray:
        """Decode one file to (H, W, 3) uint8, RGB; what is transparent is laid on white.

        Raises:
            BadImageError: not a picture, damaged, or too large.
        """
        image = open_picture(self.read(name)).to_pil()
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        if self.side_px and image.size != (self.side_px, self.side_px):
            image = ImageOps.fit(image, (self.side_px, self.side_px), Image.Resampling.LANCZOS)
        return np.asarray(image)

    def read(self, name: str) -> bytes:
        """Read one file.

        Raises:
            BadImageError: damaged, or too large whatever its size was said to be.
        """
        try:
            with self.files[name]() as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except _DAMAGED as error:
            raise BadImageError("The file is damaged or cannot be read, get a fresh copy of it.") from error
        if len(data) > MAX_FILE_BYTES:
            raise BadImageError(f"The file is larger than {MAX_FILE_BYTES >> 20} MB, make it smaller.")
        return data


@contextmanager
def open_pictures(path: Path) -> Iterator[Pictures]:
    """List a folder with its sub-folders, or a zip; the files can be read until the block ends.

    Raises:
        BadImageError: no such folder or zip, damaged as a whole, too many files, or no pictures.
    """
    if path.is_dir():
        yield _listed(path, ((file.relative_to(path).as_posix(), _opener(file)) for file in path.rglob("*")))
        return
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            members = (member for member in archive.infolist() if not member.is_dir())
            listed = _listed(path, ((member.filename, _member(archive, member)) for member in members))
            yield listed
    except (OSError, zipfile.BadZipFile) as error:
        raise BadImageError(f"{path.name} is neither a folder nor an undamaged zip file, check it.") from error


def _listed(path: Path, entries: Iterator[tuple[str, Callable[[], IO[bytes]] | str | None]]) -> Pictures:
    """Sort openers from reasons; None is passed over in silence."""
    files, refused = {}, {}
    for count, (name, entry) in enumerate(entries, 1):
        if count > MAX_FILES:
            raise BadImageError(f"{path.name} holds more than {MAX_FILES} files, take fewer.")
        parts = PurePosixPath(name).parts
        hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
        if entry is None or hidden:
            continue
        if isinstance(entry, str):
            refused[name] = entry
        elif not name.lower().endswith(_ENDINGS):
            refused[name] = "It does not have the ending of a picture."
        else:
            files[name] = entry
    if not files:
        raise BadImageError(f"{path.name} holds no pictures, choose another folder or zip.")
    return Pictures(dict(sorted(files.items())), refused)


def _opener(file: Path) -> Callable[[], IO[bytes]] | str | None:
    if file.is_symlink():
        return "It is a link, put the file itself there."
    return partial(open, file, "rb") if file.is_file() else None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]] | str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "Its path leads out of the zip, pack it again with paths from the top folder."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a link, put the file itself there."
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _BOUNDED:
        return "It is encrypted or compressed in an unusual way, pack it again with deflate and no password."
    if member.file_size > MAX_FILE_BYTES:
        return f"It is larger than {MAX_FILE_BYTES >> 20} MB, make it smaller."
    return partial(archive.open, member)
