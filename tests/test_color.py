"""Colors of files: profiles and printing inks."""

import io
import struct
import zlib
from pathlib import Path

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
    gamma_curve,
    gray_profile,
    icc_profile,
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
def test_colors_stay_in_their_profile_and_come_back_with_it(kind, tmp_path):
    icc = rgb_profile()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(picture.pixels, smooth())
    assert difference(np.asarray(picture.to_pil()), smooth()) > 3  # the colors really are others in sRGB
    save_picture(picture, tmp_path / f"a.{kind}")
    with Image.open(tmp_path / f"a.{kind}") as saved:
        assert saved.info["icc_profile"] == icc
        assert difference(np.asarray(saved.convert("RGB")), smooth()) < (1 if kind == "png" else 2.5)


def as_a_viewer_shows(path: Path) -> np.ndarray:
    """What a color-managed viewer makes of a file, by Little CMS alone."""
    with Image.open(path) as image:
        icc, image = image.info.get("icc_profile"), image.convert("L" if image.mode in ("L", "LA") else "RGB")
    if icc:
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        shown = ImageCms.profileToProfile(
            image, source, target, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB", flags=flags
        )
        assert shown is not None
        image = shown
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
def test_a_gray_picture_looks_the_same_in_every_format(kind, gamma, tmp_path):
    Image.fromarray(smooth()).convert("L").save(tmp_path / "in.png", icc_profile=gray_profile(gamma))
    save_picture(open_picture(tmp_path / "in.png"), tmp_path / f"a.{kind}")
    assert difference(as_a_viewer_shows(tmp_path / f"a.{kind}"), as_a_viewer_shows(tmp_path / "in.png")) < 1.5


@pytest.mark.parametrize("kind", FORMATS)
def test_a_gray_jpeg_with_an_rgb_profile_has_the_colors_of_the_profile(kind, tmp_path):
    gray, icc = Image.fromarray(smooth()).convert("L"), rgb_profile(SRGB, gamma_curve(1.8))
    gray.convert("RGB").save(tmp_path / "right.png", icc_profile=icc)
    picture = open_picture(file_of(gray, "JPEG", quality=97, icc_profile=icc))
    assert picture.gray
    save_picture(picture, tmp_path / f"a.{kind}")
    assert difference(as_a_viewer_shows(tmp_path / f"a.{kind}"), as_a_viewer_shows(tmp_path / "right.png")) < 1.5


def test_gray_with_alpha_keeps_its_profile_in_16_bits(tmp_path):
    values = noise_16(5, 7, 2)
    picture = open_picture(png_16(values, 4, chunk(b"iCCP", b"x\0\0" + zlib.compress(gray_profile(1.8)))))
    save_picture(picture, tmp_path / "a.png")
    again = open_picture(tmp_path / "a.png")
    assert again.alpha is not None
    assert again.gray
    assert again.icc == gray_profile(1.8)
    assert np.array_equal(np.dstack([again.pixels[..., 0], again.alpha]), values)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_with_a_profile_that_leads_to_no_colors_are_converted_plainly_and_told(kind):
    inks = Image.fromarray(smooth()).convert("CMYK")
    useless = icc_profile(b"CMYK", b"Lab ", b"prtr", {})
    plain, told = (open_picture(file_of(inks, kind, **extra)) for extra in ({}, {"icc_profile": useless}))
    assert np.array_equal(told.pixels, plain.pixels)
    assert [note for note in told.notes if "profile" in note]


def test_lab_becomes_srgb_as_little_cms_converts_it():
    lab = ImageCms.profileToProfile(
        Image.fromarray(smooth()), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    picture = open_picture(file_of(lab, "TIFF"))
    assert difference(picture.pixels, smooth()) < 1.5
    assert [note for note in picture.notes if "Lab" in note]


def test_conversion_agrees_with_the_mathematics():
    value = np.array([100, 150, 90]) / 255
    linear = np.linalg.inv(np.array(SRGB).T) @ np.array(ADOBE_RGB).T @ value**2.2
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    data = file_of(Image.new("RGB", (2, 2), (100, 150, 90)), "PNG", icc_profile=rgb_profile())
    assert np.abs(np.array(open_picture(data).to_pil().getpixel((0, 0))) - expected).max() <= 1.5


def test_an_srgb_profile_changes_no_pixel(tmp_path):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = open_picture(file_of(Image.fromarray(smooth()), "PNG", icc_profile=icc))
    assert np.array_equal(np.asarray(picture.to_pil()), smooth())
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
    shown = open_picture(file_of(Image.fromarray(values), "PNG", icc_profile=icc)).to_pil()
    assert np.array_equal(np.asarray(shown), values)


def test_without_a_profile_none_is_embedded(tmp_path):
    for kind in FORMATS:
        save_picture(Picture(smooth()), tmp_path / f"a.{kind}")
        assert not Image.open(tmp_path / f"a.{kind}").info.get("icc_profile")


def test_a_gray_profile_is_applied_and_given_back(tmp_path):
    gray = smooth()[..., 0]
    picture = open_picture(file_of(Image.fromarray(gray), "PNG", icc_profile=gray_profile(1.4)))
    assert picture.gray
    assert difference(np.asarray(picture.to_pil()), gray) > 10
    save_picture(picture, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as saved:
        assert saved.mode == "L"
        assert saved.info["icc_profile"] == gray_profile(1.4)
        assert difference(np.asarray(saved), gray) < 2


def test_16_bit_colors_stay_in_their_profile_and_come_back_exactly(tmp_path):
    values = noise_16(8, 8, 3)
    data = png_16(values, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile())))
    picture = open_picture(data)
    assert picture.icc == rgb_profile()
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
    assert deep.to_pil().getpixel((0, 0)) == flat.to_pil().getpixel((0, 0)) == 142
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
    assert [note for note in picture.notes if "profile" in note]
