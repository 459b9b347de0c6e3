"""Picture files: open any that users have, save the four that the web reads, refuse the rest in one sentence.

Files come from strangers. Formats are on a whitelist, sizes are read from the header before anything is decoded, and
whatever a decoder raises leaves here as `BadImageError`.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from PIL import Image

from ganedit import xmp
from ganedit.color import profile_space
from ganedit.decode import DAMAGED, decode, decode_rare_tiff
from ganedit.errors import BadImageError, BadRequestError, UserError, cut
from ganedit.exif import rebuild_exif
from ganedit.files import check_file, whole_file
from ganedit.image import Picture, check_size, to_uint8, with_depth
from ganedit.tiff import is_tiff

MAX_MEGAPIXELS = 80.0
FileFormat = Literal["png", "jpeg", "webp", "avif"]

_MAX_FILE_BYTES = 1 << 30
_READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_SAVE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
_ENDINGS: dict[str, FileFormat] = {".jpg": "jpeg", ".jpeg": "jpeg", **{f".{name}": name for name in _SAVE_FORMATS}}
_MAX_SIDE_PX = {"png": 1 << 24, "jpeg": 65_500, "webp": 16_383, "avif": 65_536}
_PNG_LEVEL = 4
# Full color resolution; and the effort from which on files get slower (2 to 3 times) but hardly smaller.
_ENCODER = {
    "png": {"compress_level": _PNG_LEVEL},
    "jpeg": {"subsampling": "4:4:4"},
    "webp": {"method": 2},
    "avif": {"subsampling": "4:4:4", "speed": 8},
}
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}  # color type by channels


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
            raise BadRequestError(
                f"The format {cut(self.format)!r} cannot be written, take {', '.join(_SAVE_FORMATS)}."
            )
        if not 1 <= self.quality <= 100:
            raise BadRequestError(f"The quality must be from 1 to 100, not {self.quality}.")
        if self.bit_depth not in (None, 8, 16):
            raise BadRequestError(f"The bit depth must be 8 or 16, not {self.bit_depth}.")


def open_picture(file: str | Path | bytes | BinaryIO, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Open a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC file; of an animation the first frame.

    Orientation is applied. The colors stay as they were stored, in the profile of the file or in that which its color
    codes stand for; printing colors and HDR, which no picture here can be in, are converted with a note.

    Args:
        file: a path, the bytes of a file, or a file opened for reading bytes.
        max_megapixels: larger pictures are refused before decoding.

    Raises:
        BadImageError: no such file, empty, damaged, of another kind, or too large.
        NoRoomError: there is not enough memory for it.
    """
    data = _read_bytes(file)
    with _decoder_errors(data):
        picture = _decoded(data, max_megapixels)
    return replace(picture, source_type=picture.source_type or xmp.source_type_in(data))


def _decoded(data: bytes, max_megapixels: float) -> Picture:
    try:
        image = _opened(data)
    except Image.UnidentifiedImageError:
        if not is_tiff(data):
            raise
        return decode_rare_tiff(data, max_megapixels)
    with image:
        check_size(image.width, image.height, max_megapixels)
        source_type = xmp.source_type_in(image.info.get("xmp", b""))
        return replace(decode(image, data, max_megapixels), source_type=source_type)


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
    return data


@contextmanager
def _decoder_errors(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder of the data raises into `BadImageError`."""
    try:
        yield
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImageError("The picture has far too many pixels, make it smaller first.") from error
    except Image.UnidentifiedImageError as error:
        if b"<svg" in data[:4096].lower():
            raise BadImageError("SVG drawings cannot be opened, export the drawing as PNG first.") from error
        raise BadImageError(
            "The file is not a picture that can be opened: take an undamaged JPEG, PNG, WebP, TIFF, BMP, GIF, "
            "AVIF or HEIC file."
        ) from error
    except Exception as error:  # a hostile file can make a decoder raise anything; nothing but decoding runs in here
        raise BadImageError(DAMAGED) from error


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


def check_sides(kind: FileFormat, width: int, height: int) -> None:
    """Refuse a picture that is wider or higher than files of a format can be.

    Raises:
        BadRequestError: it is.
    """
    if max(width, height) > _MAX_SIDE_PX[kind]:
        raise BadRequestError(f"{kind} holds at most {_MAX_SIDE_PX[kind]} pixels a side, save as PNG instead.")


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
    check_sides(kind, picture.width, picture.height)
    exif = rebuild_exif(picture.exif, options.keep_location)
    bit_depth = options.bit_depth or (picture.bit_depth if kind == "png" else 8)
    if bit_depth == 16:
        return _with_chunks(_png_of_16_bit(picture), picture.icc, exif, xmp)
    image, icc = _colors(picture, can_be_gray=kind in ("png", "jpeg"))
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


def _colors(picture: Picture, *, can_be_gray: bool) -> tuple[Image.Image, bytes | None]:
    """Give the pixels as 8-bit L or RGB, as they are stored, and the profile that goes with them.

    A gray profile fits no RGB, so a gray picture with one becomes sRGB where the format has no gray.
    """
    flat = replace(picture, alpha=None)
    if _fits_gray(picture) and can_be_gray:
        return flat.to_pil(as_stored=True), picture.icc
    if _fits_gray(picture):
        return flat.to_pil().convert("RGB"), None
    return flat.to_pil(as_stored=True).convert("RGB"), picture.icc


def _fits_gray(picture: Picture) -> bool:
    """Tell whether a picture can be written gray: an RGB profile would not fit it then."""
    return picture.gray and (picture.icc is None or profile_space(picture.icc) == "GRAY")


def _png_of_16_bit(picture: Picture) -> bytes:
    """Write a PNG of any number of channels; Pillow and OpenCV write no gray with alpha."""
    planes = [picture.pixels[..., :1] if _fits_gray(picture) else picture.pixels]
    planes += [] if picture.alpha is None else [picture.alpha[..., None]]
    values = np.concatenate([with_depth(plane, np.dtype(np.uint16)) for plane in planes], axis=2)
    height, width, channels = values.shape
    rows = np.empty((height, 1 + 2 * width * channels), np.uint8)
    rows[:, 0], rows[:, 1:] = 1, values.astype(">u2").view(np.uint8).reshape(height, -1)
    rows[:, 1 + 2 * channels :] -= rows[:, 1 : -2 * channels]  # filter 1: less what the pixel before has
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_KINDS[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, _PNG_LEVEL)), (b"IEND", b""))
    return _PNG_START + _packed(chunks)


def _with_chunks(png: bytes, icc: bytes | None, exif: bytes | None, xmp: bytes | None) -> bytes:
    """Put profile, EXIF and XMP right behind the header chunk of a PNG, which is 33 bytes with the signature."""
    chunks = []
    if icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    return b"".join((png[:33], _packed(chunks), png[33:]))


def _packed(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def read_recipe(file: str | Path | bytes | BinaryIO) -> str | None:
    """Give the recipe that `save_picture` put into a PNG, JPEG, WebP or AVIF file, None if there is none.

    Anybody can write a recipe: it is at most 65,000 bytes of plain text that nobody has checked.

    Raises:
        BadImageError: the file is not a picture.
    """
    data = _read_bytes(file)
    with _decoder_errors(data), _opened(data) as image:
        return xmp.unpack(image.info.get("xmp"))
