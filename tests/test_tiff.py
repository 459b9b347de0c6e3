"""TIFF files of scanners and microscopes: right levels, or a true reason."""

import io

import numpy as np
import pytest
import tifffile
from picture_files import gray_profile, noise_16

from ganedit.errors import BadImageError
from ganedit.formats import open_picture
from ganedit.tiff import EXTRA_NOTE, SIGNED_NOTE


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


def test_a_16_bit_tiff_of_separate_planes_keeps_every_bit():
    planes = np.stack([np.full((8, 8), value * 257, np.uint16) for value in (200, 100, 50)])
    file = io.BytesIO()
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(open_picture(file.getvalue()).pixels, planes.transpose(1, 2, 0))


def test_premultiplied_16_bit_tiff_becomes_straight():
    values = np.full((4, 4, 4), (10000, 20000, 30000, 32768), np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["assocalpha"])
    picture = open_picture(file.getvalue())
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == 32768
    assert np.abs(picture.pixels[0, 0].astype(int) - np.array([20000, 39999, 59999])).max() <= 1


def tiff_of(values: np.ndarray, **kind) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **kind)
    return file.getvalue()


def ramp() -> np.ndarray:
    return np.linspace(0, 65535, 96).round().astype(np.uint16)[None].repeat(8, axis=0)


def cover() -> np.ndarray:
    alpha = np.full((8, 96), 65535, np.uint16)
    alpha[:, :20] = 0
    return alpha


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_where_white_is_zero_the_levels_are_turned_round(compression):
    picture = open_picture(tiff_of(65535 - ramp(), photometric="miniswhite", compression=compression))
    assert picture.gray
    assert np.array_equal(picture.pixels[..., 0], ramp())


@pytest.mark.parametrize(("kind", "has_alpha"), [("unassalpha", True), ("assocalpha", True), ("unspecified", False)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_with_a_second_channel(kind, has_alpha, dtype):
    gray, alpha = ((plane >> (16 - 8 * np.dtype(dtype).itemsize)).astype(dtype) for plane in (ramp(), cover()))
    stored = gray * (alpha > 0) if kind == "assocalpha" else gray
    values = np.dstack([stored, alpha]).astype(dtype)
    picture = open_picture(tiff_of(values, photometric="minisblack", extrasamples=[kind], planarconfig="contig"))
    assert picture.gray
    assert np.array_equal(picture.pixels[:, 20:, 0], gray[:, 20:])
    if has_alpha:
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, alpha)
    else:
        assert picture.alpha is None
        assert picture.notes == (EXTRA_NOTE,)


def test_signed_levels_begin_at_the_lowest():
    picture = open_picture(tiff_of((ramp().astype(int) - 32768).astype(np.int16), photometric="minisblack"))
    assert np.array_equal(picture.pixels[..., 0], ramp())
    assert picture.notes == (SIGNED_NOTE,)


def test_of_five_channels_the_colors_and_alpha_are_used_and_the_rest_is_told():
    colors = noise_16(8, 96, 3)
    extra = ["unassalpha", "unspecified"]
    picture = open_picture(tiff_of(np.dstack([colors, cover(), ramp()]), photometric="rgb", extrasamples=extra))
    assert np.array_equal(picture.pixels, colors)
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, cover())
    assert picture.notes == (EXTRA_NOTE,)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("kind", ["minisblack", "rgb"])
def test_numbers_from_0_to_1_are_levels(dtype, kind):
    levels = ramp() if kind == "minisblack" else noise_16(8, 96, 3)
    picture = open_picture(tiff_of((levels / 65535).astype(dtype), photometric=kind))
    wanted = levels if levels.ndim == 3 else levels[..., None].repeat(3, axis=2)
    assert np.abs(picture.pixels.astype(int) - wanted).max() <= (32 if dtype == np.float16 else 0)


@pytest.mark.parametrize("numbers", [(0, 255), (-3, 1), (0, float("nan"))])
def test_numbers_without_a_known_white_are_refused_with_the_reason(numbers):
    values = np.linspace(numbers[0], numbers[1], 96).astype(np.float32)[None].repeat(8, axis=0)
    with pytest.raises(BadImageError, match="where its white is cannot be known; save it as 16-bit"):
        open_picture(tiff_of(values, photometric="minisblack"))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.ones((8, 96), np.uint32), {"photometric": "minisblack"}),
        (np.dstack([ramp(), cover()]), {"photometric": "minisblack", "compression": "deflate"}),
        (noise_16(8, 96, 3), {"photometric": "cielab"}),
    ],
)
def test_a_kind_that_is_not_read_is_refused_with_what_can_be_done_and_never_called_damaged(values, kind):
    if values.shape[-1] == 2:
        kind |= {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
    with pytest.raises(BadImageError, match="8 or 16-bit RGB"):
        open_picture(tiff_of(values, **kind))


def test_a_rare_tiff_is_turned_and_keeps_its_profile():
    values = np.dstack([noise_16(6, 4), noise_16(6, 4)])
    tags = [(274, 3, 1, 6, True), (34675, 7, len(gray_profile(1.8)), gray_profile(1.8), True)]
    picture = open_picture(
        tiff_of(values, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig", extratags=tags)
    )
    assert np.array_equal(picture.pixels[..., 0], np.rot90(values[..., 0], -1))
    assert picture.icc == gray_profile(1.8)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.995])
def test_a_rare_tiff_that_is_cut_off_is_refused(share):
    whole = tiff_of(np.dstack([ramp(), cover()]), photometric="minisblack", extrasamples=[2], planarconfig="contig")
    with pytest.raises(BadImageError):
        open_picture(whole[: int(len(whole) * share)])


def test_the_size_of_a_rare_tiff_is_checked_too():
    whole = tiff_of(np.dstack([ramp(), cover()]), photometric="minisblack", extrasamples=[2], planarconfig="contig")
    with pytest.raises(BadImageError, match="limit"):
        open_picture(whole, max_megapixels=0.0001)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_damage_of_a_rare_tiff_never_leaks_another_error():
    random = np.random.default_rng(1)
    whole = tiff_of(np.dstack([ramp(), cover()]), photometric="minisblack", extrasamples=[2], planarconfig="contig")
    for _ in range(150):
        broken = bytearray(whole)
        for at in random.integers(0, min(len(broken), 300), 4):
            broken[at] = random.integers(0, 256)
        try:
            open_picture(bytes(broken))
        except BadImageError:
            continue
