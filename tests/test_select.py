"""Smart select: strokes and loops become objects."""

import cv2
import numpy as np
import pytest
from skimage import data

from ganedit.errors import BadRequestError
from ganedit.tasks.select import select_object


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return float((a & b).sum() / (a | b).sum())


def scene(height: int = 240, width: int = 320) -> tuple[np.ndarray, np.ndarray]:
    """A noisy orange ellipse on a noisy blue ground, and where it is."""
    shape = np.zeros((height, width), np.uint8)
    cv2.ellipse(shape, (width // 2, height // 2), (width // 5, height // 4), 20, 0, 360, 1, -1)
    pixels = np.where(shape[..., None] > 0, (220, 140, 40), (50, 80, 140))
    noise = np.random.default_rng(0).normal(0, 12, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), shape > 0


def line(shape: tuple[int, ...], points: list[tuple[int, int]], px: int, closed: bool = False) -> np.ndarray:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.polylines(canvas, [np.array(points)], closed, 1, px)
    return canvas > 0


def ellipse(shape: tuple[int, ...], center: tuple[int, int], axes: tuple[int, int], px: int) -> np.ndarray:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.ellipse(canvas, center, axes, 0, 0, 360, 1, px)
    return canvas > 0


BOX = [(70, 40), (250, 40), (250, 200), (70, 200)]


def test_a_stroke_over_an_object_selects_it():
    pixels, shape = scene()
    assert overlap(select_object(pixels, line(pixels.shape, [(140, 110), (180, 130)], 14)), shape) > 0.9


@pytest.mark.parametrize("px", [3, 9, 40])
def test_a_box_around_an_object_selects_what_is_in_it(px):
    pixels, shape = scene()
    assert overlap(select_object(pixels, line(pixels.shape, BOX, px, closed=True)), shape) > 0.9


def test_a_loop_with_a_small_gap_is_still_a_loop():
    pixels, shape = scene()
    loop = line(pixels.shape, BOX, 3, closed=True)
    loop[100:105, :160] = False
    assert overlap(select_object(pixels, loop), shape) > 0.9


def test_a_loop_selects_nothing_outside_of_it():
    pixels, _ = scene()
    pixels[10:40, 270:310] = (220, 140, 40)  # as orange as the object
    loop = line(pixels.shape, BOX, 5, closed=True)
    selected = select_object(pixels, loop)
    assert not selected[:36].any() and not selected[:, 256:].any()


def test_a_short_stroke_selects_an_object_that_is_much_longer():
    pixels = np.full((300, 600, 3), (50, 80, 140), np.uint8)
    pixels[120:170, 40:560] = (220, 140, 40)
    pixels = (pixels + np.random.default_rng(0).normal(0, 12, pixels.shape)).clip(0, 255).astype(np.uint8)
    selected = select_object(pixels, line(pixels.shape, [(290, 145), (310, 145)], 12))
    assert selected[125:165, 50:550].mean() > 0.95 and selected.sum() < 1.3 * 50 * 520


def test_a_stroke_leaves_a_like_colored_object_elsewhere_alone():
    pixels, shape = scene()
    pixels[10:40, 270:310] = (220, 140, 40)
    assert overlap(select_object(pixels, line(pixels.shape, [(140, 110), (180, 130)], 14)), shape) > 0.9


def test_a_small_hole_in_the_object_is_filled():
    pixels, _ = scene()
    pixels[115:122, 175:182] = (50, 80, 140)
    assert select_object(pixels, line(pixels.shape, BOX, 5, closed=True))[115:122, 175:182].all()


def test_16_bits_large_pictures_and_repeated_calls_give_the_same_object():
    pixels, shape = scene(960, 1280)
    stroke = line(pixels.shape, [(x * 4, y * 4) for x, y in BOX], 20, closed=True)
    first = select_object(pixels, stroke)
    assert overlap(first, shape) > 0.9
    cv2.setRNGSeed(99)
    assert np.array_equal(select_object(pixels, stroke), first)
    assert np.array_equal(select_object(pixels.astype(np.uint16) * np.uint16(257), stroke), first)


def test_an_object_at_the_pictures_edge_is_selected_to_the_edge():
    pixels, shape = scene()
    pixels, shape = pixels[:, 160:], shape[:, 160:]
    selected = select_object(pixels, line(pixels.shape, [(0, 110), (25, 130)], 14))
    assert overlap(selected, shape) > 0.9
    assert selected[100:140, 0].all()


def test_a_loop_that_runs_out_of_the_picture_is_closed_by_its_edge():
    pixels, shape = scene()
    pixels, shape = pixels[:, 160:], shape[:, 160:]
    selected = select_object(pixels, line(pixels.shape, [(0, 40), (90, 40), (90, 200), (0, 200)], 4))
    assert overlap(selected, shape) > 0.9
    assert selected[100:140, 0].all()


def test_an_empty_stroke_is_refused():
    pixels, _ = scene()
    with pytest.raises(BadRequestError, match="Nothing was painted"):
        select_object(pixels, np.zeros(pixels.shape[:2], bool))


def test_a_stroke_over_everything_selects_everything():
    pixels, _ = scene(40, 60)
    assert select_object(pixels, np.ones((40, 60), bool)).all()


def test_a_dot_of_one_pixel_is_answered():
    pixels, shape = scene()
    dot = np.zeros_like(shape)
    dot[120, 160] = True
    try:
        assert select_object(pixels, dot)[120, 160]
    except BadRequestError as error:
        assert "stands out" in str(error)


def test_a_loop_around_the_coffee_cup_selects_the_cup():
    pixels = data.coffee()
    cup = ellipse(pixels.shape, (285, 125), (120, 110), -1) | line(
        pixels.shape, [(210, 220), (250, 255), (320, 255), (370, 220)], 60
    )
    assert overlap(select_object(pixels, ellipse(pixels.shape, (285, 155), (155, 160), 7)), cup) > 0.7


def test_a_stroke_along_the_rocket_selects_the_rocket():
    pixels = data.rocket()
    rocket = line(pixels.shape, [(322, 152), (322, 396)], 22)
    assert overlap(select_object(pixels, line(pixels.shape, [(322, 170), (322, 380)], 10)), rocket) > 0.6


def test_a_loop_around_the_cats_face_selects_the_face():
    pixels = data.chelsea()
    face = ellipse(pixels.shape, (225, 150), (110, 120), -1)
    selected = select_object(pixels, ellipse(pixels.shape, (225, 150), (140, 145), 6))
    assert overlap(selected, face) > 0.6
