"""The pictures of a folder or a zip from strangers, as they are measured."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ganedit.errors import BadDataError
from ganedit.formats import open_picture
from ganedit.sets import SourceFile, is_text, open_source


@dataclass(frozen=True)
class Pictures:
    """What a folder or a zip holds.

    Attributes:
        files: each file that should be a picture, by its path from the top, in order of the paths.
        refused: why another file was left out, by its path.
        side_px: every picture is cut to the square in its middle and resized to this side, as training does it; 0
            leaves them as they are.
    """

    files: Mapping[str, SourceFile]
    refused: Mapping[str, str]
    side_px: int = 0

    def pixels(self, name: str) -> np.ndarray:
        """Decode one file to (H, W, 3) uint8, RGB; what is transparent is laid on white.

        Raises:
            BadDataError: damaged, or too large whatever its size was said to be.
            BadImageError: not a picture, damaged, or too large.
        """
        image = open_picture(self.files[name].read()).to_pil()
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        if self.side_px and image.size != (self.side_px, self.side_px):
            image = ImageOps.fit(image, (self.side_px, self.side_px), Image.Resampling.LANCZOS)
        return np.asarray(image)


@contextmanager
def open_pictures(path: Path) -> Iterator[Pictures]:
    """List a folder with its sub-folders, or a zip; the files can be read until the block ends.

    Raises:
        BadDataError: no such folder or zip, damaged as a whole, too many files, or no pictures.
    """
    with open_source(path) as source:
        texts = {name: "It is a text and no picture." for name in source.files if is_text(name)}
        files = {name: source.files[name] for name in sorted(source.files.keys() - texts)}
        if not files:
            raise BadDataError(f"{path.name} holds no pictures, choose another folder or zip.")
        yield Pictures(files, source.refused | texts)
