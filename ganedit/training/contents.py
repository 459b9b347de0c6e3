"""Tell what the files of a source mean: pictures, captions, attributes, classes, a license."""

import json
import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from ganedit.errors import BadDataError, UserError
from ganedit.sets import Source, is_license, is_text
from ganedit.training.attributes import Attributes, read_attributes

_LISTS = {
    "captions.jsonl": '{"file": "name.jpg", "caption": "text"}',
    "attributes.jsonl": '{"file": "name.jpg", "attributes": {"hair": "long"}}',
}  # with a line of each; one line may say both
_LINE_END = re.compile(r"\r\n?|\n")
"""Of a text file. Python also ends lines at signs that stand inside of captions, such as U+2028."""
_MAX_CAPTION_BYTES, _MAX_ATTRIBUTES_BYTES, _MAX_LICENSE_BYTES = 16 << 10, 16 << 10, 256 << 10
_MAX_CAPTIONS = 32  # of one picture


@dataclass
class Contents:
    """What the files of a source mean.

    Attributes:
        pictures: paths of the files that should be pictures, sorted; nobody has looked into them yet.
        captions: text by path of a picture, a caption a line.
        attributes: values by attribute, by path of a picture.
        license: the text of the license file nearest to the top.
        refused: why a file, or lines of it, are of no use, by path.
    """

    pictures: list[str] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Attributes] = field(default_factory=dict)
    license: str | None = None
    refused: dict[str, str] = field(default_factory=dict)


def sort_out(source: Source) -> Contents:
    """Sort the files of a source by what they mean; what cannot be used is named in ``refused``."""
    texts = set(filter(is_text, source.files))
    contents = Contents(sorted(source.files.keys() - texts), refused=dict(source.refused))
    by_stem: dict[str, list[str]] = {}
    for name in contents.pictures:
        by_stem.setdefault(posixpath.splitext(name)[0], []).append(name)
    # From the top down, so that the first license counts; lists last, so that they overrule the files beside pictures.
    for name in sorted(texts, key=lambda name: (_is_list(name), name.count("/"), name)):
        pictures = by_stem.get(posixpath.splitext(name)[0], [])
        try:
            if _is_list(name):
                _take_list(contents, name, _decoded(source.files[name].read()))
            elif pictures and name.lower().endswith(".json"):
                found = _parsed(_decoded(source.files[name].read(_MAX_ATTRIBUTES_BYTES)))
                found = found["attributes"] if isinstance(found, dict) and "attributes" in found else found
                contents.attributes |= dict.fromkeys(pictures, read_attributes(found))
            elif pictures:
                lines = _LINE_END.split(_decoded(source.files[name].read(_MAX_CAPTION_BYTES)))
                contents.captions |= dict.fromkeys(pictures, "\n".join(_captions(lines)))
            elif not is_license(name):
                raise BadDataError("No picture has the same name, so it is about none.")
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
    return posixpath.basename(name).lower() in _LISTS


def _take_list(contents: Contents, name: str, text: str) -> None:
    """Take what each line says of a picture; a file is named from the folder of the list on."""
    pictures, folder = set(contents.pictures), posixpath.dirname(name)
    captions: dict[str, list[str]] = {}
    bad_lines = []
    for number, entry in _entries(text):
        try:
            match entry:
                case {"file": str(file)} if picture := _named(file, folder, pictures):
                    _take_line(contents, captions.setdefault(picture, []), picture, entry)
                case _:
                    bad_lines.append(number)
        except BadDataError:
            bad_lines.append(number)
    contents.captions |= {picture: "\n".join(lines) for picture, lines in captions.items() if lines}
    if bad_lines:
        contents.refused[name] = (
            f"{len(bad_lines)} of its lines say nothing of a picture that is there, the first is line {bad_lines[0]}; "
            f"write {_LISTS[posixpath.basename(name).lower()]}."
        )


def _named(file: str, folder: str, pictures: Set[str]) -> str | None:
    """Find the picture that a list in a folder means, in whichever form of Unicode and with whichever slashes."""
    paths = [posixpath.normpath(posixpath.join(folder, each)) for each in (file, file.replace("\\", "/"))]
    forms = [*paths, *(unicodedata.normalize("NFC", path) for path in paths)]
    return next((path for path in forms if path in pictures), None)


def _take_line(contents: Contents, captions: list[str], picture: str, entry: Mapping[str, object]) -> None:
    """Add a line's captions to those of the lines before it; of its attributes, the last line decides."""
    if not entry.keys() & {"caption", "attributes"}:
        raise BadDataError("It says nothing.")
    if "attributes" in entry:
        contents.attributes[picture] = read_attributes(entry["attributes"])
    if "caption" in entry:
        found = entry["caption"]
        added = _captions(found if isinstance(found, list) else [found])
        if len(captions) + len(added) > _MAX_CAPTIONS:
            raise BadDataError(f"A picture can have at most {_MAX_CAPTIONS} captions.")
        captions += added


def _captions(found: Sequence[object]) -> list[str]:
    """Give captions on one line each, without empty ones."""
    lines = [" ".join(text.split()) for text in found if isinstance(text, str)]
    if len(lines) != len(found) or len(lines) > _MAX_CAPTIONS or sum(map(len, lines)) > _MAX_CAPTION_BYTES:
        raise BadDataError(
            f"Captions must be texts, at most {_MAX_CAPTIONS} of a picture, together at most "
            f"{_MAX_CAPTION_BYTES >> 10} kB."
        )
    return [line for line in lines if line]


def _entries(text: str) -> Iterator[tuple[int, Any]]:
    """Give number and value of every line; None for a line that is not JSON."""
    for number, line in enumerate(_LINE_END.split(text), 1):
        if line.strip():
            try:
                yield number, _parsed(line)
            except BadDataError:
                yield number, None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDataError("It is not valid JSON, write it anew.") from error


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataError("It is not text in UTF-8, save it as such.") from error
