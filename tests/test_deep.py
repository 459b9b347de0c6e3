"""Files of 16 bits: every bit is kept, or the loss is told."""

import io
import struct

import cv2
import numpy as np
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


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_keeps_every_bit(channels, byteorder):
    values = noise_16(5, 7, channels)
    file = io.BytesIO()
    extra = ["unassalpha"] if channels == 4 else None
    kind = "minisblack" if channels == 1 else "rgb"
    tifffile.imwrite(file, values.squeeze(), photometric=kind, extrasamples=extra, byteorder=byteorder)
    picture = open_picture(file.getvalue())
    assert np.array_equal(picture.pixels, values[..., :3] if channels > 1 else values.repeat(3, axis=2))
    assert (picture.alpha is not None) == (channels == 4)


def test_a_fourth_channel_of_unknown_meaning_is_not_alpha():
    values = noise_16(5, 7, 4)
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["unspecified"])
    picture = open_picture(file.getvalue())
    assert picture.alpha is None
    assert np.array_equal(picture.pixels, values[..., :3])


def test_a_16_bit_tiff_of_separate_planes_is_never_scrambled():
    planes = np.stack([np.full((8, 8), value * 257, np.uint16) for value in (200, 100, 50)])
    file = io.BytesIO()
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    try:
        picture = open_picture(file.getvalue())
    except BadImageError:
        return  # refused is fine, wrong is not
    assert picture.pixels[4, 4].tolist() == [200, 100, 50]


def test_premultiplied_16_bit_tiff_becomes_straight_and_tells_its_loss():
    values = np.full((4, 4, 4), (10000, 20000, 30000, 32768), np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["assocalpha"])
    picture = open_picture(file.getvalue())
    assert picture.notes == ("Only 8 of the 16 bits of this file are used.",)
    assert np.abs(picture.pixels[0, 0] - np.array([78, 156, 233])).max() <= 2


@pytest.mark.parametrize("dtype", [np.float32, np.uint32])
def test_tiff_of_32_bits_is_refused_in_a_sentence(dtype):
    file = io.BytesIO()
    tifffile.imwrite(file, np.ones((4, 4), dtype), photometric="minisblack")
    with pytest.raises(BadImageError):
        open_picture(file.getvalue())


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
