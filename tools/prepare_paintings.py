"""Take paintings out of a Debian package: ``python tools/prepare_paintings.py PACKAGE OUT``.

PACKAGE is the folder to which ``gcompris-qt-data`` was extracted (``apt-get download``, then ``dpkg -x``). Its puzzles
cut famous paintings into pieces, which are put together again; eight more by van Gogh lie there whole. The works are in
the public domain; OUT gets one PNG a work, named after the puzzle's title or the file, and a LICENSE.txt.
"""

import argparse
import io
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from PIL import Image

RESOURCES = "usr/share/gcompris-qt/rcc"
PUZZLES, WHOLE = "paintings.rcc", "details.rcc"

_MAGIC = b"qres"
_FOLDER, _COMPRESSED, _ZSTD = 2, 1, 4
_WHOLE = re.compile(r"(\w*Gogh\w*|PortraitOfPereTanguy|Eglise_dAuvers-sur-Oise)_background\.webp")


def read_resources(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the path and the bytes of each file in a Qt binary resource file, but for those packed with Zstandard.

    Raises:
        ValueError: it is no such file.
    """
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ValueError(f"{path.name} is no Qt resource file.")
    version, tree, contents, names = struct.unpack_from(">IIII", data, 4)
    node_bytes = 22 if version >= 2 else 14

    def name_at(offset: int) -> str:
        (length,) = struct.unpack_from(">H", data, names + offset)
        start = names + offset + 6
        return data[start : start + 2 * length].decode("utf-16-be")

    def walk(node: int, folder: PurePosixPath) -> Iterator[tuple[str, bytes]]:
        at = tree + node * node_bytes
        name_offset, flags = struct.unpack_from(">IH", data, at)
        here = folder / name_at(name_offset) if node else folder
        if flags & _FOLDER:
            count, first = struct.unpack_from(">II", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, here)
        elif not flags & _ZSTD:
            (offset,) = struct.unpack_from(">I", data, at + 10)
            (length,) = struct.unpack_from(">I", data, contents + offset)
            raw = data[contents + offset + 4 : contents + offset + 4 + length]
            yield here.as_posix(), zlib.decompress(raw[4:]) if flags & _COMPRESSED else raw

    yield from walk(0, PurePosixPath())


def put_together(board: str, pieces: dict[str, bytes]) -> tuple[str, Image.Image]:
    """Lay the pieces of a puzzle where its board says; gives its title and the painting.

    Args:
        board: the QML of the board: a title, the size of the whole, and the middle of each piece as shares of it.
        pieces: the files of the pieces by name.
    """
    (title,) = re.findall(r'instruction: qsTr\("([^"]*)"\)', board)
    levels = json.loads(re.sub(r",\s*([\]}])", r"\1", re.search(r"levels : (\[.*\])", board, re.DOTALL)[1]))  # type: ignore[index]
    size = next((level["width"], level["height"]) for level in levels if "width" in level)
    whole, covered = Image.new("RGB", size), Image.new("1", size)
    for level in levels:
        if "x" in level:
            piece = Image.open(io.BytesIO(pieces[PurePosixPath(level["pixmapfile"]).name])).convert("RGBA")
            left, top = (float(level[axis]) * side for axis, side in zip("xy", size, strict=True))
            corner = (round(left - piece.width / 2), round(top - piece.height / 2))
            whole.paste(piece, corner, piece)
            covered.paste(1, corner, piece)
    return title, whole.crop(covered.getbbox())


def paintings(package: Path) -> Iterator[tuple[str, Image.Image]]:
    """Give all paintings of the extracted package with their titles."""
    folder = package / RESOURCES
    files = {PurePosixPath(path).name: data for path, data in read_resources(folder / PUZZLES)}
    for name in sorted(files):
        if name.startswith("board") and name.endswith(".qml"):
            yield put_together(files[name].decode(), files)
    for path, data in sorted(read_resources(folder / WHOLE)):
        name = PurePosixPath(path).name
        if _WHOLE.fullmatch(name):
            title = f"Vincent van Gogh, {name.removesuffix('_background.webp')}"
            yield title, Image.open(io.BytesIO(data)).convert("RGB")


def main() -> None:
    """Read the command line and write the paintings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, metavar="PACKAGE")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = ["Paintings in the public domain, out of GCompris (gcompris-qt-data, AGPL-3.0 as a program).", ""]
    for title, picture in paintings(arguments.package):
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        picture.save(arguments.out / f"{name}.png")
        lines.append(f"{name}.png: {title}")
    (arguments.out / "LICENSE.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines) - 2} paintings.")


if __name__ == "__main__":
    main()
