"""From an opened file to a picture: the decoder for its depth, upright, with colors that mean what the file says."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageCms

from ganedit.budget import PIXELS
from ganedit.cicp import color_codes, png_profile, with_color_codes
from ganedit.color import lab_to_srgb, profile_space, to_srgb, tone_exponent
from ganedit.deep import bits_of, open_deep
from ganedit.errors import BadImageError
from ganedit.exif import read_exif
from ganedit.image import Picture, oriented
from ganedit.tiff import DECODING_BYTES, open_tiff

DAMAGED = "The picture is damaged or cut off, get a fresh copy of the file."

_CMYK_NOTE = "The printing colors (CMYK) were converted to sRGB."
_LAB_NOTE = "The Lab colors of this file were converted to sRGB."
_PROFILE_NOTE = "The color profile of this file is damaged or of another kind of colors, so it was ignored."
_CONVERTED_MODES = ("CMYK", "LAB")  # become sRGB whatever their profile
_JPEG_END = b"\xff\xd9"
_MANY_ONES = b"\xfe" * 64  # bits that differ from the zeros which libjpeg goes on with at the end of a file


def decode(image: Image.Image, data: bytes, max_megapixels: float) -> Picture:
    """Decode the pixels, exif and colors of an opened file.

    Args:
        image: opened, of a checked size; nothing of it is decoded yet.
        data: the whole file.
        max_megapixels: see `tiff.open_tiff`.

    Raises:
        BadImageError: it is damaged or of a kind that cannot be read; decoders raise anything else too.
    """
    bits = bits_of(image, data)
    with PIXELS.room(image.width * image.height * DECODING_BYTES[bits > 8]):
        return _decode(image, data, bits, max_megapixels)


def _decode(image: Image.Image, data: bytes, bits: int, max_megapixels: float) -> Picture:
    notes = _frame_notes(image)
    icc = image.info.get("icc_profile") or (png_profile(image.info) if image.format == "PNG" else None)
    exif, orientation, exif_notes = read_exif(image)
    picture = None
    if bits > 8:
        is_from_tiff = image.format == "TIFF"
        picture = open_tiff(data, max_megapixels) if is_from_tiff else open_deep(image, data, orientation)
    if picture is None:
        picture = _decode_8_bit(image, data)
        picture = picture if image.format == "TIFF" else oriented(picture, orientation)  # Pillow has turned a TIFF
        notes += (f"Only 8 of the {bits} bits of this file are used.",) if bits > 8 else ()
    if image.mode not in _CONVERTED_MODES:
        picture = _with_profile(picture, icc, data)
    return replace(picture, exif=exif, notes=(*notes, *picture.notes, *exif_notes))


def decode_rare_tiff(data: bytes, max_megapixels: float) -> Picture:
    """Decode a TIFF that Pillow does not know.

    Raises:
        BadImageError: tifffile does not know it either, or it is damaged or too large.
    """
    picture = open_tiff(data, max_megapixels)
    if picture is None:
        raise BadImageError(
            "TIFF files of this kind (by their channels, bits and compression together) cannot be opened, save the "
            "picture as 8 or 16-bit RGB first."
        )
    return _with_profile(picture, picture.icc, data)


def _decode_8_bit(image: Image.Image, data: bytes) -> Picture:
    size = image.size
    image = _loaded(image, data)
    if image.width * image.height > size[0] * size[1]:  # some containers say one size and hold another
        raise BadImageError(DAMAGED)
    if image.mode == "CMYK":
        return _from_cmyk(image)
    if image.mode == "LAB":
        return replace(Picture.from_pil(lab_to_srgb(image)), notes=(_LAB_NOTE,))
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode in ("1", "L") and isinstance(clear, int):
        top = (1 << bits_of(image, data)) - 1
        image = image.convert("L")
        image.info["transparency"] = min(clear, top) * 255 // top  # Pillow widens all levels but this one
    return Picture.from_pil(image)


def _loaded(image: Image.Image, data: bytes) -> Image.Image:
    try:
        image.load()
    except OSError:
        if image.format != "JPEG":
            raise
        return _jpeg_without_end(data)
    return image


def _jpeg_without_end(data: bytes) -> Image.Image:
    """Open a JPEG that lacks nothing but its end marker: it decodes alike whatever follows, which a cut one does not.

    Raises:
        BadImageError: it is really cut off.
    """
    data = data.rstrip(b"\xff")  # the first half of the marker may be there
    tails = (_JPEG_END, _MANY_ONES + _JPEG_END)
    image, other = (Image.open(io.BytesIO(data + tail), formats=["JPEG"]) for tail in tails)
    if not np.array_equal(np.asarray(image), np.asarray(other)):
        raise BadImageError(DAMAGED)
    return image


def _from_cmyk(image: Image.Image) -> Picture:
    """Convert a CMYK image, as Pillow opened it, to sRGB; its profile cannot be given back to RGB and is dropped."""
    icc, notes = image.info.get("icc_profile"), (_CMYK_NOTE,)
    # Pillow takes every CMYK JPEG for one of Adobe's, whose inks are stored inverted, and turns them round.
    if image.format == "JPEG" and "adobe" not in image.info:
        image = Image.fromarray(255 - np.asarray(image), "CMYK")
    if icc:
        try:
            image = to_srgb(image, icc)
        except (OSError, ImageCms.PyCMSError):
            notes += (_PROFILE_NOTE,)
    return replace(Picture.from_pil(image), notes=notes)


def _with_profile(picture: Picture, icc: bytes | None, data: bytes) -> Picture:
    """Say what the stored values mean: by the color codes of the file or by its profile, if that can be used."""
    codes = color_codes(data)
    if codes and (not icc or data.startswith(b"\x89PNG")):  # in a PNG the codes count more, elsewhere the profile
        return with_color_codes(replace(picture, icc=None), *codes)
    if not icc:
        return replace(picture, icc=None)
    fits = profile_space(icc) in (("RGB", "GRAY") if picture.gray else ("RGB",)) and tone_exponent(icc) is not None
    return replace(picture, icc=icc) if fits else replace(picture, icc=None, notes=(*picture.notes, _PROFILE_NOTE))


def _frame_notes(image: Image.Image) -> tuple[str, ...]:
    # MPO is a JPEG photo with a second view or a brightness map behind it, which nobody misses.
    if not getattr(image, "is_animated", False) or image.format == "MPO":
        return ()
    part = {"TIFF": "first page of this file", "HEIF": "main picture of this file"}
    return (f"Only the {part.get(image.format or '', 'first frame of this animation')} is used.",)
