"""Scratches and dust are proposed, and what belongs to the picture is not."""

import itertools

import cv2
import numpy as np
import pytest
from skimage import data

from ganedit.tasks.scratches import find_scratches


def photo(name: str = "camera", grain: float = 4.0) -> np.ndarray:
    """A gray (H, W, 3) uint8 photo with film grain."""
    gray = getattr(data, name)()
    gray = gray if gray.ndim == 2 else cv2.cvtColor(gray, cv2.COLOR_RGB2GRAY)
    gray = gray + np.random.default_rng(0).normal(0, grain, gray.shape)
    return np.repeat(gray.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def plain(height: int = 240, width: int = 320) -> np.ndarray:
    values = 120 + np.random.default_rng(1).normal(0, 4, (height, width))
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def drawn(pixels: np.ndarray, start: tuple[int, int], end: tuple[int, int], px: int) -> np.ndarray:
    canvas = np.zeros(pixels.shape[:2], np.uint8)
    cv2.line(canvas, start, end, 255, px, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255


def damaged(pixels: np.ndarray, opacity: np.ndarray, level: int) -> np.ndarray:
    return (pixels * (1 - opacity[..., None]) + level * opacity[..., None]).round().astype(np.uint8)


def recall(found: np.ndarray, opacity: np.ndarray) -> float:
    return float(cv2.dilate(found.astype(np.uint8), np.ones((5, 5)))[opacity > 0.5].mean())


def share_outside(found: np.ndarray, opacity: np.ndarray) -> float:
    return float(found[cv2.dilate(opacity, np.ones((9, 9))) == 0].mean())


@pytest.mark.parametrize("level", [240, 15])
@pytest.mark.parametrize("px", [1, 3, 5])
@pytest.mark.parametrize(("start", "end"), [((100, 0), (104, 239)), ((10, 50), (300, 90)), ((40, 220), (250, 20))])
def test_a_bright_or_dark_line_on_a_plain_ground_is_found_and_nothing_else(level, px, start, end):
    opacity = drawn(plain(), start, end, px) * 0.8
    found = find_scratches(damaged(plain(), opacity, level))
    assert found.dtype == bool and found.shape == opacity.shape
    assert recall(found, opacity) > 0.95
    assert share_outside(found, opacity) < 0.002


@pytest.mark.parametrize("level", [240, 15])
@pytest.mark.parametrize("radius", [1, 3, 5])
def test_a_speck_of_dust_is_found(level, radius):
    opacity = np.zeros(plain().shape[:2], np.float32)
    cv2.circle(opacity, (150, 100), radius, 1, -1)
    found = find_scratches(damaged(plain(), opacity, level))
    assert recall(found, opacity) > 0.9
    assert share_outside(found, opacity) < 0.002


def test_scratches_on_a_photo_are_found_at_the_usual_sensitivity():
    pixels = photo()
    opacity = np.maximum.reduce(
        [
            drawn(pixels, (60, 0), (66, 511), 2),
            drawn(pixels, (300, 20), (500, 120), 3),
            drawn(pixels, (330, 300), (500, 470), 2),
        ]
    )
    found = find_scratches(damaged(pixels, opacity * 0.9, 250))
    assert recall(found, opacity) > 0.8
    assert share_outside(found, opacity) < 0.02


@pytest.mark.parametrize("name", ["chelsea", "astronaut", "grass", "gravel", "moon"])
def test_hair_grass_and_stones_are_left_alone(name):
    assert find_scratches(photo(name)).mean() < 0.02


def test_a_step_between_two_areas_is_no_scratch():
    pixels = plain()
    pixels[:, 160:] += 90
    pixels[180:] //= 2
    assert find_scratches(pixels).mean() < 0.002


def test_a_higher_sensitivity_marks_all_that_a_lower_one_marks():
    pixels = damaged(photo(), drawn(photo(), (20, 30), (480, 200), 2) * 0.6, 250)
    masks = [find_scratches(pixels, value) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for lower, higher in itertools.pairwise(masks):
        assert not (lower & ~higher).any()
    assert masks[0].sum() < masks[2].sum() < masks[4].sum()


def test_16_bits_give_the_same_proposal():
    pixels = damaged(plain(), drawn(plain(), (10, 50), (300, 90), 2), 240)
    assert np.array_equal(find_scratches(pixels.astype(np.uint16) * np.uint16(257)), find_scratches(pixels))


@pytest.mark.parametrize("level", [250, 5])
def test_a_thin_line_does_not_vanish_in_a_large_picture(level):
    large = cv2.resize(plain(), (3300, 2500), interpolation=cv2.INTER_CUBIC)
    opacity = drawn(large, (100, 300), (3200, 1700), 2)
    found = find_scratches(damaged(large, opacity, level))
    assert found.shape == opacity.shape
    assert recall(found, opacity) > 0.9
    assert share_outside(found, opacity) < 0.005


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (16, 16), (33, 17)])
def test_tiny_pictures_are_answered(shape):
    assert find_scratches(np.full((*shape, 3), 90, np.uint8)).sum() == 0
