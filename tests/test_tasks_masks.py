"""Geometry of masks: grow, feather, measure, judge an edge."""

import numpy as np
import pytest

from ganedit.tasks.masks import bounding_box, feather_weights, grow, holes, seam_score, thickness_px
from ganedit.tasks.tiling import Box


def blank(height: int = 60, width: int = 80) -> np.ndarray:
    return np.zeros((height, width), bool)


def disc(y: int, x: int, radius: float, height: int = 60, width: int = 80) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def test_a_grown_pixel_is_a_disc():
    mask = blank()
    mask[30, 40] = True
    assert np.array_equal(grow(mask, 7), disc(30, 40, 7))


def test_growing_stops_at_the_picture_and_leaves_the_original_alone():
    mask = blank()
    mask[0, 0] = True
    assert np.array_equal(grow(mask, 5), disc(0, 0, 5))
    assert mask.sum() == 1


def test_growing_equals_brute_force_on_scattered_marks():
    mask = np.random.default_rng(0).random((60, 80)) < 0.01
    wanted = np.any([disc(y, x, 4) for y, x in np.argwhere(mask)], axis=0)
    assert np.array_equal(grow(mask, 4), wanted)


def test_shrinking_takes_a_disc_off_every_edge_but_the_pictures():
    mask = blank()
    mask[:20, 30:] = True
    wanted = blank()
    wanted[:17, 33:] = True
    assert np.array_equal(grow(mask, -3), wanted)


def test_nothing_and_everything_stay_what_they_are():
    for mask in (blank(), ~blank()):
        assert np.array_equal(grow(mask, 5), mask)
        assert np.array_equal(grow(mask, -5), mask)
        assert np.array_equal(feather_weights(mask, 5), mask.astype(np.float32))


def test_a_feather_falls_from_1_on_the_mask_to_0_and_is_exactly_0_beyond():
    mask = disc(30, 40, 8)
    weights = feather_weights(mask, 6)
    assert weights.dtype == np.float32
    assert (weights[mask] == 1).all()
    assert (weights[~grow(mask, 6)] == 0).all()
    assert (weights[grow(mask, 6)] > 0).all()
    row = weights[30, 48:56]
    assert (np.diff(row) <= 0).all() and np.abs(np.diff(row)).max() < 0.3
    assert row[3] == pytest.approx(0.6, abs=0.1)


def test_a_feather_of_0_is_the_mask():
    mask = disc(30, 40, 8)
    assert np.array_equal(feather_weights(mask, 0), mask.astype(np.float32))


def test_a_feather_of_1_is_not_lost():
    assert 0.3 < feather_weights(disc(30, 40, 0), 1)[30, 41] < 0.7


def test_the_bounding_box_holds_all_marks_tightly():
    mask = blank()
    mask[5, 70] = mask[50, 2] = True
    assert bounding_box(mask) == Box(2, 5, 71, 51)
    assert bounding_box(~blank()) == Box(0, 0, 80, 60)
    assert bounding_box(blank()) is None


def test_holes_are_numbered_by_size_and_corners_connect():
    mask = blank()
    mask[2, 2] = True
    mask[10:20, 10:20] = True
    mask[20, 20] = True  # touches the square at its corner
    mask[40:43, 60:64] = True
    labels, boxes = holes(mask)
    assert labels.dtype == np.int32 and labels.shape == mask.shape
    assert boxes == [Box(10, 10, 21, 21), Box(60, 40, 64, 43), Box(2, 2, 3, 3)]
    assert [(labels == label).sum() for label in (1, 2, 3)] == [101, 12, 1]
    assert np.array_equal(labels > 0, mask)


def test_an_empty_mask_has_no_holes():
    labels, boxes = holes(blank())
    assert boxes == [] and not labels.any()


@pytest.mark.parametrize("width", [2, 10, 24])
def test_thickness_is_the_width_of_a_band(width):
    mask = blank()
    mask[:, 30 : 30 + width] = True
    assert thickness_px(mask) == width


def test_thickness_looks_at_the_widest_place():
    mask = disc(30, 40, 10)
    mask[30] = True
    assert thickness_px(mask) == pytest.approx(21, abs=1.5)


def test_a_band_at_the_edge_is_known_from_one_side_only():
    mask = blank()
    mask[:, :10] = True
    assert thickness_px(mask) == 20


def test_thickness_of_nothing_and_of_everything_is_finite():
    assert thickness_px(blank()) == 0
    assert thickness_px(~blank()) == 200


def noisy(dtype: type = np.uint8) -> np.ndarray:
    values = np.random.default_rng(3).normal(110, 12, (60, 80, 3)).clip(0, 255).astype(np.uint8)
    return values.astype(dtype) * dtype(257 if dtype == np.uint16 else 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_fill_like_its_surroundings_scores_1_and_a_shifted_one_much_more(dtype):
    pixels, mask = noisy(dtype), disc(30, 40, 14)
    assert seam_score(pixels, mask) == pytest.approx(1, abs=0.15)
    pixels[mask] += pixels.dtype.type(60 if dtype == np.uint8 else 60 * 257)
    assert seam_score(pixels, mask) > 3


def test_a_smooth_patch_in_noise_has_no_visible_seam():
    pixels, mask = noisy(), disc(30, 40, 14)
    pixels[mask] = 110
    assert seam_score(pixels, mask) < 1.1


def test_flat_surroundings_score_1_and_show_every_step():
    pixels, mask = np.full((60, 80, 3), 90, np.uint8), disc(30, 40, 14)
    assert seam_score(pixels, mask) == 1
    pixels[mask] = 99
    assert seam_score(pixels, mask) == pytest.approx(10)


def test_a_seam_far_from_other_detail_is_not_excused_by_it():
    pixels, mask = np.full((60, 80, 3), 90, np.uint8), disc(20, 20, 6)
    pixels[mask] = 99
    pixels[:, 45:] = noisy()[:, 45:]
    assert seam_score(pixels, mask) == pytest.approx(10)


def test_a_mask_without_an_edge_scores_1():
    assert seam_score(noisy(), blank()) == 1
    assert seam_score(noisy(), ~blank()) == 1
