"""Tell what the files of a source mean: pictures, captions, classes, a license."""

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ganedit.errors import BadDataError, UserError
from ganedit.training.intake import Source

_LIST = "captions.jsonl"
_LICENSE = re.compile(r"(licen[sc]e|copying)([-_.].*)?", re.IGNORECASE)
_LICENSE_ENDINGS = ("", ".txt", ".md")
_MAX_CAPTION_BYTES, _MAX_LICENSE_BYTES = 16 << 10, 256 << 10


@dataclass
class Contents:
    """What the files of a source mean.

    Attributes:
        pictures: paths of the files that should be pictures, sorted; nobody has looked into them yet.
        captions: one line of text by path of a picture.
        license: the text of the license file nearest to the top.
        refused: why a file, or lines of it, are of no use, by path.
    """

    pictures: list[str] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    license: str | None = None
    refused: dict[str, str] = field(default_factory=dict)


def sort_out(source: Source) -> Contents:
    """Sort the files of a source by what they mean; what cannot be used is named in ``refused``."""
    texts = {name for name in source.files if _is_list(name) or _is_license(name) or name.lower().endswith(".txt")}
    contents = Contents(sorted(source.files.keys() - texts), refused=dict(source.refused))
    by_stem: dict[str, list[str]] = {}
    for name in contents.pictures:
        by_stem.setdefault(posixpath.splitext(name)[0], []).append(name)
    # From the top down, so that the first license counts; lists last, so that they overrule the files beside pictures.
    for name in sorted(texts, key=lambda name: (_is_list(name), name.count("/"), name)):
        try:
            if _is_list(name):
                _take_list(contents, name, _decoded(source.files[name].read()))
            elif pictures := by_stem.get(posixpath.splitext(name)[0]):
                caption = _one_line(_decoded(source.files[name].read(_MAX_CAPTION_BYTES)))
                contents.captions |= dict.fromkeys(pictures, caption)
            elif not _is_license(name):
                raise BadDataError("No picture has the same name, so it is no caption.")
            elif contents.license is None:
                contents.license = _decoded(source.files[name].read(_MAX_LICENSE_BYTES)).strip()
        except UserError as error:
            contents.refused[name] = str(error)
    return contents


def classes_of(pictures: Sequence[str]) -> tuple[tuple[str, ...], list[int]] | None:
    """Take the classes from the sub-folders.

    Args:
        pictures: paths of the pictures.

    Returns:
        The names of the classes, sorted, and for every picture the index of its class. None if there are not at least
        two sub-folders, or if a picture lies beside them.
    """
    # A zip often wraps everything in one more folder.
    top = posixpath.commonpath([f"/{posixpath.dirname(name)}" for name in pictures])
    below = [posixpath.relpath(f"/{name}", top) for name in pictures]
    if not all("/" in name for name in below):
        return None
    folders = [name.split("/", 1)[0] for name in below]
    index = {name: number for number, name in enumerate(sorted(set(folders)))}
    return tuple(index), [index[folder] for folder in folders]


def _is_list(name: str) -> bool:
    return posixpath.basename(name).lower() == _LIST


def _is_license(name: str) -> bool:
    file = posixpath.basename(name)
    return bool(_LICENSE.fullmatch(file)) and posixpath.splitext(file)[1].lower() in _LICENSE_ENDINGS


def _take_list(contents: Contents, name: str, text: str) -> None:
    """Take captions from lines of ``{"file": ..., "caption": ...}``; a file is named from the folder of the list on."""
    pictures, folder = set(contents.pictures), posixpath.dirname(name)
    bad_lines = []
    for number, entry in _entries(text):
        match entry:
            case {"file": str(file), "caption": str(caption)} if (
                picture := posixpath.normpath(posixpath.join(folder, file))
            ) in pictures:
                contents.captions[picture] = _one_line(caption)
            case _:
                bad_lines.append(number)
    if bad_lines:
        contents.refused[name] = (
            f"{len(bad_lines)} of its lines say nothing of a picture that is there, the first is line {bad_lines[0]}; "
            'write {"file": "name.jpg", "caption": "text"}.'
        )


def _entries(text: str) -> Iterator[tuple[int, object]]:
    """Give number and value of every line; None for a line that is not JSON."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataError("It is not text in UTF-8, save it as such.") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
