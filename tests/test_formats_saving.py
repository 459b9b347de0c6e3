"""Picture files: what comes back out of a saved one, and the recipe in it."""

import json
import os

import numpy as np
import pytest
from picture_files import (
    FORMATS,
    difference,
    exif_with,
    file_of,
    gray_profile,
    noise_16,
    rgb_profile,
    smooth,
)
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

from ganedit.errors import BadImageError, BadRequestError
from ganedit.formats import SaveOptions, open_picture, read_recipe, save_picture
from ganedit.image import Picture


@pytest.mark.parametrize("alpha", [False, True])
def test_16_bit_png_round_trip_is_exact(alpha, tmp_path):
    picture = Picture(noise_16(20, 30, 3), noise_16(20, 30) if alpha else None)
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    again = open_picture(tmp_path / "a.png")
    assert np.array_equal(again.pixels, picture.pixels)
    if picture.alpha is None:
        assert again.alpha is None
    else:
        assert again.alpha is not None
        assert np.array_equal(again.alpha, picture.alpha)


def test_8_bit_png_round_trip_is_exact_with_hidden_color(tmp_path):
    picture = Picture(smooth(), smooth()[..., 0] // 4 * 2)
    save_picture(picture, tmp_path / "a.png")
    again = open_picture(tmp_path / "a.png")
    assert again.alpha is not None
    assert picture.alpha is not None
    assert np.array_equal(again.pixels, picture.pixels)
    assert np.array_equal(again.alpha, picture.alpha)


def test_16_bits_are_rounded_to_8(tmp_path):
    save_picture(Picture(np.full((2, 2, 3), 129, np.uint16)), tmp_path / "a.png", options=SaveOptions(bit_depth=8))
    again = open_picture(tmp_path / "a.png")
    assert again.pixels.dtype == np.uint8
    assert again.pixels[0, 0, 0] == 1


def test_8_bits_are_widened_to_16(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.png", options=SaveOptions(bit_depth=16))
    assert np.array_equal(open_picture(tmp_path / "a.png").pixels, smooth().astype(np.uint16) * 257)


@pytest.mark.parametrize(("kind", "bit_depth"), [("png", 8), ("png", 16), ("jpeg", 8)])
def test_gray_pictures_are_written_gray(kind, bit_depth, tmp_path):
    gray = smooth()[..., :1].repeat(3, axis=2)
    save_picture(Picture(gray, gray=True), tmp_path / f"a.{kind}", options=SaveOptions(bit_depth=bit_depth))
    again = open_picture(tmp_path / f"a.{kind}")
    assert again.gray
    assert again.bit_depth == bit_depth


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_gray_stays_neutral_where_the_format_has_no_gray(kind, tmp_path):
    gray = smooth()[..., :1].repeat(3, axis=2)
    picture = Picture(gray, gray=True, icc=gray_profile(1.4))
    save_picture(picture, tmp_path / f"a.{kind}")
    again = open_picture(tmp_path / f"a.{kind}")
    assert again.icc is None
    assert np.ptp(again.pixels.astype(int), axis=2).max() <= 2
    assert difference(again.pixels, np.asarray(picture.to_pil().convert("RGB"))) < 2


@pytest.mark.parametrize("kind", FORMATS)
def test_colors_and_alpha_survive_every_format(kind, tmp_path):
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 128
    save_picture(Picture(smooth(), alpha), tmp_path / f"a.{kind}")
    again = open_picture(tmp_path / f"a.{kind}")
    assert difference(again.pixels[:, 36:], smooth()[:, 36:]) < 2
    if kind == "jpeg":
        assert again.alpha is None
        assert difference(again.pixels[:, :28], smooth()[:, :28] * 0.5 + 127.5) < 3
    else:
        assert again.alpha is not None
        assert difference(again.alpha, alpha) < 2


def test_jpeg_keeps_the_full_color_resolution(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as saved:
        assert get_sampling(saved) == 0  # 4:4:4


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_gray_png_keeps_its_gray_profile(bit_depth, tmp_path):
    gray = smooth()[..., 0]
    picture = open_picture(file_of(Image.fromarray(gray), "PNG", icc_profile=gray_profile(1.4)))
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=bit_depth))
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.info["icc_profile"] == gray_profile(1.4)
        assert difference(np.asarray(saved) / (257 if bit_depth == 16 else 1), gray) < 1


def test_quality_changes_the_size(tmp_path):
    for quality in (20, 95):
        save_picture(Picture(smooth()), tmp_path / f"{quality}.webp", options=SaveOptions(quality=quality))
    assert os.path.getsize(tmp_path / "20.webp") < os.path.getsize(tmp_path / "95.webp")


def test_16_bit_png_carries_exif_profile_and_recipe(tmp_path):
    picture = Picture(noise_16(8, 8, 3), icc=rgb_profile(), exif=exif_with().tobytes())
    save_picture(picture, tmp_path / "a.png", options=SaveOptions(bit_depth=16), recipe='{"a": 1}')
    with Image.open(tmp_path / "a.png") as saved:
        saved.verify()  # checks every chunk's sum
    again = open_picture(tmp_path / "a.png")
    assert again.icc == picture.icc
    assert again.exif is not None
    assert b"Maker" in again.exif
    assert read_recipe(tmp_path / "a.png") == '{"a": 1}'


@pytest.mark.parametrize("name", ["a.bmp", "a.heic", "a.svg", "a.png.exe"])
def test_an_unknown_ending_is_refused_with_the_possible_ones(name, tmp_path):
    with pytest.raises(BadRequestError, match=r"\.png.*\.webp|\.webp.*\.png"):
        save_picture(Picture(smooth()), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "kind"), [("a", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.avif", "AVIF")])
def test_the_ending_decides_the_format(name, kind, tmp_path):
    save_picture(Picture(smooth()), tmp_path / name)
    assert Image.open(tmp_path / name).format == kind


def test_a_named_format_overrides_the_ending(tmp_path):
    save_picture(Picture(smooth()), tmp_path / "a.tmp", options=SaveOptions(format="webp"))
    assert Image.open(tmp_path / "a.tmp").format == "WEBP"


@pytest.mark.parametrize("settings", [{"format": "bmp"}, {"quality": 0}, {"quality": 101}, {"bit_depth": 10}])
def test_options_out_of_range_are_refused(settings):
    with pytest.raises(BadRequestError):
        SaveOptions(**settings)


def test_16_bits_are_refused_where_the_format_has_none(tmp_path):
    with pytest.raises(BadRequestError, match="PNG"):
        save_picture(Picture(smooth()), tmp_path / "a.jpg", options=SaveOptions(bit_depth=16))


def test_too_wide_for_the_format_is_refused(tmp_path):
    with pytest.raises(BadRequestError, match="16383"):
        save_picture(Picture(np.zeros((1, 16_384, 3), np.uint8)), tmp_path / "a.webp")


@pytest.mark.parametrize("step", ["os.replace", "pathlib.Path.write_bytes"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(step, monkeypatch, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(target, *_):
        if step != "os.replace":
            with open(target, "wb") as stream:
                stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, fail)
    with pytest.raises(BadRequestError, match="No space left"):
        save_picture(Picture(smooth()), path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(BadRequestError, match="none does not exist"):
        save_picture(Picture(smooth()), tmp_path / "none" / "a.png")


@pytest.mark.parametrize("alpha", [None, np.full((48, 64), 99, np.uint8)])
@pytest.mark.parametrize("kind", FORMATS)
def test_the_recipe_comes_back_letter_by_letter(kind, alpha, tmp_path):
    recipe = json.dumps(
        {"model": "a\"b'<&>]]>", "text": "增强 é 🙂", "n": [1, 2.5, None]}, ensure_ascii=False, indent=1
    )
    save_picture(Picture(smooth(), alpha), tmp_path / f"a.{kind}", recipe=recipe + "\r\n")
    assert read_recipe(tmp_path / f"a.{kind}") == recipe + "\r\n"


@pytest.mark.parametrize("kind", FORMATS)
def test_no_recipe_reads_as_none(kind, tmp_path):
    save_picture(Picture(smooth()), tmp_path / f"a.{kind}")
    assert read_recipe(tmp_path / f"a.{kind}") is None


@pytest.mark.parametrize("recipe", ["x" * 70_000, "\0", "\ud800"])
def test_a_recipe_that_no_file_can_hold_is_refused(recipe, tmp_path):
    with pytest.raises(BadRequestError):
        save_picture(Picture(smooth()), tmp_path / "a.png", recipe=recipe)


@pytest.mark.parametrize(
    "packet",
    [
        b"<",
        b"\xff\xfe",
        b"<?xml version='1.0' encoding='nonsense'?><a/>",
        b"<a/>",
        "<!DOCTYPE a><a xmlns:g='urn:ganedit:1.0:'><g:recipe>b</g:recipe></a>".encode("utf-16"),
        b"<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a xmlns:g='urn:ganedit:1.0:'><g:recipe>&b;</g:recipe></a>",
        b"<a xmlns:g='urn:ganedit:1.0:'><g:recipe>" + b"x" * 70_000 + b"</g:recipe></a>",
    ],
)
def test_foreign_and_hostile_packets_hold_no_recipe(packet):
    data = file_of(Image.fromarray(smooth()), "WEBP", xmp=packet)
    assert read_recipe(data) is None


def test_asking_something_else_for_a_recipe_is_a_bad_image():
    with pytest.raises(BadImageError):
        read_recipe(b"hello")
