"""A folder of pictures: what lies in it, and names for its results that destroy nothing."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from ganedit.errors import BadImageError


def files_of(folder: Path) -> list[Path]:
    """Give the files of a folder, sorted by name, without those of its sub-folders.

    Raises:
        BadImageError: it cannot be read.
    """
    try:
        return [file for file in sorted(folder.iterdir()) if file.is_file()]
    except OSError as error:
        raise BadImageError(f"The folder {folder} cannot be read ({error.strerror}), check its rights.") from error


class ResultNames:
    """Names of results, ``STEM.png`` where that is free, of which none is another's or stands for a source."""

    def __init__(self, sources: Sequence[Path], folder: Path) -> None:
        """Take the files that must survive, and the folder for the results, which may be theirs."""
        self._folder = folder
        self._sources = {_identity(source) for source in sources}
        self._taken: set[str] = set()

    def next_for(self, source: Path) -> Path:
        """Give the path of a result that is to be written now."""
        for stem in _stems(source):
            path = self._folder / f"{stem}.png"
            key = unicodedata.normalize("NFC", path.name).casefold()  # for disks to which TRIP and trip are one name
            if key not in self._taken and not (path.exists() and _identity(path) in self._sources):
                self._taken.add(key)
                return path
        raise AssertionError("numbers have no end")


def _stems(source: Path) -> Iterator[str]:
    """Name a result after its source's stem, then after its ending too, then with a number."""
    yield source.stem
    whole = f"{source.stem}-{source.suffix[1:].lower() or 'result'}"
    yield whole
    yield from (f"{whole}-{number}" for number in count(2))


def _identity(file: Path) -> tuple[int, int]:
    """Tell a file from all others, under whichever name or link it is found."""
    facts = file.stat()
    return facts.st_dev, facts.st_ino
