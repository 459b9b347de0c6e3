"""Picture files: open any that users have, save the four that the web reads, refuse the rest in one sentence.

Files come from strangers. Formats are on a whitelist, sizes are read from the header before anything is decoded, and
whatever a decoder raises leaves here as `BadImageError`.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import cv2
import numpy as np
from PIL import Image

from ganedit import xmp
from ganedit.budget import PIXELS
from ganedit.errors import BadImageError, BadRequestError, UserError
from ganedit.files import check_file, whole_file
from ganedit.image import (
    Picture,
    from_cmyk,
    in_own_colors,
    into_srgb,
    oriented,
    profile_fits,
    to_uint8,
    visible_alpha,
    with_depth,
)

MAX_MEGAPIXELS = 80.0
FileFormat = Literal["png", "jpeg", "webp", "avif"]

_MAX_FILE_BYTES = 1 << 30
_READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_SAVE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
_ENDINGS: dict[str, FileFormat] = {".jpg": "jpeg", ".jpeg": "jpeg", **{f".{name}": name for name in _SAVE_FORMATS}}
_MAX_SIDE_PX = {"png": 1 << 24, "jpeg": 65_500, "webp": 16_383, "avif": 65_536}
# Full color resolution; and the effort from which on files get slower (2 to 3 times) but hardly smaller.
_ENCODER = {
    "png": {"compress_level": 4},
    "jpeg": {"subsampling": "4:4:4"},
    "webp": {"method": 2},
    "avif": {"subsampling": "4:4:4", "speed": 8},
}
_DECODING_BYTES = {False: 14, True: 24}  # a pixel, at most, by whether it has 16 bits: measured 9.6 to 12, 15.5 to 19.4
_DAMAGED = "The picture is damaged or cut off, get a fresh copy of the file."

# EXIF is rebuilt from these tags. What describes the old file (size, strips, thumbnail) would be wrong in the new one,
# and maker notes point to byte offsets that a rewrite breaks.
_EXIF_ROOT = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095)
_EXIF_ORIENTATION, _EXIF_DETAILS, _EXIF_LOCATION = 0x0112, 0x8769, 0x8825
_EXIF_STALE_DETAILS = (0x927C, 0xA002, 0xA003, 0xA005)  # maker note, width, height, pointer to another directory
_MAX_SEGMENT_BYTES = 65_000  # of JPEG, for EXIF


@dataclass(frozen=True)
class SaveOptions:
    """How to write a picture.

    Attributes:
        format: None takes it from the ending of the path; without an ending it is PNG.
        quality: 1 to 100, for JPEG, WebP and AVIF; PNG loses nothing.
        bit_depth: 8 or 16 bits per channel; 16 for PNG only. None keeps 16 bits where the format can.
        keep_location: leave the GPS position in the EXIF.
    """

    format: FileFormat | None = None
    quality: int = 95
    bit_depth: Literal[8, 16] | None = None
    keep_location: bool = False

    def __post_init__(self) -> None:
        """Refuse values out of range, which may come from a form or a command line."""
        if self.format is not None and self.format not in _SAVE_FORMATS:
            raise BadRequestError(f"The format {self.format!r} cannot be written, take {', '.join(_SAVE_FORMATS)}.")
        if not 1 <= self.quality <= 100:
            raise BadRequestError(f"The quality must be from 1 to 100, not {self.quality}.")
        if self.bit_depth not in (None, 8, 16):
            raise BadRequestError(f"The bit depth must be 8 or 16, not {self.bit_depth}.")


def open_picture(file: str | Path | bytes | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Open a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC file; of an animation the first frame.

    Orientation is applied. 8-bit colors become sRGB; 16-bit colors stay in their profile (see `Picture.in_icc_space`).

    Args:
        file: a path, the bytes of a file, or a file opened for reading bytes.
        max_megapixels: larger pictures are refused before decoding.

    Raises:
        BadImageError: no such file, empty, damaged, of another kind, or too large.
        NoRoomError: there is not enough memory for it.
    """
    data = _read_bytes(file)
    with _decoder_errors(), _opened(data) as image:
        if image.width * image.height > max_megapixels * 1e6:
            raise BadImageError(
                f"The picture has {image.width} x {image.height} pixels, more than the limit of "
                f"{max_megapixels:g} megapixels; make it smaller first."
            )
        notes = _frame_notes(image)
        # Pillow cuts 16-bit color to 8 bits.
        deep = _is_16_bit(image, data)
        with PIXELS.room(image.width * image.height * _DECODING_BYTES[deep]):
            picture = _decode_16_bit(image, data) if deep and _opencv_reads_all(image) else _decode_8_bit(image)
        if deep and picture.bit_depth == 8:
            notes += ("Only 8 of the 16 bits of this file are used.",)
        source_type = xmp.source_type_in(image.info.get("xmp", b"")) or xmp.source_type_in(data)
    return replace(picture, notes=notes + picture.notes, source_type=source_type)


def _read_bytes(file: str | Path | bytes | BinaryIO) -> bytes:
    try:
        if isinstance(file, (str, Path)):
            with open(file, "rb") as stream:
                data = stream.read(_MAX_FILE_BYTES + 1)
        else:
            data = file if isinstance(file, bytes) else file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a closed stream, a path with a null byte
        name = f"{Path(file).name} " if isinstance(file, (str, Path)) else ""
        raise BadImageError(f"The file {name}cannot be read, check that it exists and may be opened.") from error
    if not data:
        raise BadImageError("The file is empty, choose a picture.")
    if len(data) > _MAX_FILE_BYTES:
        raise BadImageError(f"The file is larger than {_MAX_FILE_BYTES >> 20} MB, make the picture smaller first.")
    if b"<svg" in data[:4096].lower():
        raise BadImageError("SVG drawings cannot be opened, export the drawing as PNG first.")
    return data


@contextmanager
def _decoder_errors() -> Iterator[None]:
    """Turn whatever a decoder raises into `BadImageError`."""
    try:
        yield
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImageError("The picture has far too many pixels, make it smaller first.") from error
    except Image.UnidentifiedImageError as error:
        raise BadImageError(
            "The file is not a picture that can be opened: take an undamaged JPEG, PNG, WebP, TIFF, BMP, GIF, "
            "AVIF or HEIC file."
        ) from error
    except Exception as error:  # a hostile file can make a decoder raise anything; nothing but decoding runs in here
        raise BadImageError(_DAMAGED) from error


@cache
def _register_heif() -> None:
    from pillow_heif import register_heif_opener  # here, because loading libheif costs every start

    register_heif_opener()


def _opened(data: bytes) -> Image.Image:
    """Read the header only; the pixels are decoded on load."""
    if data[4:8] == b"ftyp":
        _register_heif()
    formats = [name for name in _READ_FORMATS if name != "HEIF" or data[4:8] == b"ftyp"]
    return Image.open(io.BytesIO(data), formats=formats)


def _frame_notes(image: Image.Image) -> tuple[str, ...]:
    # MPO is a JPEG photo with a second view or a brightness map behind it, which nobody misses.
    if not getattr(image, "is_animated", False) or image.format == "MPO":
        return ()
    part = {"TIFF": "first page of this file", "HEIF": "main picture of this file"}
    return (f"Only the {part.get(image.format or '', 'first frame of this animation')} is used.",)


def _decode_8_bit(image: Image.Image) -> Picture:
    size = image.size
    image.load()
    if image.width * image.height > size[0] * size[1]:  # some containers say one size and hold another
        raise BadImageError(_DAMAGED)
    exif, orientation = _read_exif(image)
    icc = image.info.get("icc_profile") or None
    picture = from_cmyk(image, icc) if image.mode == "CMYK" else into_srgb(Picture.from_pil(image), icc)
    return oriented(replace(picture, exif=exif), orientation)


def _is_16_bit(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG":
        return data[24] == 16  # the bit depth in the header, which is always the first chunk
    return image.format == "TIFF" and max(_tiff_tag(image, 258, (1,))) == 16


def _tiff_tag(image: Image.Image, tag: int, default: Any) -> Any:
    return getattr(image, "tag_v2", {}).get(tag, default)


def _opencv_reads_all(image: Image.Image) -> bool:
    """Tell whether OpenCV understands a 16-bit file: a TIFF must be unsigned, interleaved, straight gray or RGB."""
    plain = _tiff_tag(image, 262, 2) in (1, 2) and set(_tiff_tag(image, 339, (1,))) == {1}
    return plain and 1 not in _tiff_tag(image, 338, ()) and _tiff_tag(image, 284, 1) == 1


def _decode_16_bit(image: Image.Image, data: bytes) -> Picture:
    exif, orientation = _read_exif(image)
    level = cv2.utils.logging.setLogLevel(0)  # OpenCV reports damaged files on the terminal; we raise
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if values is None or values.dtype != np.uint16 or values.shape[0] * values.shape[1] != image.width * image.height:
        raise BadImageError(_DAMAGED)
    gray = values.ndim == 2 or (image.format == "PNG" and data[25] == 4)  # PNG color type 4 is gray with alpha
    alpha = _alpha_of_16_bit(image, values)
    pixels = np.repeat(values[..., None], 3, axis=2) if values.ndim == 2 else values[..., 2::-1]  # from BGR
    picture = Picture(np.ascontiguousarray(pixels), visible_alpha(alpha), gray, exif=exif)
    icc = image.info.get("icc_profile") or None
    if icc and profile_fits(picture, icc):
        picture = replace(picture, icc=icc, in_icc_space=True)
    # OpenCV has already turned a TIFF, but never a PNG.
    return picture if image.format == "TIFF" else oriented(picture, orientation)


def _alpha_of_16_bit(image: Image.Image, values: np.ndarray) -> np.ndarray | None:
    if values.ndim == 3 and values.shape[2] == 4:
        unnamed_channel = 0 in _tiff_tag(image, 338, ())
        return None if unnamed_channel else np.ascontiguousarray(values[..., 3])
    clear = image.info.get("transparency")  # OpenCV passes over the transparent level of a gray PNG
    if values.ndim == 2 and isinstance(clear, int):
        return np.where(values == clear, 0, 65535).astype(np.uint16)
    return None


def _read_exif(image: Image.Image) -> tuple[bytes | None, int]:
    """Give the EXIF worth keeping and the orientation to apply; damaged EXIF never spoils a picture."""
    try:
        source = image.getexif()
        orientation = source.get(_EXIF_ORIENTATION, 1)
        return _rebuild_exif(source, keep_location=True), orientation
    except Exception:  # Pillow's EXIF reader raises nearly anything on damaged tags
        return None, 1


def _rebuild_exif(source: Image.Exif, keep_location: bool) -> bytes | None:
    kept = Image.Exif()
    for tag in _EXIF_ROOT:
        if tag in source:
            kept[tag] = source[tag]
    details = {tag: value for tag, value in source.get_ifd(_EXIF_DETAILS).items() if tag not in _EXIF_STALE_DETAILS}
    location = source.get_ifd(_EXIF_LOCATION) if keep_location else {}
    for tag, directory in ((_EXIF_DETAILS, details), (_EXIF_LOCATION, location)):
        if directory:
            kept[tag] = dict(directory)
    if not len(kept):
        return None
    kept[_EXIF_ORIENTATION] = 1
    packed = kept.tobytes()
    return packed if len(packed) <= _MAX_SEGMENT_BYTES else None


def save_picture(
    picture: Picture, path: str | Path, *, options: SaveOptions = SaveOptions(), recipe: str | None = None
) -> None:
    """Write a picture whole or not at all: a failure leaves the file that was there.

    Its profile, EXIF and digital source type go into the file, and a gray picture is written gray where the format
    can (PNG, JPEG).

    Args:
        picture: what to write; JPEG has no alpha, there it is laid on white.
        path: where to; the folder must exist.
        options: format, quality, depth, and whether the location stays.
        recipe: the settings as JSON, saved in the file for `read_recipe`.

    Raises:
        BadRequestError: unknown ending, settings that the format does not have, or the file cannot be written.
    """
    path = Path(path)
    is_told = recipe is not None or picture.source_type
    packet = xmp.pack(recipe, picture.source_type) if is_told else None
    data = _encoded(picture, _kind_for(path, options), options, packet)
    with whole_file(path) as fresh:
        fresh.write_bytes(data)


def check_target(path: str | Path, options: SaveOptions) -> FileFormat:
    """Find out before any work whether a result can be saved.

    Returns:
        The format in which it will be.

    Raises:
        BadRequestError: unknown ending, settings that the format does not have, or a place that cannot be written to.
    """
    path = Path(path)
    kind = _kind_for(path, options)
    check_file(path)
    return kind


def _kind_for(path: Path, options: SaveOptions) -> FileFormat:
    kind = options.format or _format_of(path)
    if options.bit_depth == 16 and kind != "png":
        raise BadRequestError(f"{kind} files of 16 bits cannot be written, take PNG or 8 bits.")
    return kind


def _format_of(path: Path) -> FileFormat:
    if path.name == "-":
        raise BadRequestError("A picture is written to a file, give its name instead of -.")
    ending = "." if path.name.endswith(".") else path.suffix.lower()
    if ending and ending not in _ENDINGS:
        raise BadRequestError(f"Files ending in {ending} cannot be written, take one of {', '.join(_ENDINGS)}.")
    return _ENDINGS.get(ending, "png")


def _encoded(picture: Picture, kind: FileFormat, options: SaveOptions, xmp: bytes | None) -> bytes:
    if max(picture.width, picture.height) > _MAX_SIDE_PX[kind]:
        raise BadRequestError(f"{kind} holds at most {_MAX_SIDE_PX[kind]} pixels a side, save as PNG instead.")
    source = Image.Exif()
    if picture.exif:
        source.load(picture.exif)
    exif = _rebuild_exif(source, options.keep_location)
    bit_depth = options.bit_depth or (picture.bit_depth if kind == "png" else 8)
    if bit_depth == 16:
        png, icc = _png_of_16_bit(picture)
        return _with_chunks(png, icc, exif, xmp)
    if picture.gray and kind in ("webp", "avif"):  # they have no gray, and a gray profile does not fit RGB
        image, icc = replace(picture, alpha=None).to_pil().convert("RGB"), None
    else:
        image, icc = in_own_colors(picture)
    if picture.alpha is not None:
        alpha = Image.fromarray(to_uint8(picture.alpha))
        if kind == "jpeg":
            image = Image.composite(image, Image.new(image.mode, image.size, "white"), alpha)
        else:
            image.putalpha(alpha)
    buffer = io.BytesIO()
    if kind == "png":
        image.save(buffer, kind, **_ENCODER[kind])
        return _with_chunks(buffer.getvalue(), icc, exif, xmp)
    extras = {"icc_profile": icc, "exif": exif, "xmp": xmp}
    present: dict[str, Any] = {name: value for name, value in extras.items() if value}
    image.save(buffer, kind, quality=options.quality, **_ENCODER[kind], **present)
    return buffer.getvalue()


def _png_of_16_bit(picture: Picture) -> tuple[bytes, bytes | None]:
    """Give a PNG and the profile of its values; gray with alpha becomes RGBA, because OpenCV writes no such PNG."""
    if picture.bit_depth == 16:
        pixels, icc = picture.pixels, picture.icc if picture.in_icc_space else None  # sRGB of 16 bits stays sRGB
    else:
        image, icc = in_own_colors(picture)
        pixels = with_depth(np.asarray(image.convert("RGB")), np.dtype(np.uint16))
    if picture.alpha is not None:
        values = np.dstack((pixels[..., ::-1], with_depth(picture.alpha, np.dtype(np.uint16))))
        icc = None if picture.gray else icc
    else:
        values = pixels[..., 0] if picture.gray else pixels[..., ::-1]
    return cv2.imencode(".png", np.ascontiguousarray(values))[1].tobytes(), icc


def _with_chunks(png: bytes, icc: bytes | None, exif: bytes | None, xmp: bytes | None) -> bytes:
    """Put profile, EXIF and XMP right behind the header chunk of a PNG, which is 33 bytes with the signature."""
    chunks = []
    if icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"".join((png[:33], *packed, png[33:]))


def read_recipe(file: str | Path | bytes | BinaryIO) -> str | None:
    """Give the recipe that `save_picture` put into a PNG, JPEG, WebP or AVIF file, None if there is none.

    Anybody can write a recipe: it is at most 65,000 bytes of plain text that nobody has checked.

    Raises:
        BadImageError: the file is not a picture.
    """
    with _decoder_errors(), _opened(_read_bytes(file)) as image:
        return xmp.unpack(image.info.get("xmp"))
