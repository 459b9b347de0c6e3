"""The grid of points whose modes can be counted, and training on it."""

import dataclasses
import math

import pytest
import torch

from ganedit.training.toys import MODES, POINTS, SIGMA, count_grid, grid_centers, grid_points, reverse_kl, train_points


def test_points_of_the_grid_are_all_counted() -> None:
    count = count_grid(grid_points(25_000, seed=0))
    assert count.modes == MODES and count.good > 0.999 and count.reverse_kl < 0.01


def test_a_single_mode_is_as_uneven_as_can_be_and_what_lies_between_is_not_good() -> None:
    one = count_grid(grid_centers()[:1].repeat(100, 1))
    assert one.modes == 1 and one.reverse_kl == pytest.approx(math.log(MODES))
    between = count_grid(grid_centers() + 5 * SIGMA)
    assert between.modes == 0 and between.good == 0 and between.reverse_kl == math.inf


def test_even_counts_have_no_divergence() -> None:
    assert reverse_kl(torch.full((10,), 7)) == 0


def test_samples_come_to_the_grid_and_every_tick_tells_of_them() -> None:
    schedule = dataclasses.replace(POINTS.schedule, kimg=240, tick_kimg=60)
    told, distances = [], []

    def tell(stats: object, samples: torch.Tensor) -> None:
        told.append(stats)
        distances.append(float(torch.cdist(samples, grid_centers()).min(dim=1).values.median()))

    generator = train_points(dataclasses.replace(POINTS, schedule=schedule), grid_points(5000, seed=0), tell)
    assert len(told) == 4 and {"loss_g", "loss_d", "diversity"} <= set(dict(told[0]))  # type: ignore[call-overload]
    assert distances[-1] < 0.6 * distances[0]
    assert generator(torch.randn(3, 8)).shape == (3, 2)
