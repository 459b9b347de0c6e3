"""Files that are written whole or not at all, and what can be known of their place before any work is done.

A link is followed and stays a link, a replaced file keeps its mode, and what is no ordinary file is never replaced.
"""

import errno
import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ganedit.errors import BadRequestError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk, or of somebody's share of one, that is full."""

LEAST_ROOM_BYTES = 1 << 20
"""A disk with less room is full for a picture."""

_LONGEST_NAME = 100  # letters of a path that are told
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_ADVICE = dict.fromkeys(FULL, "free some room") | {errno.ENAMETOOLONG: "choose a shorter name"}


def kind_of(mode: int) -> str | None:
    """Say what a file of this ``st_mode`` is if it is no ordinary one, such as "a pipe"; None for an ordinary file."""
    return next((words for is_it, words in _KINDS if is_it(mode)), None)


def shown(path: str | Path) -> str:
    """Give a path as a sentence can tell it: on one line, of at most 100 letters, and printable everywhere."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(path))
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


@contextmanager
def writing(name: str | Path) -> Iterator[None]:
    """Turn what the system refuses inside the block into a sentence about what was to be written.

    Raises:
        BadRequestError: an `OSError` came out of the block.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "choose another place")
        reason = error.strerror or str(error)
        raise BadRequestError(f"{shown(name)} cannot be written ({reason}), {advice}.") from error


def check_file(path: Path) -> None:
    """Find out before any work whether a file can be written or replaced; nothing is touched.

    Raises:
        BadRequestError: it is something else than a file, locked, its name too long, its folder missing or not to be
            written to, or the disk full.
    """
    _check_room(_place(path).parent, _name(path))


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a fresh file beside the target, which takes the target's place when the block ends well, and goes if not.

    A name of its own keeps the ending, which some writers go by.

    Raises:
        BadRequestError: see `check_file`; or an `OSError` came out of the block, most often of a disk that is full.
    """
    target = _place(path)
    fresh = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    with writing(_name(path)):
        try:
            fresh.touch(exist_ok=False)  # before anything is in it, so that what is private stays so
            if target.exists():
                with suppress(OSError):  # some disks have no modes
                    shutil.copymode(target, fresh)
            yield fresh
            os.replace(fresh, target)
        finally:
            fresh.unlink(missing_ok=True)


@contextmanager
def result_folder(path: Path) -> Iterator[None]:
    """Make a folder with those above it; those that were missing go again on an error, unless something is in them.

    Raises:
        BadRequestError: it cannot be made or written to, or the disk is full.
    """
    name = _name(path)
    missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    if path not in missing and not os.path.isdir(path):
        raise BadRequestError(f"{name} is no folder, choose another place.")
    try:
        with writing(name):
            path.mkdir(parents=True, exist_ok=True)
        _check_room(path, name)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _place(path: Path) -> Path:
    """Follow links to the file that is to be written, which need not be there."""
    name, target = _name(path), Path(os.path.realpath(path))
    with writing(name):
        try:
            kind = kind_of(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            if target.parent.is_dir():
                return target
            folder = target.parent if path.is_symlink() else path.parent
            raise BadRequestError(
                f"The folder {shown(folder)} does not exist, make it first or choose another place."
            ) from None
    if kind:
        raise BadRequestError(f"{name} is {kind} and is not replaced, choose the name of a file.")
    if not os.access(target, os.W_OK):
        raise BadRequestError(f"{name} is write-protected, unlock it or choose another name.")
    return target


def _name(path: Path) -> str:
    if "\0" in str(path):
        raise BadRequestError(f"{shown(path)} cannot be written (invalid name), choose another place.")
    return shown(path)


def _check_room(folder: Path, name: str) -> None:
    with writing(name):
        with tempfile.TemporaryFile(dir=folder):  # nothing else tells truly whether a file can be made
            pass
        disk = shutil.disk_usage(folder)
        if disk.total and disk.free < LEAST_ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
