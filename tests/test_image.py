"""Pictures in memory: what a Picture promises, and the way to tensors and back."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from picture_files import SRGB, gamma_curve, gray_profile, rgb_profile
from PIL import Image

from ganedit.errors import BadImageError
from ganedit.image import (
    Picture,
    fill_transparent,
    from_tensor,
    oriented,
    thumbnail,
    to_tensor,
    to_uint8,
    with_depth,
)


def noise(height: int, width: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)
    return values if channels > 1 else values[..., 0]


def test_importing_the_requests_does_not_import_torch():
    code = "import sys, ganedit.requests; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sizes_are_rows_then_columns():
    picture = Picture(noise(3, 5))
    assert (picture.height, picture.width, picture.bit_depth) == (3, 5, 8)
    assert to_tensor(picture).shape == (1, 3, 3, 5)
    assert picture.to_pil().size == (5, 3)


def test_red_comes_first():
    red = Picture(np.full((2, 2, 3), (255, 0, 0), np.uint8))
    assert to_tensor(red)[0, :, 0, 0].tolist() == [1.0, 0.0, 0.0]
    assert red.to_pil().getpixel((0, 0)) == (255, 0, 0)
    assert Picture.from_pil(Image.new("RGB", (1, 1), "red")).pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("pixels", "alpha"),
    [
        (np.zeros((4, 4), np.uint8), None),
        (np.zeros((4, 4, 4), np.uint8), None),
        (np.zeros((4, 4, 3), np.float32), None),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8)),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint16)),
    ],
)
def test_arrays_of_the_wrong_shape_or_type_are_refused(pixels, alpha):
    with pytest.raises(ValueError):
        Picture(pixels, alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_survives_the_way_to_a_tensor_and_back(dtype):
    side = 16 if dtype == np.uint8 else 256
    levels = np.arange(side * side, dtype=dtype).reshape(side, side, 1).repeat(3, axis=2)
    x = to_tensor(Picture(levels))
    assert x.dtype == torch.float32
    assert x.min() == 0.0
    assert x.max() == 1.0
    assert np.array_equal(from_tensor(x, Picture(levels)).pixels, levels)


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gamma", [1.0, 1.4, 1.8, 2.6, 3.0])
def test_every_level_of_a_profile_survives_the_way_to_a_tensor_and_back(gamma, dtype, gray):
    side = 16 if dtype == np.uint8 else 256
    levels = np.arange(side * side, dtype=dtype).reshape(side, side, 1).repeat(3, axis=2)
    icc = gray_profile(gamma) if gray else rgb_profile(SRGB, gamma_curve(gamma))
    picture = Picture(levels, gray=gray, icc=icc)
    assert np.array_equal(from_tensor(to_tensor(picture), picture).pixels, levels)


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_networks_see_about_what_a_display_shows(gamma):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    picture = Picture(levels, icc=rgb_profile(SRGB, gamma_curve(gamma)))
    seen, shown = to_tensor(picture)[0, 0].numpy() * 255, np.asarray(picture.to_pil())[..., 0].astype(float)
    assert np.abs(seen - shown)[2:].max() < 9
    assert np.abs(levels[..., 0] - shown)[2:].max() > 15


def test_wide_colors_are_seen_as_they_are_stored():
    picture = Picture(noise(8, 8), icc=rgb_profile())
    assert torch.equal(to_tensor(picture), to_tensor(Picture(picture.pixels)))


def test_values_are_rounded_not_cut_and_clamped():
    x = torch.tensor([-0.5, 0.4 / 255, 0.6 / 255, 254.4 / 255, 254.6 / 255, 1.5])
    x = x.reshape(1, 1, 1, 6).expand(1, 3, 1, 6)
    assert from_tensor(x, Picture(noise(1, 6))).pixels[0, :, 0].tolist() == [0, 0, 1, 254, 255, 255]


def test_16_bits_become_8_by_rounding():
    values = np.array([0, 128, 129, 257 * 7 + 128, 257 * 7 + 129, 65535], np.uint16)
    assert to_uint8(values).tolist() == [0, 0, 1, 7, 8, 255]


def test_depth_can_be_raised_and_lowered():
    values = np.array([0, 1, 255], np.uint8)
    wide = with_depth(values, np.dtype(np.uint16))
    assert wide.tolist() == [0, 257, 65535]
    assert with_depth(wide, np.dtype(np.uint8)).tolist() == values.tolist()


def test_a_result_carries_what_belongs_to_its_picture():
    like = Picture(noise(4, 4), icc=b"profile", exif=b"exif", notes=("Read me.",))
    result = from_tensor(torch.rand(1, 3, 600, 8), like)
    assert result.pixels.shape == (600, 8, 3)
    assert (result.icc, result.exif, result.notes) == (like.icc, like.exif, like.notes)


def test_a_result_can_be_deeper_than_its_picture():
    result = from_tensor(torch.full((1, 3, 4, 4), 0.5), Picture(noise(4, 4)), bit_depth=16)
    assert result.pixels.dtype == np.uint16
    assert result.pixels[0, 0, 0] == 32768


def test_low_precision_results_are_taken():
    result = from_tensor(torch.ones(1, 3, 4, 4, dtype=torch.bfloat16), Picture(noise(4, 4)))
    assert result.pixels.min() == 255


def test_the_result_of_a_gray_picture_is_its_luminance():
    like = Picture(noise(1, 1), gray=True)
    x = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    assert from_tensor(x, like).pixels[0, 0].tolist() == [76, 76, 76]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_levels_survive_the_luminance(dtype):
    levels = np.arange(256, dtype=dtype).reshape(16, 16, 1).repeat(3, axis=2) * dtype(257 if dtype == np.uint16 else 1)
    like = Picture(levels, gray=True)
    assert np.array_equal(from_tensor(to_tensor(like), like).pixels, levels)


def test_alpha_is_rounded_like_the_pixels():
    like = Picture(noise(2, 2), alpha=np.zeros((2, 2), np.uint8))
    alpha = torch.full((1, 1, 4, 4), 0.5)
    result = from_tensor(torch.rand(1, 3, 4, 4), like, alpha)
    assert result.alpha is not None
    assert result.alpha.tolist() == [[128] * 4] * 4


def test_alpha_of_another_size_is_never_dropped_silently():
    like = Picture(noise(2, 2), alpha=np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="alpha"):
        from_tensor(torch.rand(1, 3, 4, 4), like)
    assert from_tensor(torch.rand(1, 3, 2, 2), like).alpha is not None


@pytest.mark.parametrize("shape", [(3, 4, 4), (2, 3, 4, 4), (1, 4, 4, 4)])
def test_tensors_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError):
        from_tensor(torch.rand(shape), Picture(noise(4, 4)))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"])
def test_every_8_bit_kind_of_image_is_taken(mode):
    picture = Picture.from_pil(Image.new(mode, (5, 3)))
    assert picture.pixels.shape == (3, 5, 3)
    assert picture.gray == (mode in ("1", "L", "LA", "La"))


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "LAB"])
def test_other_kinds_of_image_are_refused_in_a_sentence(mode):
    with pytest.raises(BadImageError, match="cannot be edited"):
        Picture.from_pil(Image.new(mode, (2, 2)))


def test_alpha_stays_straight():
    picture = Picture.from_pil(Image.new("RGBA", (2, 2), (200, 100, 50, 10)))
    assert picture.pixels[0, 0].tolist() == [200, 100, 50]
    assert picture.to_pil().getpixel((0, 0)) == (200, 100, 50, 10)


def test_fully_opaque_alpha_is_no_alpha():
    assert Picture.from_pil(Image.new("RGBA", (2, 2), (1, 2, 3, 255))).alpha is None


def test_gray_with_alpha_is_gray():
    picture = Picture.from_pil(Image.new("LA", (2, 2), (90, 40)))
    assert picture.gray
    assert picture.pixels[0, 0].tolist() == [90, 90, 90]
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == 40


# Where the top left pixel a and the top right pixel b of the stored 2x3 picture [[a, ., b], [., ., .]] must appear.
@pytest.mark.parametrize(
    ("orientation", "a_at", "b_at"),
    [
        (1, (0, 0), (0, 2)),
        (2, (0, 2), (0, 0)),
        (3, (1, 2), (1, 0)),
        (4, (1, 0), (1, 2)),
        (5, (0, 0), (2, 0)),
        (6, (0, 1), (2, 1)),
        (7, (2, 1), (0, 1)),
        (8, (2, 0), (0, 0)),
        (9, (0, 0), (0, 2)),
    ],
)
def test_orientation_turns_pixels_and_alpha(orientation, a_at, b_at):
    plane = np.array([[1, 0, 2], [0, 0, 0]], np.uint8)
    picture = oriented(Picture(plane[..., None].repeat(3, axis=2), plane), orientation)
    assert picture.alpha is not None
    for values in (picture.alpha, picture.pixels[..., 1]):
        assert (values[a_at], values[b_at]) == (1, 2)


def test_hidden_color_never_reaches_the_visible_edge():
    pixels = np.full((301, 37, 3), (0, 255, 0), np.uint8)  # green is hidden; odd sizes and more than one band
    alpha = np.zeros((301, 37), np.uint8)
    pixels[100:280, 10:20], alpha[100:280, 10:20] = (200, 30, 40), 255
    filled = fill_transparent(Picture(pixels, alpha))
    assert np.abs(filled.pixels.astype(int) - (200, 30, 40)).max() == 0
    assert filled.alpha is alpha
    assert pixels[0, 0, 1] == 255  # the given picture is untouched


def test_hidden_pixels_take_the_nearer_of_two_colors():
    pixels, alpha = np.zeros((8, 64, 3), np.uint16), np.zeros((8, 64), np.uint16)
    pixels[:, :8], alpha[:, :8] = 60000, 65535
    pixels[:, -8:], alpha[:, -8:] = 10000, 65535
    filled = fill_transparent(Picture(pixels, alpha)).pixels
    assert filled[4, 9, 0] == 60000
    assert filled[4, 54, 0] == 10000


def test_visible_pixels_are_left_alone():
    alpha = noise(16, 16, 1) % 2
    picture = Picture(noise(16, 16), alpha)
    filled = fill_transparent(picture)
    assert np.array_equal(filled.pixels[alpha > 0], picture.pixels[alpha > 0])


@pytest.mark.parametrize("alpha", [None, np.zeros((4, 4), np.uint8), np.full((4, 4), 9, np.uint8)])
def test_nothing_to_fill_gives_the_same_picture(alpha):
    picture = Picture(noise(4, 4), alpha)
    assert fill_transparent(picture) is picture


def test_a_thumbnail_fits_and_keeps_its_shape_and_notes():
    small = thumbnail(Picture(noise(100, 400, dtype=np.uint16), gray=True, notes=("Read me.",)), 40)
    assert (small.height, small.width, small.bit_depth) == (10, 40, 8)
    assert small.gray
    assert small.notes == ("Read me.",)


def test_a_thumbnail_stays_in_its_colors_and_is_shown_like_its_picture():
    picture = Picture(np.full((8, 8, 3), (100, 150, 90), np.uint8), icc=rgb_profile())
    small = thumbnail(picture, 4)
    assert small.pixels[0, 0].tolist() == [100, 150, 90]
    assert small.to_pil().getpixel((0, 0)) == picture.to_pil().getpixel((0, 0)) != (100, 150, 90)


def test_in_srgb_the_numbers_are_those_that_are_shown():
    picture = Picture(noise(4, 4), noise(4, 4, 1), icc=rgb_profile(), exif=b"exif")
    plain = picture.in_srgb()
    assert (plain.icc, plain.exif) == (None, b"exif")
    assert np.array_equal(np.asarray(plain.to_pil()), np.asarray(picture.to_pil()))
    assert plain.in_srgb() is plain


def test_a_thumbnail_never_enlarges():
    assert thumbnail(Picture(noise(10, 20)), 400).width == 20


def test_a_thumbnail_has_no_halo_of_hidden_color():
    pixels = np.zeros((64, 64, 3), np.uint8)
    alpha = np.zeros((64, 64), np.uint8)
    pixels[:, 21:], alpha[:, 21:] = 200, 255
    small = thumbnail(Picture(pixels, alpha), 16)
    assert small.alpha is not None
    assert small.pixels[small.alpha > 20].min() >= 195
