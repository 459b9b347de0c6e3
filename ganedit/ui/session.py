"""Where uploads and results live while a page is open.

Gradio serves every file below its own temporary folder to whoever knows the path. So originals and results stay in a
folder of ours, under random names, and only what the page shows or hands out is passed to Gradio.
"""

import re
import secrets
import shutil
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gradio.utils import get_upload_folder
from PIL import Image

from ganedit.errors import UserError
from ganedit.image import Picture
from ganedit.requests import EditResult
from ganedit.ui.i18n import both

LIFETIME_SECONDS = 2 * 3600
_PREVIEWS_KEPT = 4  # of one picture: a browser may still be loading the one before
_UNSAFE = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True)
class Photo:
    """A picture that a visitor chose, as the server keeps it.

    Attributes:
        token: random name of its folder.
        path: the original file, untouched.
        name: the file's name without ending, for the download.
        kind: ``JPEG``, ``PNG``, ... as found in the file.
        width, height: pixels, after EXIF orientation.
        damaged: it looks noisy or compressed.
        notes: sentences the visitor should read.
    """

    token: str
    path: Path
    name: str
    kind: str
    width: int
    height: int
    damaged: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A finished edit, as the server keeps it for the visitor who made it.

    Attributes:
        token: random name of its folder, and of its ``EditResult`` in ``Recent``.
        before, after: PNG copies of equal size for the slider.
        thumb: small PNG for the history.
        download: the full-size file in the format that was asked for.
        status: HTML of the status line.
    """

    token: str
    before: Path
    after: Path
    thumb: Path
    download: Path
    status: str


class Vault:
    """Folders under random names, each with the files of one upload or one result; swept by age."""

    def __init__(self, lifetime_seconds: float = LIFETIME_SECONDS) -> None:
        """Make the root folder; folders not used for ``lifetime_seconds`` are removed."""
        self._root = Path(tempfile.mkdtemp(prefix="ganedit-"))
        self._lifetime_seconds = lifetime_seconds
        weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)

    def folder(self) -> str:
        """Make a folder, sweep old ones, and give its random name."""
        self._sweep()
        token = secrets.token_urlsafe(16)
        (self._root / token).mkdir(mode=0o700)
        return token

    def path(self, token: str, name: str) -> Path:
        """Give the path of a file in a folder, and count the folder as used now.

        Raises:
            UserError: the folder is gone.
        """
        folder = self._root / token
        try:
            folder.touch()
        except OSError as error:
            raise UserError(both("ge.error.expired")) from error
        if not folder.is_dir():
            folder.unlink(missing_ok=True)
            raise UserError(both("ge.error.expired"))
        return folder / safe_name(name)

    def drop(self, token: str) -> None:
        """Remove a folder; one that is gone already is fine."""
        shutil.rmtree(self._root / token, ignore_errors=True)

    def _sweep(self) -> None:
        oldest = time.time() - self._lifetime_seconds
        for folder in self._root.iterdir():
            try:
                stale = folder.stat().st_mtime < oldest
            except FileNotFoundError:
                continue
            if stale:
                shutil.rmtree(folder, ignore_errors=True)


def safe_name(name: str) -> str:
    """Give a file name without folders, control characters or surprises; never empty."""
    plain = _UNSAFE.sub("_", Path(name.replace("\\", "/")).name).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    return f"{(stem or ending)[:80]}{dot if stem else ''}{ending[:8] if stem else ''}" or "picture"


class Recent:
    """The last edits in full, for writing them again in another format; the oldest leave when memory is short."""

    def __init__(self, limit_bytes: int = 512 * 1024**2) -> None:
        """Keep results of at most ``limit_bytes`` together."""
        self._limit_bytes = limit_bytes
        self._results: OrderedDict[str, EditResult] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, token: str, result: EditResult) -> None:
        """Remember a result; the newest stays even if it alone is over the limit."""
        with self._lock:
            self._results[token] = result
            while len(self._results) > 1 and _bytes_of(self._results.values()) > self._limit_bytes:
                self._results.popitem(last=False)

    def get(self, token: str) -> EditResult:
        """Give a result back.

        Raises:
            UserError: it has left.
        """
        with self._lock:
            if token not in self._results:
                raise UserError(both("ge.error.result_expired"))
            self._results.move_to_end(token)
            return self._results[token]

    def drop(self, token: str) -> None:
        """Forget a result; one that is gone already is fine."""
        with self._lock:
            self._results.pop(token, None)


def _bytes_of(results: Iterable[EditResult]) -> int:
    """Give what results take; what several share, such as the picture that they were made from, counts once."""
    pictures = (picture for result in results for picture in (*result.images, result.edited))
    planes = (plane for picture in pictures for plane in (picture.pixels, picture.alpha) if plane is not None)
    return sum({id(plane): plane.nbytes for plane in planes}.values())


class Previews:
    """The small pictures that follow the sliders: a few files each, in the folder that Gradio serves.

    They are written there at once, under random names, because Gradio would copy them there and keep every copy for
    an hour; a minute of dragging makes hundreds.
    """

    def __init__(self, pictures_kept: int = 24) -> None:
        """Keep the small copies of the last ``pictures_kept`` photos in memory."""
        self._kept = pictures_kept
        self._small: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, token: str, small: Picture) -> None:
        """Keep the preview of a photo in memory, for as long as it is among the last used."""
        with self._lock:
            self._small[token] = small
            self._small.move_to_end(token)
            while len(self._small) > self._kept:
                self._small.popitem(last=False)

    def get(self, token: str) -> Picture | None:
        """Give the preview of a photo, or None if it has to be made again."""
        with self._lock:
            return self._small.get(token)

    def write(self, token: str, shown: Image.Image) -> str:
        """Write what is to be shown without loss, remove all but the last few of this photo, and give the path."""
        folder = Path(get_upload_folder()) / f"preview-{token}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.monotonic_ns():020d}-{secrets.token_hex(8)}.webp"
        # Lossless WebP at its fastest takes half the time of PNG at its fastest, and the sliders wait for it.
        shown.save(path, lossless=True, quality=0, method=0, exact=True)
        for old in sorted(folder.glob("*.webp"))[:-_PREVIEWS_KEPT]:
            old.unlink(missing_ok=True)
        return str(path)

    def drop(self, token: str) -> None:
        """Forget a photo and remove its files."""
        with self._lock:
            self._small.pop(token, None)
        shutil.rmtree(Path(get_upload_folder()) / f"preview-{token}", ignore_errors=True)
