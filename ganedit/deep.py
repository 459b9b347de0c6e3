"""PNG, AVIF and HEIC files of more than 8 bits a channel: Pillow would cut them to 8, so other decoders read them."""

import io
import struct

import cv2
import numpy as np
from PIL import Image

from ganedit.image import Picture, oriented, visible_alpha

_PNG_START, _CHUNK_BYTES = b"\x89PNG\r\n\x1a\n", 12  # length, name and sum of a chunk
_PNG_DEPTH, _PNG_COLOR_TYPE, _PNG_GRAY_ALPHA = 24, 25, 4  # places in the header, which is always the first chunk


def bits_of(image: Image.Image, data: bytes) -> int:
    """Say how many bits a channel of an opened file has; of palettes and the formats that have no more, 8."""
    if image.format == "PNG":
        return data[_PNG_DEPTH]
    if image.format == "TIFF":
        return max(getattr(image, "tag_v2", {}).get(258, (1,)))
    if image.format == "HEIF":
        return image.info.get("bit_depth", 8)
    at = data.find(b"pixi") if image.format == "AVIF" else -1
    return data[at + 9] if 0 <= at < len(data) - 9 else 8


def open_deep(image: Image.Image, data: bytes, orientation: int) -> Picture | None:
    """Decode every bit of a PNG, AVIF or HEIC file; 10 and 12 bits are widened to 16.

    Args:
        image: the opened file.
        data: the whole file.
        orientation: by EXIF; libheif has turned a HEIC already.

    Returns:
        The picture, upright, without profile and EXIF; None if only 8 bits of it can be had.
    """
    if image.format == "PNG" and not _is_whole_png(data):
        return None
    values = _by_libheif(data) if image.format == "HEIF" else by_opencv(data)
    if values is None or values.dtype != np.uint16 or values.shape[:2] != image.size[::-1]:
        return None
    _widen_(values, bits_of(image, data))
    gray = values.ndim == 2 or (image.format == "PNG" and data[_PNG_COLOR_TYPE] == _PNG_GRAY_ALPHA)
    alpha = _alpha(image, values)
    pixels = np.repeat(values[..., None], 3, axis=2) if values.ndim == 2 else values[..., :3]
    picture = Picture(np.ascontiguousarray(pixels), visible_alpha(alpha), gray)
    return picture if image.format == "HEIF" else oriented(picture, orientation)


def _is_whole_png(data: bytes) -> bool:
    """Tell whether every chunk lies in the file: OpenCV fills gigabytes for one that only says that it is so long."""
    at = len(_PNG_START)
    while at + _CHUNK_BYTES <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        at += _CHUNK_BYTES + size
        if name == b"IEND":
            return at <= len(data)
    return False


def _widen_(values: np.ndarray, bits: int) -> None:
    """Spread levels of fewer bits over all 16, in place, row by row: the product needs 32 bits."""
    top = (1 << bits) - 1
    if bits < 16:
        for row in values:
            row[...] = np.minimum((row.astype(np.uint32) * 65535 + top // 2) // top, 65535)


def by_opencv(data: bytes) -> np.ndarray | None:
    """Decode to (H, W) gray or (H, W, 3 or 4) RGB of the file's own type; None if OpenCV cannot."""
    level = cv2.utils.logging.setLogLevel(0)  # OpenCV reports damaged files on the terminal; we raise
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if values is None or values.ndim == 2:
        return values
    return values[..., [2, 1, 0, 3][: values.shape[2]]]


def _by_libheif(data: bytes) -> np.ndarray:
    import pillow_heif  # see `formats`

    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    return np.asarray(file) >> (16 - file.info["bit_depth"])


def _alpha(image: Image.Image, values: np.ndarray) -> np.ndarray | None:
    if values.ndim == 3 and values.shape[2] == 4:
        return np.ascontiguousarray(values[..., 3])
    clear = image.info.get("transparency")  # OpenCV passes over the transparent level of a gray PNG
    if values.ndim == 2 and isinstance(clear, int):
        return np.where(values == clear, 0, 65535).astype(np.uint16)
    return None
