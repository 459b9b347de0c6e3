"""Write scikit-learn's handwritten digits as training pictures: ``python tools/prepare_digits.py OUT``.

OUT is a folder, or a zip if it ends in ``.zip``; inside are ten class folders and the license. Needs scikit-learn.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

LICENSE = """Optical Recognition of Handwritten Digits (test part), as bundled with scikit-learn.
E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, https://doi.org/10.24432/C50P49
License: Creative Commons Attribution 4.0 International (CC BY 4.0).
Changes: the values 0 to 16 were stretched to 0 to 255.
"""
_LEVELS = 16


def digit_files(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Give the license and the pictures as paths and contents.

    Args:
        images: (N, 8, 8), 0 is paper, 16 is ink.
        labels: (N,) the digits.
    """
    yield "LICENSE.txt", LICENSE.encode()
    pixels = np.rint(images * (255 / _LEVELS)).astype(np.uint8)
    for number, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        png = io.BytesIO()
        Image.fromarray(picture).save(png, "PNG")
        yield f"{int(label)}/{number:04d}.png", png.getvalue()


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
    from sklearn.datasets import load_digits  # pyright: ignore[reportMissingImports]  # here, so that tests need it not

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    out = parser.parse_args().out
    digits = load_digits()
    write(digit_files(digits.images, digits.target), out)


if __name__ == "__main__":
    main()
