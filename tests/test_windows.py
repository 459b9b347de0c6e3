"""What an inpainting network is shown: every hole once, with context, at a cost that follows the holes."""

import time

import cv2
import numpy as np
import pytest

from ganedit.tasks.windows import SMALLEST_PX, plan_windows


def covered(plan, shape):
    """How many windows of its own level have each pixel in their core."""
    count = np.zeros(shape, int)
    for window in plan.windows:
        part = np.s_[window.core.top : window.core.bottom, window.core.left : window.core.right]
        count[part] += plan.levels[part] == window.level
    return count


def lines(height, width, number, seed=0):
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(number):
        start = rng.uniform(0, 1, 2) * (width, height)
        angle, length = rng.uniform(0, np.pi), rng.uniform(40, 250)
        stop = start + length * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(mask, start.astype(int).tolist(), stop.astype(int).tolist(), 1, int(rng.integers(2, 6)))
    return mask.astype(bool)


def blobs(height, width, number, seed=0):
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(number):
        center = (rng.uniform(0, 1, 2) * (width, height)).astype(int).tolist()
        cv2.ellipse(mask, center, rng.integers(5, 200, 2).tolist(), float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return mask.astype(bool)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("make", "number"), [(lines, 60), (blobs, 12)])
@pytest.mark.parametrize("size", [(900, 1400), (300, 2000), (120, 90)])
def test_every_pixel_of_every_hole_is_in_the_core_of_a_window_of_its_level(size, make, number, seed):
    mask = make(*size, number, seed)
    plan = plan_windows(mask)
    assert (covered(plan, size)[mask] >= 1).all()
    assert ((plan.levels > 0) == mask).all()
    for window in plan.windows:
        assert 0 <= window.outer.left < window.outer.right <= size[1]
        assert 0 <= window.outer.top < window.outer.bottom <= size[0]


@pytest.mark.parametrize("make", [lines, blobs])
def test_a_core_ends_before_its_window_does_unless_the_picture_ends_there(make):
    mask = make(1500, 1500, 40)
    for window in plan_windows(mask).windows:
        outer, core = window.outer, window.core
        for gap, edge in (
            (core.left - outer.left, outer.left == 0),
            (core.top - outer.top, outer.top == 0),
            (outer.right - core.right, outer.right == 1500),
            (outer.bottom - core.bottom, outer.bottom == 1500),
        ):
            assert edge or gap >= outer.width / 20


def test_nothing_marked_is_no_work():
    assert plan_windows(np.zeros((50, 60), bool)).windows == ()


def test_a_small_hole_is_one_window_of_the_networks_own_size_around_it():
    mask = np.zeros((3000, 4000), bool)
    mask[1000:1200, 2000:2200] = True
    [window] = plan_windows(mask).windows
    assert (window.outer.width, window.outer.height) == (SMALLEST_PX, SMALLEST_PX)
    assert (window.outer.left + window.outer.right, window.outer.top + window.outer.bottom) == (4200, 2200)


def test_a_thick_hole_gets_twice_its_thickness_of_context():
    mask = np.zeros((3000, 3000), bool)
    mask[1000:1600, 1000:1600] = True
    [window] = plan_windows(mask).windows
    assert 1200 <= window.outer.width <= 1200 * 1.25


def test_a_hole_at_the_edge_counts_as_twice_as_thick_because_one_side_of_it_is_unknown():
    middle, edge = np.zeros((2000, 2000), bool), np.zeros((2000, 2000), bool)
    middle[900:1200], edge[:300] = True, True
    assert plan_windows(edge).windows[0].outer.height > 1.5 * plan_windows(middle).windows[0].outer.height


def test_a_long_scratch_is_followed_at_full_size_and_a_long_blob_is_seen_as_a_whole():
    scratch, blob = np.zeros((1000, 1000), bool), np.zeros((1000, 1000), bool)
    scratch[200:700, 500:504], blob[200:700, 450:530] = True, True
    assert {window.outer.width for window in plan_windows(scratch).windows} == {SMALLEST_PX}
    [window] = plan_windows(blob).windows
    assert window.outer.width > 500 / 0.75


def test_two_hundred_scratches_share_fewer_than_twelve_windows():
    assert len(plan_windows(lines(1250, 1600, 200)).windows) < 12


def test_small_holes_are_filled_before_large_ones():
    mask = blobs(2000, 2000, 10)
    levels = [window.level for window in plan_windows(mask).windows]
    assert levels == sorted(levels) and len(set(levels)) > 1


def test_planning_costs_little_however_much_is_masked():
    """A quarter of 24 megapixels is planned faster than a network fills one window."""
    mask = np.zeros((4000, 6000), bool)
    mask[1000:3000, 1500:4500] = True
    started = time.process_time()
    assert len(plan_windows(mask).windows) == 1
    assert time.process_time() - started < 2
