"""Damage of training pictures: sizes, levels, chance, and that it is what it says."""

import pytest
import torch
from torch import Tensor

from ganedit.training.damage import damage


def pictures(count: int = 1, side: int = 64) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def even(count: int) -> Tensor:
    return torch.full((count, 3, 64, 64), 0.5)


@pytest.mark.parametrize("scale", [1, 4])
def test_pictures_get_smaller_and_stay_on_the_levels_of_a_file(scale: int) -> None:
    torch.manual_seed(0)
    small = damage(pictures(12), scale)
    assert small.shape == (12, 3, 64 // scale, 64 // scale) and small.dtype == torch.float32
    assert small.min() >= 0 and small.max() <= 1
    assert torch.allclose(small * 255, (small * 255).round(), atol=1e-3)


def test_the_seed_decides_all_chance() -> None:
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(damage(pictures(6), 4))
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


def test_about_a_quarter_is_only_made_smaller() -> None:
    torch.manual_seed(0)
    untouched = (damage(even(200), 4) - 0.5).abs().flatten(1).amax(dim=1) < 1 / 255
    assert 0.25 <= untouched.float().mean() < 0.5  # some that could be damaged get neither noise nor blocks


def test_noise_is_gray_or_colored_and_leaves_the_mean() -> None:
    torch.manual_seed(0)
    noise = damage(even(200), 4) - 0.5
    spread = noise.flatten(1).std(dim=1)
    gray = noise.std(dim=1).flatten(1).amax(dim=1) < 2 / 255
    noisy = spread > 4 / 255
    assert spread.max() < 30 / 255
    assert (noisy & gray).any() and (noisy & ~gray).any()
    assert noise.flatten(1).mean(dim=1).abs().max() < 4 / 255


def test_what_is_sharp_is_blurred_in_most() -> None:
    edge = torch.zeros(100, 3, 64, 64)
    edge[..., 32:] = 1
    torch.manual_seed(0)
    step = damage(edge, 1).mean(dim=(1, 2)).diff(dim=-1).abs().amax(dim=-1)
    assert (step > 0.95).float().mean() > 0.2 and (step < 0.5).float().mean() > 0.4
