"""Colors of files: profiles and printing inks."""

import struct
import zlib

import numpy as np
import pytest
from picture_files import (
    ADOBE_RGB,
    FORMATS,
    SRGB,
    chunk,
    cmyk_profile,
    difference,
    file_of,
    gray_profile,
    noise_16,
    png_16,
    rgb_profile,
    smooth,
)
from PIL import Image, ImageCms, ImageOps

from ganedit.formats import SaveOptions, open_picture, save_picture
from ganedit.image import Picture, thumbnail


def cmyk_image() -> Image.Image:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = 255  # cyan, then bare paper
    return Image.fromarray(inks, "CMYK")


def without_adobe_marker(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee")
    length = struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return jpeg[:at] + jpeg[at + 2 + length :]


def test_cmyk_jpeg_of_adobe_is_not_inverted():
    data = file_of(cmyk_image(), "JPEG", quality=95)
    picture = open_picture(data)
    assert difference(picture.pixels[0, 2], np.array([0, 255, 255])) < 5
    assert difference(picture.pixels[0, 28], np.array([255, 255, 255])) < 5
    assert picture.notes == ("The printing colors (CMYK) were converted to sRGB.",)
    assert not picture.gray


def test_cmyk_jpeg_without_the_adobe_marker_stores_its_inks_plainly():
    plain = ImageOps.invert(Image.merge("RGB", cmyk_image().split()[:3])).split()
    inverted = Image.merge("CMYK", (*plain, Image.new("L", (32, 16), 255)))
    picture = open_picture(without_adobe_marker(file_of(inverted, "JPEG", quality=95)))
    assert difference(picture.pixels[0, 2], np.array([0, 255, 255])) < 5


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_cmyk_profile_decides_the_colors_and_is_not_given_back(kind, tmp_path):
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = inks[:, 16:, 3] = 255
    picture = open_picture(file_of(Image.fromarray(inks, "CMYK"), kind, icc_profile=cmyk_profile()))
    assert picture.pixels[0, 2].min() > 250
    assert picture.pixels[0, 28].max() < 5
    assert picture.icc is None
    save_picture(picture, tmp_path / "a.png")
    assert "icc_profile" not in Image.open(tmp_path / "a.png").info


@pytest.mark.parametrize("kind", FORMATS)
def test_colors_become_srgb_and_the_profile_comes_back(kind, tmp_path):
    icc = rgb_profile()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert difference(picture.pixels, smooth()) > 3  # the colors really are others in sRGB
    save_picture(picture, tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as saved:
        assert saved.info["icc_profile"] == icc
        # Colors outside sRGB are clipped, the others come back but for rounding and compression.
        inside = ((picture.pixels > 0) & (picture.pixels < 255)).all(axis=2)
        assert inside.mean() > 0.3
        assert difference(np.asarray(saved.convert("RGB"))[inside], smooth()[inside]) < 2.5


def test_conversion_agrees_with_the_mathematics():
    value = np.array([100, 150, 90]) / 255
    linear = np.linalg.inv(np.array(SRGB).T) @ np.array(ADOBE_RGB).T @ value**2.2
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    data = file_of(Image.new("RGB", (2, 2), (100, 150, 90)), "PNG", icc_profile=rgb_profile())
    assert np.abs(open_picture(data).pixels[0, 0] - expected).max() <= 1.5


def test_an_srgb_profile_changes_no_pixel(tmp_path):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(picture.pixels, smooth())
    save_picture(picture, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved:
        assert np.array_equal(np.asarray(saved), smooth())
        assert saved.info["icc_profile"] == icc


def test_an_almost_srgb_profile_changes_no_pixel():
    encoded = np.linspace(0, 1, 1024)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + np.rint(linear * 65535).astype(">u2").tobytes()
    icc = rgb_profile(SRGB, curve)
    values = (noise_16(256, 256, 3) >> 8).astype(np.uint8)
    assert np.array_equal(open_picture(file_of(Image.fromarray(values), "PNG", icc_profile=icc)).pixels, values)


def test_without_a_profile_none_is_embedded(tmp_path):
    for kind in FORMATS:
        save_picture(Picture(smooth()), tmp_path / f"a.{kind}")
        assert not Image.open(tmp_path / f"a.{kind}").info.get("icc_profile")


def test_a_gray_profile_is_applied_and_given_back(tmp_path):
    gray = smooth()[..., 0]
    picture = open_picture(file_of(Image.fromarray(gray), "PNG", icc_profile=gray_profile(1.4)))
    assert picture.gray
    assert difference(picture.pixels[..., 0], gray) > 10
    assert np.ptp(picture.pixels, axis=2).max() == 0
    save_picture(picture, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as saved:
        assert saved.mode == "L"
        assert saved.info["icc_profile"] == gray_profile(1.4)
        assert difference(np.asarray(saved), gray) < 2


def test_16_bit_colors_stay_in_their_profile_and_come_back_exactly(tmp_path):
    values = noise_16(8, 8, 3)
    data = png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile())))
    picture = open_picture(data)
    assert picture.in_icc_space
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    again = open_picture(tmp_path / "a.png")
    assert again.icc == rgb_profile()
    assert np.array_equal(again.pixels, values)


def test_the_preview_of_a_16_bit_picture_is_srgb():
    values = np.full((2, 2, 3), (100 * 257, 150 * 257, 90 * 257), np.uint16)
    deep = open_picture(png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile()))))
    flat = open_picture(file_of(Image.new("RGB", (2, 2), (100, 150, 90)), "PNG", icc_profile=rgb_profile()))
    assert deep.to_pil().getpixel((0, 0)) == flat.to_pil().getpixel((0, 0))


def test_the_preview_of_a_16_bit_gray_picture_is_srgb():
    values = np.full((2, 2, 1), 100 * 257, np.uint16)
    deep = open_picture(png_16(values, 0, chunk(b"iCCP", b"x\0\0" + zlib.compress(gray_profile(1.4)))))
    flat = open_picture(file_of(Image.new("L", (2, 2), 100), "PNG", icc_profile=gray_profile(1.4)))
    assert deep.to_pil().getpixel((0, 0)) == flat.pixels[0, 0, 0]
    assert deep.to_pil().mode == "L"


def test_a_thumbnail_is_not_converted_twice():
    values = np.full((8, 8, 3), (100 * 257, 150 * 257, 90 * 257), np.uint16)
    deep = open_picture(png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile()))))
    assert thumbnail(deep, 4).to_pil().getpixel((0, 0)) == deep.to_pil().getpixel((0, 0))


@pytest.mark.parametrize("icc", [b"not a profile", gray_profile(2.2), cmyk_profile()])
def test_a_profile_that_does_not_fit_is_left_out(icc):
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(picture.pixels, smooth())
    assert picture.icc is None
