"""Mask files and the masks of the editor's preview."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ganedit.errors import BadMaskError, BadRequestError
from ganedit.masks import check_mask, from_preview, open_mask, save_mask, to_preview

SIZE = (40, 30)  # width, height
STROKE = (slice(10, 15), slice(5, 30))


def file_of(values: np.ndarray, mode: str | None = None, kind: str = "PNG") -> bytes:
    image = Image.fromarray(values)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind)
    return buffer.getvalue()


def canvas(*color: int) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], len(color)), color, np.uint8)


def expected() -> np.ndarray:
    mask = np.zeros((SIZE[1], SIZE[0]), bool)
    mask[STROKE] = True
    return mask


def test_white_of_a_gray_mask_fills():
    gray = canvas(0)[..., 0]
    gray[STROKE] = 255
    assert np.array_equal(open_mask(file_of(gray), SIZE), expected())
    assert np.array_equal(open_mask(io.BytesIO(file_of(gray, "1")), SIZE), expected())


@pytest.mark.parametrize(("level", "fills"), [(127, False), (128, True)])
def test_half_bright_is_the_limit(level, fills):
    gray = canvas(0)[..., 0]
    gray[STROKE] = level
    gray[0, 0] = 255
    assert open_mask(file_of(gray), SIZE)[STROKE].all() == fills


@pytest.mark.parametrize("ground", [(0, 0, 0), (90, 90, 90), (200, 200, 200), (255, 255, 255)])
@pytest.mark.parametrize("color", [(255, 0, 0), (0, 200, 30), (40, 60, 255)])
def test_a_colored_stroke_fills_on_black_gray_and_white(ground, color):
    values = canvas(*ground)
    values[STROKE] = color
    assert np.array_equal(open_mask(file_of(values), SIZE), expected())


def test_a_slight_tint_of_paper_is_not_a_color():
    with pytest.raises(BadMaskError, match="whole picture"):
        open_mask(file_of(canvas(255, 250, 225)), SIZE)


@pytest.mark.parametrize("color", [(0, 0, 0, 255), (255, 255, 255, 255), (250, 0, 0, 130)])
def test_whatever_is_painted_on_a_transparent_ground_fills(color):
    values = canvas(0, 0, 0, 0)
    values[STROKE] = color
    assert np.array_equal(open_mask(file_of(values), SIZE), expected())


def test_of_a_layer_with_black_and_white_paint_only_the_white_fills():
    values = canvas(255, 255, 255, 0)
    values[5:25] = (0, 0, 0, 255)
    values[STROKE] = (255, 255, 255, 255)
    values[0] = (255, 255, 255, 127)  # too thin a veil
    assert np.array_equal(open_mask(file_of(values), SIZE), expected())


def test_a_colored_stroke_on_an_opaque_white_layer_with_clear_corners_fills():
    values = canvas(255, 255, 255, 255)
    values[STROKE] = (255, 0, 0, 255)
    values[0, 0, 3] = 200
    assert np.array_equal(open_mask(file_of(values), SIZE), expected())


def layer(color: np.ndarray, clear: np.ndarray) -> bytes:
    return file_of(np.dstack([color, np.where(clear, 0, 255).astype(np.uint8)]))


def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)


@pytest.mark.parametrize("hidden", [None, 0, 255])
def test_a_hole_that_is_rubbed_out_of_a_photo_is_filled(hidden):
    color = photo()
    if hidden is not None:
        color[STROKE] = hidden
    assert np.array_equal(open_mask(layer(color, expected()), SIZE), expected())


def test_a_hole_that_is_rubbed_out_of_a_black_layer_is_filled():
    assert np.array_equal(open_mask(layer(canvas(0, 0, 0), expected()), SIZE), expected())


def wide() -> np.ndarray:
    mask = np.zeros((SIZE[1], SIZE[0]), bool)
    mask[4:-4, 3:-3] = True
    return mask


@pytest.mark.parametrize(
    ("color", "clear"),
    [
        (canvas(255, 255, 255), expected()),  # white marks, and so does the hole
        (canvas(220, 30, 30), expected()),
        (photo(), ~expected()),  # a thing cut out of a photo: to be filled, or to be kept
        (canvas(0, 0, 0), ~wide()),
        (canvas(0, 0, 0), wide()),  # a black frame
        (photo(), np.arange(SIZE[0])[None].repeat(SIZE[1], 0) < SIZE[0] // 2),
    ],
)
def test_a_layer_that_can_be_read_in_two_ways_is_refused_with_the_way_out(color, clear):
    with pytest.raises(BadMaskError, match=r"two ways.*white on black"):
        open_mask(layer(color, clear), SIZE)


def test_a_photo_is_no_mask_with_or_without_a_stroke_on_it():
    stroked = photo()
    stroked[4:8, 4:12] = (255, 0, 0)
    for picture in (photo(), stroked):
        height, width = picture.shape[:2]
        with pytest.raises(BadMaskError, match=r"looks like a picture.*white on black"):
            open_mask(file_of(picture), (width, height))


def test_a_dark_stroke_from_the_edge_of_a_clear_layer_fills():
    stroke = np.zeros((SIZE[1], SIZE[0]), bool)
    stroke[10:, 5:25] = True
    assert np.array_equal(open_mask(layer(canvas(0, 0, 0), ~stroke), SIZE), stroke)


@pytest.mark.parametrize(("dtype", "level", "words"), [(np.uint8, 1, "1 of 255"), (np.uint16, 255, "255 of 65535")])
def test_a_mask_of_too_small_numbers_says_which_numbers_mark(dtype, level, words):
    values = expected().astype(dtype) * dtype(level)
    with pytest.raises(BadMaskError, match=f"brightest level is {words}"):
        open_mask(cv2.imencode(".png", values)[1].tobytes(), SIZE)


def test_masks_of_16_bits_are_read_with_the_same_limit():
    values = np.zeros((SIZE[1], SIZE[0]), np.uint16)
    values[:3] = 127 * 257
    values[STROKE] = 128 * 257
    mask = open_mask(cv2.imencode(".png", values)[1].tobytes(), SIZE)
    assert np.array_equal(mask, expected())


def test_a_mask_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(BadMaskError, match="100x80 pixels and the picture 200x160"):
        open_mask(file_of(np.zeros((80, 100), np.uint8)), (200, 160))


@pytest.mark.parametrize(("level", "words"), [(0, "marks nothing"), (255, "whole picture")])
def test_a_mask_that_marks_nothing_or_everything_is_refused(level, words):
    with pytest.raises(BadMaskError, match=words):
        open_mask(file_of(canvas(level)[..., 0]), SIZE)


def test_a_fully_transparent_layer_marks_nothing():
    with pytest.raises(BadMaskError, match="marks nothing"):
        open_mask(file_of(canvas(255, 255, 255, 0)), SIZE)


def test_a_file_that_is_no_picture_is_refused():
    with pytest.raises(BadMaskError, match="The mask cannot be used: the file is not a picture"):
        open_mask(b"not a picture", SIZE)


def test_check_mask_lets_a_fitting_mask_pass_and_refuses_others():
    check_mask(expected(), SIZE)
    for bad in (expected().T, expected().astype(np.uint8), expected()[None]):
        with pytest.raises(BadMaskError):
            check_mask(bad, SIZE)


def test_a_mask_is_saved_as_png_or_not_at_all(tmp_path):
    with pytest.raises(BadRequestError, match=r"\.png: mask\.jpg"):
        save_mask(expected(), tmp_path / "mask.jpg")
    assert not list(tmp_path.iterdir())


def test_a_saved_mask_is_gray_with_0_and_255_and_opens_again(tmp_path):
    path = tmp_path / "mask.png"
    save_mask(expected(), path)
    with Image.open(path) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), np.where(expected(), 255, 0))
    assert np.array_equal(open_mask(path, SIZE), expected())
    assert [file.name for file in tmp_path.iterdir()] == ["mask.png"]


def test_a_mask_that_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(BadRequestError):
        save_mask(expected(), tmp_path / "missing" / "mask.png")


def thin_lines(height: int, width: int) -> np.ndarray:
    full = np.zeros((height, width), bool)
    full[137] = True
    full[:, 53] = True
    full[-1, -1] = True
    return full


@pytest.mark.parametrize(("height", "width"), [(60, 80), (61, 77), (300, 400), (1, 1)])
def test_marks_one_pixel_wide_survive_in_the_preview(height, width):
    full = thin_lines(300, 400)
    preview = to_preview(full, height, width)
    assert preview.shape == (height, width)
    assert preview[137 * height // 300].all() and preview[:, 53 * width // 400].all() and preview[-1, -1]
    assert preview.sum() <= height + width


def test_every_marked_pixel_lies_in_a_marked_preview_pixel_and_no_other_is_marked():
    full = np.random.default_rng(1).random((300, 400)) < 0.002
    y, x = np.nonzero(full)
    wanted = np.zeros((61, 77), bool)
    wanted[((y + 0.5) * 61 / 300).astype(int), ((x + 0.5) * 77 / 400).astype(int)] = True
    assert np.array_equal(to_preview(full, 61, 77), wanted)


def test_an_untouched_preview_leaves_the_full_mask_bit_for_bit():
    full = thin_lines(300, 400)
    shown = to_preview(full, 61, 77)
    result = from_preview(shown.copy(), shown, full)
    assert np.array_equal(result, full)
    assert result is not full


def test_a_stroke_is_added_and_the_rest_stays_bit_for_bit():
    full = thin_lines(300, 400)
    shown = to_preview(full, 60, 80)
    painted = shown.copy()
    painted[40:44, 30:50] = True
    added = np.zeros_like(full)
    added[200:220, 150:250] = True
    assert np.array_equal(from_preview(painted, shown, full), full | added)


def test_erasing_a_preview_pixel_erases_all_its_pixels_and_no_other():
    full = thin_lines(300, 400)
    shown = to_preview(full, 60, 80)
    painted = shown.copy()
    painted[27, 20:40] = False
    result = from_preview(painted, shown, full)
    assert not result[135:140, 100:200].any()
    result[135:140, 100:200] = full[135:140, 100:200]
    assert np.array_equal(result, full)


def test_what_comes_back_from_the_editor_looks_the_same_in_the_next_preview():
    rng = np.random.default_rng(2)
    full = rng.random((301, 403)) < 0.01
    shown = to_preview(full, 61, 77)
    painted = shown ^ (rng.random(shown.shape) < 0.2)
    assert np.array_equal(to_preview(from_preview(painted, shown, full), 61, 77), painted)


def test_a_painting_of_another_size_than_the_preview_is_refused():
    full = thin_lines(300, 400)
    with pytest.raises(BadMaskError):
        from_preview(np.zeros((30, 40), bool), to_preview(full, 60, 80), full)
