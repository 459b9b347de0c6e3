"""Distances from the picture that should have been made: each picture by itself, 0 for the same, scales that hold."""

import pytest
import torch

from ganedit.training.reconstruction import feature_distance, pixel_distance


def test_pixels_are_compared_picture_by_picture() -> None:
    real = torch.zeros(2, 3, 4, 4)
    fake = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), -0.5)])
    assert pixel_distance(fake, real).tolist() == [0.0, 0.5]


def test_features_are_compared_by_their_own_scale_whatever_the_level() -> None:
    chance = torch.Generator().manual_seed(0)
    real = [torch.randn(3, 8, 4, 4, generator=chance), 100 * torch.randn(3, 4, 2, 2, generator=chance)]
    assert feature_distance(real, real).tolist() == [0.0, 0.0, 0.0]
    doubled = feature_distance([2 * each for each in real], real)
    assert doubled.shape == (3,) and doubled.mean().item() == pytest.approx(1.0)
    one_level = feature_distance([real[0], 2 * real[1]], real)
    assert one_level.mean().item() == pytest.approx(0.5)


def test_the_gradient_leads_to_the_real_picture() -> None:
    real = [torch.ones(1, 2, 2, 2)]
    fake = torch.zeros(1, 2, 2, 2, requires_grad=True)
    feature_distance([fake], real).sum().backward()
    assert fake.grad is not None and (fake.grad < 0).all()
