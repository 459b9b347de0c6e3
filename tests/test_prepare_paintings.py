"""Paintings out of puzzles: the reader of Qt resource files, and the pieces put together."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.prepare_paintings import paintings, put_together, read_resources


def resource_file(files: dict[str, bytes], compressed: bool) -> bytes:
    """A Qt resource file of version 2 with one folder, ``art``, of files."""
    names, contents, offsets = b"", b"", {}
    for name in ("art", *files):
        offsets[name] = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    places = []
    for data in files.values():
        places.append(len(contents))
        packed = struct.pack(">I", len(data)) + zlib.compress(data) if compressed else data
        contents += struct.pack(">I", len(packed)) + packed
    tree = struct.pack(">IHII8x", 0, 2, 1, 1) + struct.pack(">IHII8x", offsets["art"], 2, len(files), 2)
    for name, place in zip(files, places, strict=True):
        tree += struct.pack(">IHHHI8x", offsets[name], int(compressed), 0, 0, place)
    head = b"qres" + struct.pack(">IIII", 2, 20, 20 + len(tree), 20 + len(tree) + len(contents))
    return head + tree + contents + names


def piece(color: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 30), color).save(out, "PNG")
    return out.getvalue()


BOARD = """QtObject {
   property string instruction: qsTr("Nobody, Two Halves - 1900")
   property var levels : [
      {"pixmapfile" : "image/bg.svg", "type" : "BACKGROUND", "width": 60, "height": 50},
      {"pixmapfile" : "image/left.png", "x" : "0.333333", "y" : "0.5"},
      {"pixmapfile" : "image/right.png", "x" : "0.666667", "y" : "0.5"},
   ]
}"""


@pytest.mark.parametrize("compressed", [False, True])
def test_files_are_read_with_their_paths(tmp_path: Path, compressed: bool) -> None:
    files = {"a.txt": b"first", "b.txt": b"second" * 50}
    (tmp_path / "x.rcc").write_bytes(resource_file(files, compressed))
    assert dict(read_resources(tmp_path / "x.rcc")) == {f"art/{name}": data for name, data in files.items()}


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.rcc").write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match="no Qt resource file"):
        list(read_resources(tmp_path / "x.rcc"))


def test_pieces_are_laid_where_the_board_says_and_the_frame_is_cut_off() -> None:
    title, whole = put_together(BOARD, {"left.png": piece((255, 0, 0)), "right.png": piece((0, 0, 255))})
    assert title == "Nobody, Two Halves - 1900" and whole.size == (40, 30)
    values = np.asarray(whole)
    assert (values[:, :20] == (255, 0, 0)).all() and (values[:, 20:] == (0, 0, 255)).all()


def test_puzzles_and_whole_paintings_are_found_in_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/gcompris-qt/rcc"
    folder.mkdir(parents=True)
    pieces = {"board1_0.qml": BOARD.encode(), "left.png": piece((1, 2, 3)), "right.png": piece((4, 5, 6))}
    (folder / "paintings.rcc").write_bytes(resource_file(pieces, True))
    whole = {"VincentVanGogh0012_background.webp": piece((7, 8, 9)), "VincentVanGogh0012_1.webp": piece((0, 0, 0))}
    (folder / "details.rcc").write_bytes(resource_file(whole, False))
    assert [title for title, _ in paintings(tmp_path)] == [
        "Nobody, Two Halves - 1900",
        "Vincent van Gogh, VincentVanGogh0012",
    ]
