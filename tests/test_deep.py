"""Files of 16 bits: every bit is kept, or the loss is told."""

import io
import struct
from contextlib import suppress

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from picture_files import chunk, noise_16, png_16

from ganedit.errors import BadImageError
from ganedit.formats import open_picture


@pytest.mark.parametrize(("channels", "color_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_16_bit_png_keeps_every_bit(channels, color_type):
    values = noise_16(5, 7, channels)
    picture = open_picture(png_16(values, color_type))
    assert picture.pixels.dtype == np.uint16
    assert picture.gray == (channels < 3)
    expected = values[..., :3] if channels > 2 else values[..., :1].repeat(3, axis=2)
    assert np.array_equal(picture.pixels, expected)
    if channels in (2, 4):
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, values[..., -1])
    else:
        assert picture.alpha is None


def test_the_transparent_level_of_a_16_bit_gray_png_becomes_alpha():
    values = noise_16(5, 7, 1)
    picture = open_picture(png_16(values, 0, chunk(b"tRNS", struct.pack(">H", values[2, 3, 0]))))
    assert picture.alpha is not None
    assert picture.alpha[2, 3] == 0
    assert picture.alpha.max() == 65535


def ramp() -> np.ndarray:
    return np.linspace(0, 65535, 96).round().astype(np.uint16)[None].repeat(8, axis=0)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_10_bits_of_heic_and_avif_are_kept(kind):
    values = np.linspace(0, 1023, 96).round().astype(np.uint16)[None, :, None].repeat(16, axis=0).repeat(3, axis=2)
    if kind == "AVIF":
        flags = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
        data = cv2.imencode(".avif", values, flags)[1].tobytes()
    else:
        file = io.BytesIO()
        pillow_heif.from_bytes("RGB;16", (96, 16), (values << 6).tobytes()).save(file, quality=-1, chroma=444)
        data = file.getvalue()
    picture = open_picture(data)
    assert picture.bit_depth == 16
    assert picture.notes == ()
    assert np.abs(picture.pixels[8, :, 1].astype(int) - ramp()[0]).max() <= 2 * 65535 / 1023
    assert picture.pixels.max() == 65535


def test_a_missing_decoder_for_the_other_bits_is_told(monkeypatch):
    flags = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    data = cv2.imencode(".avif", np.full((16, 16, 3), 700, np.uint16), flags)[1].tobytes()
    monkeypatch.setattr("ganedit.deep.by_opencv", lambda _: None)
    picture = open_picture(data)
    assert picture.bit_depth == 8
    assert picture.notes == ("Only 8 of the 10 bits of this file are used.",)


def test_a_chunk_that_says_it_is_gigabytes_long_never_comes_to_opencv(monkeypatch):
    monkeypatch.setattr("ganedit.deep.by_opencv", lambda _: pytest.fail("OpenCV fills what such a chunk says"))
    header = png_16(noise_16(4, 4, 3), 2)
    for name in (b"tEXt", b"iCCP", b"IDAT"):
        with suppress(BadImageError):
            open_picture(header[:33] + struct.pack(">I", 0xFFFFFF00) + name + header[33:])


def test_truncated_16_bit_files_are_refused_without_noise(capfd):
    tiff = io.BytesIO()
    tifffile.imwrite(tiff, noise_16(32, 32, 3), photometric="rgb")
    for data in (png_16(noise_16(32, 32, 3), 2), tiff.getvalue()):
        with pytest.raises(BadImageError):
            open_picture(data[: len(data) * 2 // 3])
    assert capfd.readouterr().err == ""


def test_opencv_is_as_talkative_after_opening_as_before():
    before = cv2.utils.logging.getLogLevel()
    open_picture(png_16(noise_16(4, 4, 3), 2))
    assert cv2.utils.logging.getLogLevel() == before
