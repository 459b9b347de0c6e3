"""Color codes of HEIC, AVIF and PNG files, against what Chromium shows of the same files."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from picture_files import chunk, file_of
from PIL import Image

from ganedit.cicp import HDR_NOTE
from ganedit.formats import open_picture

PATCHES = ((200, 40, 40), (40, 160, 60), (50, 70, 190), (220, 200, 60), (128, 128, 128), (30, 30, 30))

# Of Chromium 156: AVIF files whose color box alone was changed, drawn to a canvas of sRGB.
SHOWN = {
    (1, 13): ((200, 40, 40), (40, 161, 60), (50, 71, 189), (220, 200, 59), (128, 128, 128), (30, 30, 30)),
    (1, 1): ((200, 40, 40), (40, 161, 60), (50, 71, 189), (220, 200, 59), (128, 128, 128), (30, 30, 30)),
    (2, 2): ((200, 40, 40), (40, 161, 60), (50, 71, 189), (220, 200, 59), (128, 128, 128), (30, 30, 30)),
    (12, 13): ((218, 0, 26), (0, 164, 40), (44, 72, 196), (224, 199, 0), (128, 128, 128), (30, 30, 30)),
    (9, 14): ((249, 0, 27), (0, 170, 32), (0, 71, 198), (237, 198, 0), (128, 128, 128), (30, 30, 30)),
    (6, 6): ((195, 49, 39), (55, 159, 59), (55, 75, 189), (218, 199, 57), (128, 128, 128), (30, 30, 30)),
    (1, 8): ((229, 110, 110), (110, 208, 133), (122, 144, 223), (239, 229, 132), (188, 188, 188), (96, 96, 96)),
    (1, 4): ((201, 35, 35), (35, 162, 57), (46, 69, 190), (221, 201, 56), (129, 129, 129), (24, 24, 24)),
    (1, 5): ((189, 17, 17), (17, 143, 36), (26, 47, 176), (212, 189, 35), (106, 106, 106), (8, 8, 8)),
    (9, 18): ((230, 0, 13), (0, 140, 23), (0, 50, 161), (246, 180, 0), (99, 99, 99), (13, 13, 13)),
    (9, 16): ((255, 0, 0), (0, 227, 0), (0, 2, 255), (255, 174, 0), (132, 132, 132), (4, 4, 4)),
}


def card() -> np.ndarray:
    return np.repeat(np.repeat(np.array([PATCHES], np.uint8), 16, axis=0), 16, axis=1)


def avif(primaries: int, transfer: int) -> bytes:
    data = file_of(Image.fromarray(card()), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def heic(primaries: int, transfer: int) -> bytes:
    file = pillow_heif.from_bytes("RGB;16", (96, 16), (card().astype(np.uint16) * 257).tobytes())
    codes = {"color_primaries": primaries, "transfer_characteristics": transfer, "matrix_coefficients": 6}
    buffer = io.BytesIO()
    file.save(buffer, quality=-1, chroma=444, full_range_flag=1, **codes)
    return buffer.getvalue()


def png_with(*chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 16, 8, 2, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in card())
    body = b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")


def png(primaries: int, transfer: int) -> bytes:
    return png_with(chunk(b"cICP", bytes((primaries, transfer, 0, 1))))


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def chromaticities(*values: int) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *values))


P3_NUMBERS = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
D50_NUMBERS = (34567, 35850, 64000, 33000, 30000, 60000, 15000, 6000)
PNG_NUMBERS = {
    "linear": (gamma(100_000),),
    "gamma 2": (gamma(50_000),),
    "wide": (gamma(45_455), chromaticities(*P3_NUMBERS)),
    "warm white": (gamma(45_455), chromaticities(*D50_NUMBERS)),
    "gamma of sRGB": (gamma(45_455),),
    "said to be sRGB": (chunk(b"sRGB", b"\0"), gamma(100_000)),
    "no gamma": (chromaticities(*P3_NUMBERS),),
    "gamma of nothing": (gamma(0), chromaticities(*P3_NUMBERS)),
    "primaries on a line": (gamma(45_455), chromaticities(31270, 32900, 30000, 30000, 40000, 40000, 50000, 50000)),
}

# Of Chromium 156 too; what is not named here is shown as it is stored.
SHOWN_BY_NUMBERS = {
    "linear": ((229, 110, 110), (110, 208, 133), (122, 143, 224), (239, 229, 133), (188, 188, 188), (96, 96, 96)),
    "gamma 2": ((206, 43, 43), (43, 168, 67), (55, 78, 197), (224, 206, 67), (137, 137, 137), (31, 31, 31)),
    "wide": ((220, 0, 18), (0, 164, 35), (40, 69, 199), (225, 200, 0), (129, 129, 129), (24, 24, 24)),
    "warm white": ((210, 39, 41), (0, 161, 63), (37, 67, 188), (224, 202, 71), (129, 129, 129), (24, 24, 24)),
}


def middles(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[8, 8::16].astype(int)


@pytest.mark.parametrize("codes", SHOWN)
@pytest.mark.parametrize("make", [avif, heic, png])
def test_colors_are_those_that_a_browser_shows(make, codes):
    picture = open_picture(make(*codes))
    assert np.abs(middles(picture.to_pil()) - SHOWN[codes]).max() <= (6 if codes[1] in (16, 18) else 3)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_told_and_keeps_16_bits(transfer):
    picture = open_picture(avif(9, transfer))
    assert picture.bit_depth == 16
    assert picture.notes == (HDR_NOTE,)


def test_stored_levels_stay_where_only_the_primaries_are_others():
    plain, wide = open_picture(avif(1, 13)), open_picture(avif(12, 13))
    assert np.array_equal(plain.pixels, wide.pixels)
    assert plain.icc is None
    assert wide.icc is not None


def test_a_profile_counts_more_than_the_codes_but_in_a_png():
    icc = open_picture(avif(12, 13)).icc
    data = file_of(Image.fromarray(card()), "AVIF", quality=100, subsampling="4:4:4", icc_profile=icc)
    assert open_picture(data).icc == icc
    plain = png(1, 13)
    both = plain[:33] + chunk(b"iCCP", b"x\0\0" + zlib.compress(icc or b"")) + plain[33:]
    assert open_picture(both).icc is None


@pytest.mark.parametrize("numbers", PNG_NUMBERS)
def test_a_png_with_gamma_and_primaries_looks_as_in_a_browser(numbers):
    picture = open_picture(png_with(*PNG_NUMBERS[numbers]))
    assert np.abs(middles(picture.to_pil()) - SHOWN_BY_NUMBERS.get(numbers, PATCHES)).max() <= 1
    assert (picture.pixels == card()).all()


@pytest.mark.parametrize("place", [0, 1, 2**32 - 1])
def test_primaries_that_cannot_be_are_ignored(place):
    picture = open_picture(png_with(gamma(45_455), chromaticities(31270, 32900, place, place, 1, 1, 15000, place)))
    assert picture.icc is None
    assert (picture.pixels == card()).all()
