"""TIFF files of more than 8 bits, or of channels that Pillow does not know, as scanners and microscopes write them.

What is not compressed is read by tifffile, which knows all kinds; the rest by OpenCV, which knows the plain ones, and
whose decoders are bounded.
"""

import io
import logging
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ganedit.budget import PIXELS
from ganedit.deep import by_opencv
from ganedit.errors import BadImageError
from ganedit.image import Picture, check_size, oriented, visible_alpha

if TYPE_CHECKING:
    from tifffile import TiffPage

_ENDS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNCOMPRESSED, _SEPARATE_PLANES = 1, 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_ORIENTATION, _PROFILE = 274, 34675
_KINDS = ("u1", "u2", "i2", "f2", "f4")
_ROUNDING = 1e-5  # that numbers which end at 1 may be above it

DECODING_BYTES = {False: 14, True: 24}
"""A pixel, at most, by whether it has more than 8 bits: measured 9.6 to 12, 15.5 to 19.4."""

EXTRA_NOTE = "The channels of this file beside its colors were left out."
SIGNED_NOTE = "The levels of this file are signed; the lowest one became black."


def is_tiff(data: bytes) -> bool:
    """Tell by its first bytes whether a file is a TIFF, small or big."""
    return data[:4] in _ENDS


def open_tiff(data: bytes, max_megapixels: float) -> Picture | None:
    """Read the first page of a TIFF of gray or RGB: unsigned or signed whole numbers, or numbers from 0 to 1.

    Returns:
        The picture, upright, with its profile and no EXIF; None if it is of another kind.

    Raises:
        BadImageError: it is damaged or too large, or where its white is cannot be known.
    """
    with _tifffile().TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        check_size(page.imagewidth, page.imagelength, max_megapixels)
        if page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or page.dtype is None:
            return None
        bytes_each = page.samplesperpixel * np.dtype(page.dtype).itemsize + DECODING_BYTES[False]
        with PIXELS.room(page.imagewidth * page.imagelength * bytes_each):
            return _read(page, data)


def _read(page: "TiffPage", data: bytes) -> Picture | None:
    is_plain = page.compression == _UNCOMPRESSED
    values = _stored(page, data) if is_plain else _decompressed(page, data)
    if values is None or values.dtype.kind + str(values.dtype.itemsize) not in _KINDS:
        return None
    notes = (SIGNED_NOTE,) if values.dtype.kind == "i" else ()
    picture = _picture(page, _unsigned(values), notes)
    orientation = page.tags.valueof(_ORIENTATION, 1) if is_plain else 1  # OpenCV has turned it
    return oriented(picture, int(orientation))


@cache
def _tifffile():
    import tifffile  # here, because few files need it

    logging.getLogger("tifffile").disabled = True  # it reports damaged files on the terminal; we raise
    return tifffile


def _stored(page: "TiffPage", data: bytes) -> np.ndarray | None:
    """Give (H, W, C) as it lies in the file."""
    size = page.size * np.dtype(page.dtype).itemsize
    ends = (at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=True))
    if size > min(len(data), sum(page.databytecounts)) or max(ends) > len(data):
        raise BadImageError("The picture is cut off, get a fresh copy of the file.")
    values = page.asarray()
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if page.planarconfig == _SEPARATE_PLANES and page.samplesperpixel > 1:
        values = np.moveaxis(values, 0, -1)
    wanted = (page.imagelength, page.imagewidth, page.samplesperpixel)
    return values.reshape(wanted) if values.shape in (wanted, wanted[:2]) else None


def _decompressed(page: "TiffPage", data: bytes) -> np.ndarray | None:
    """Give (H, W, C) upright; OpenCV reads neither planes nor more channels than four."""
    values = by_opencv(data)
    if values is None or values.dtype != page.dtype or (page.planarconfig == _SEPARATE_PLANES and values.ndim > 2):
        return None
    values = values[..., None] if values.ndim == 2 else values
    return values if values.shape[2] == page.samplesperpixel else None


def _unsigned(values: np.ndarray) -> np.ndarray:
    """Turn whole numbers or numbers from 0 to 1 into uint8 or uint16."""
    if values.dtype.kind == "u":
        return values
    if values.dtype.kind == "i":
        return (values.astype(np.int32) + 32768).astype(np.uint16)
    low, high = float(values.min()), float(values.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
        raise BadImageError(
            f"The numbers in this TIFF go from {low:.4g} to {high:.4g}, so where its white is cannot be known; save it "
            "as 16-bit RGB or gray."
        )
    result = np.empty(values.shape, np.uint16)
    for row, numbers in zip(result, values, strict=True):
        row[...] = np.rint(numbers.astype(np.float32).clip(0, 1) * np.float32(65535))
    return result


def _picture(page: "TiffPage", values: np.ndarray, notes: tuple[str, ...]) -> Picture:
    colors = 3 if page.photometric == _RGB else 1
    pixels, extra = values[..., :colors], tuple(page.extrasamples)
    alpha = values[..., colors] if extra[:1] in ((_PREMULTIPLIED,), (_STRAIGHT,)) else None
    if values.shape[2] > colors + (alpha is not None):
        notes += (EXTRA_NOTE,)
    if page.photometric == _WHITE_IS_ZERO:
        pixels = np.iinfo(values.dtype).max - pixels
    if alpha is not None and extra[0] == _PREMULTIPLIED:
        pixels = _straight(pixels, alpha)
    pixels = np.ascontiguousarray(pixels if colors == 3 else np.repeat(pixels, 3, axis=2))
    alpha = None if alpha is None else visible_alpha(np.ascontiguousarray(alpha))
    icc = page.tags.valueof(_PROFILE)
    return Picture(pixels, alpha, gray=colors == 1, icc=icc if isinstance(icc, bytes) else None, notes=notes)


def _straight(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Divide (H, W, C) colors by their alpha, row by row: the product needs 32 bits."""
    full, result = np.iinfo(pixels.dtype).max, np.empty_like(pixels)
    for row, (colors, cover) in enumerate(zip(pixels, alpha[..., None], strict=True)):
        result[row] = np.minimum((colors.astype(np.uint32) * full + cover // 2) // np.maximum(cover, 1), full)
    return result
