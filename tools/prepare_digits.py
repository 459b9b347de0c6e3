"""Write scikit-learn's handwritten digits as training pictures: ``python tools/prepare_digits.py OUT [--stacked N]``.

OUT is a folder, or a zip if it ends in ``.zip``; inside are ten class folders and the license. With ``--stacked`` there
are N pictures without classes instead, three random digits each, as red, green and blue. Needs scikit-learn.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LICENSE = """Optical Recognition of Handwritten Digits (test part), as bundled with scikit-learn.
E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, https://doi.org/10.24432/C50P49
License: Creative Commons Attribution 4.0 International (CC BY 4.0).
Changes: the values 0 to 16 were stretched to 0 to 255.
"""
_STACKED = "Three digits were laid over each other as the colors of one picture.\n"
_LEVELS = 16
_SEED = 20


def digit_files(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Give the license and the pictures as paths and contents.

    Args:
        images: (N, 8, 8), 0 is paper, 16 is ink.
        labels: (N,) the digits.
    """
    yield "LICENSE.txt", LICENSE.encode()
    for number, (picture, label) in enumerate(zip(stretched(images), labels, strict=True)):
        yield f"{int(label)}/{number:04d}.png", _png(picture)


def stacked_files(images: np.ndarray, count: int) -> Iterator[tuple[str, bytes]]:
    """Give the license and ``count`` pictures of three digits, always the same, as paths and contents.

    Args:
        images: (N, 8, 8), 0 is paper, 16 is ink.
        count: how many.

    Source: Metz et al. 2017 (Unrolled GAN), arXiv:1611.02163, section 3.3.1.
    """
    yield "LICENSE.txt", (LICENSE + _STACKED).encode()
    chosen = np.random.default_rng(_SEED).integers(len(images), size=(count, 3))
    pixels = stretched(images)
    for number, three in enumerate(chosen):
        yield f"{number:05d}.png", _png(np.moveaxis(pixels[three], 0, -1))


def stretched(images: np.ndarray) -> np.ndarray:
    """Turn values from 0 to 16 into (N, 8, 8) uint8 from 0 to 255."""
    return np.rint(images * (255 / _LEVELS)).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return png.getvalue()


def write(files: Iterator[tuple[str, bytes]], out: Path) -> None:
    """Write files to a folder, or to a zip if ``out`` ends in ``.zip``."""
    if out.suffix == ".zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files:
                # Without the time of day, so that the same pictures always make the same zip.
                archive.writestr(zipfile.ZipInfo(name), data)
        return
    for name, data in files:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--stacked", type=int, metavar="N", help="pictures of three digits, instead of single ones")
    words = parser.parse_args()
    digits: Any = import_module("sklearn.datasets").load_digits()  # here, so that tests need it not
    stacked = words.stacked is not None
    write(
        stacked_files(digits.images, words.stacked) if stacked else digit_files(digits.images, digits.target), words.out
    )


if __name__ == "__main__":
    main()
