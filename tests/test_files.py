"""Whole or not at all: what is known of a place before the work, and what writing does to what was there."""

import errno
import os
import pty
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ganedit.errors import BadRequestError, UserError
from ganedit.files import LEAST_ROOM_BYTES, check_file, result_folder, whole_file


def write(path: Path, data: bytes = b"new") -> None:
    with whole_file(path) as fresh:
        fresh.write_bytes(data)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_replaced_file_keeps_its_mode_and_a_new_one_has_that_of_any_new_file(tmp_path: Path, mode: int) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(mode)
    (tmp_path / "any").touch()
    for name in ("old", "new"):
        write(tmp_path / name)
    assert mode_of(tmp_path / "old") == mode and (tmp_path / "old").read_bytes() == b"new"
    assert mode_of(tmp_path / "new") == mode_of(tmp_path / "any")


def test_what_replaces_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o600)
    with whole_file(tmp_path / "old") as fresh:
        assert mode_of(fresh) == 0o600


def test_links_are_written_through_and_stay_links(tmp_path: Path) -> None:
    for name in ("far", "near"):
        (tmp_path / name).mkdir()
    (tmp_path / "far" / "file").write_bytes(b"old")
    (tmp_path / "near" / "relative").symlink_to("../far/file")
    (tmp_path / "near" / "chained").symlink_to("relative")
    (tmp_path / "near" / "dangling").symlink_to(tmp_path / "far" / "not yet")
    for name, target in (("relative", "file"), ("chained", "file"), ("dangling", "not yet")):
        check_file(tmp_path / "near" / name)
        write(tmp_path / "near" / name, name.encode())
        assert (tmp_path / "near" / name).is_symlink()
        assert (tmp_path / "far" / target).read_bytes() == name.encode()
    assert sorted(os.listdir(tmp_path / "far")) == ["file", "not yet"]


def special(tmp_path: Path) -> dict[str, Path]:
    """Things that are no files, by what a sentence calls them."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "link to a pipe").symlink_to("pipe")
    named = {f"a {name}": tmp_path / name for name in ("folder", "pipe", "socket")}
    return named | {"pipe is a pipe": tmp_path / "link to a pipe"}


@pytest.mark.parametrize("use", [check_file, write], ids=["checked", "written"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, use: Callable[[Path], None]) -> None:
    places = special(tmp_path)
    main, terminal = pty.openpty()
    places["a device"] = Path(os.ttyname(terminal))
    kinds = {path: path.lstat().st_mode for path in places.values()}
    for words, path in places.items():
        with pytest.raises(BadRequestError, match=words):
            use(path)
    assert {path: path.lstat().st_mode for path in places.values()} == kinds
    os.close(main)
    os.close(terminal)


def bad_places(tmp_path: Path) -> dict[str, Path]:
    """Places where no file can be, by what is said of them."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "stray").symlink_to("nowhere/file")
    return {
        "does not exist, make it": tmp_path / "none" / "a",
        "file does not exist": tmp_path / "file" / "a",
        "choose a shorter name": tmp_path / ("a" * 300),
        "too long": tmp_path / ("a" * 300) / "a",
        "symbolic links": tmp_path / "loop",
        "nowhere does not exist": tmp_path / "stray",
        "invalid name": tmp_path / "a\0b",
        "cannot be written": Path("/proc/a"),
    }


@pytest.mark.parametrize("use", [check_file, write], ids=["checked", "written"])
def test_a_place_that_cannot_be_written_to_is_one_short_sentence(tmp_path: Path, use: Callable[[Path], None]) -> None:
    places = bad_places(tmp_path)
    before = sorted(os.listdir(tmp_path))
    for words, path in places.items():
        with pytest.raises(BadRequestError, match=words) as told:
            use(path)
        assert len(str(told.value)) < 250 and str(told.value).isprintable()
    assert sorted(os.listdir(tmp_path)) == before


def test_a_locked_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").write_bytes(b"old")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write to any
    with pytest.raises(BadRequestError, match="write-protected"):
        write(tmp_path / "locked")
    assert (tmp_path / "locked").read_bytes() == b"old"


def test_a_full_disk_is_known_before_and_during_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(BadRequestError, match="No space left on device"), whole_file(tmp_path / "old") as fresh:
        fresh.write_bytes(b"half")
        fill()
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk._replace(free=LEAST_ROOM_BYTES - 1))
    with pytest.raises(BadRequestError, match="free some room"):
        check_file(tmp_path / "old")
    with pytest.raises(BadRequestError, match="free some room"), result_folder(tmp_path / "new"):
        pytest.fail("there is no room for what would be written")
    assert os.listdir(tmp_path) == ["old"] and (tmp_path / "old").read_bytes() == b"old"


def test_errors_of_the_writer_come_through_as_they_are(tmp_path: Path) -> None:
    for error in (UserError("it is bad"), ValueError("a mistake")):
        with pytest.raises(type(error), match=str(error)), whole_file(tmp_path / "a") as fresh:
            fresh.write_bytes(b"half")
            raise error
    assert os.listdir(tmp_path) == []


def test_a_new_folder_goes_again_if_nothing_came_of_it(tmp_path: Path) -> None:
    for name in ("a/b/c", "d"):
        with pytest.raises(UserError), result_folder(tmp_path / name):
            assert (tmp_path / name).is_dir()
            raise UserError("it failed")
    with pytest.raises(UserError), result_folder(tmp_path / "kept"):
        (tmp_path / "kept" / "file").touch()
        raise UserError("it failed at the second file")
    with pytest.raises(BadRequestError, match="too long"), result_folder(tmp_path / "e" / ("a" * 300)):
        pytest.fail("there is no such folder")
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("name", ["file", "file/sub", "pipe", "stray"])
def test_a_folder_where_there_is_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "stray").symlink_to("nowhere")
    with pytest.raises(BadRequestError, match=r"no folder|Not a directory"), result_folder(tmp_path / name):
        pytest.fail("there is no such folder")
