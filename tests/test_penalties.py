"""The penalties: exact on discriminators whose slope is known, and able to train them."""

import pytest
import torch
from torch import Tensor, nn

from ganedit.training.penalties import gradient_penalty, likeness_penalty, r1_penalty, r2_penalty

SHAPE = (5, 3, 4, 4)


class Linear(nn.Module):
    """Logits are a weighted sum, so the slope is the weights wherever one looks."""

    def __init__(self, heads: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(heads, 48, generator=torch.Generator().manual_seed(1)))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        self.seen.append(x)
        logits = x.flatten(1) @ self.weight.T
        if condition is not None:
            logits = logits * condition
        return logits.squeeze(1)


def pictures(seed: int = 0) -> Tensor:
    return torch.rand(SHAPE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("penalty", [r1_penalty, r2_penalty])
def test_r1_and_r2_are_the_squared_slope_of_each_picture(penalty) -> None:
    network, x = Linear(), pictures().requires_grad_()
    expected = network.weight.square().sum().item()
    found = penalty(network(x), x)
    assert found.shape == (5,)
    assert found.tolist() == pytest.approx([expected] * 5)


def test_each_picture_is_penalized_for_its_own_slope() -> None:
    x = pictures().requires_grad_()
    found = r1_penalty(x.square().flatten(1).sum(1), x)  # the slope at x is 2 x
    torch.testing.assert_close(found, 4 * x.detach().square().flatten(1).sum(1))


def test_the_slope_of_several_heads_is_that_of_their_sum() -> None:
    network, x = Linear(heads=3), pictures().requires_grad_()
    expected = network.weight.sum(0).square().sum().item()
    assert r1_penalty(network(x), x).tolist() == pytest.approx([expected] * 5)


def test_the_gradient_penalty_is_the_squared_distance_of_the_slope_from_1() -> None:
    network = Linear()
    expected = (network.weight.norm().item() - 1) ** 2
    found = gradient_penalty(network, pictures(1), pictures(2), None, rng())
    assert found.tolist() == pytest.approx([expected] * 5)


def test_a_slope_of_1_costs_nothing() -> None:
    network = Linear()
    network.weight.data /= network.weight.data.norm()
    assert gradient_penalty(network, pictures(1), pictures(2), None, rng()).tolist() == pytest.approx(
        [0] * 5, abs=1e-10
    )


def test_the_gradient_penalty_looks_at_one_point_between_each_pair() -> None:
    network, real, fake = Linear(), pictures(1), pictures(2)
    gradient_penalty(network, real, fake, None, rng())
    places = ((network.seen[0] - real) / (fake - real)).flatten(1).detach()
    assert places.std(dim=1).max() < 1e-3, "one place for all pixels of a picture"
    assert 0 <= places.min() <= places.max() <= 1.0001
    assert places.mean(dim=1).std() > 0.05, "another place for each picture"


def test_the_places_between_come_from_the_given_generator_alone() -> None:
    network = Linear()
    before = torch.random.get_rng_state()
    for seed in (7, 7, 8):
        gradient_penalty(network, pictures(1), pictures(2), None, rng(seed))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(network.seen[0], network.seen[1])
    assert not torch.equal(network.seen[0], network.seen[2])


def test_the_gradient_penalty_passes_the_condition_on() -> None:
    network, factor = Linear(), torch.arange(5.0)[:, None]
    expected = (network.weight.norm().item() * torch.arange(5.0) - 1).square()
    found = gradient_penalty(network, pictures(1), pictures(2), factor, rng())
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", ["r1", "r2", "gp"])
def test_minimizing_a_penalty_flattens_the_discriminator(kind: str) -> None:
    network = Linear()
    start = network.weight.norm().item()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(60):
        x = pictures().requires_grad_()
        if kind == "gp":
            cost = gradient_penalty(network, x, pictures(1), None, rng())
        else:
            cost = (r1_penalty if kind == "r1" else r2_penalty)(network(x), x)
        optimizer.zero_grad()
        cost.mean().backward()
        optimizer.step()
    assert start > 3
    assert network.weight.norm().item() == pytest.approx(1.0 if kind == "gp" else 0.0, abs=0.02)


def test_the_gradient_penalty_trains_no_generator() -> None:
    network, fake = Linear(), pictures(2).requires_grad_()
    gradient_penalty(network, pictures(1), fake, None, rng()).mean().backward()
    assert fake.grad is None
    assert network.weight.grad is not None


def test_a_dead_discriminator_gets_finite_gradients() -> None:
    network = Linear()
    network.weight.data.zero_()
    gradient_penalty(network, pictures(1), pictures(2), None, rng()).mean().backward()
    assert network.weight.grad is not None
    assert torch.isfinite(network.weight.grad).all()


def test_points_in_a_plane_work_as_pictures_do() -> None:
    x = torch.randn(6, 2, generator=rng()).requires_grad_()
    assert r1_penalty(3 * x[:, 0], x).tolist() == pytest.approx([9] * 6)
    network = Linear()
    network.weight.data = torch.tensor([[3.0, 0.0]])
    found = gradient_penalty(network, x, -x, None, rng())
    assert found.tolist() == pytest.approx([4] * 6)


def test_bfloat16_slopes_are_summed_in_float32() -> None:
    x = torch.zeros(1, 3, 64, 64, dtype=torch.bfloat16, requires_grad=True)
    found = r1_penalty(x.flatten(1).sum(1), x)
    assert found.dtype == torch.float32
    assert found.item() == 3 * 64 * 64


def test_pairs_that_are_equal_cost_1_and_pairs_as_different_as_real_ones_cost_nothing() -> None:
    real = torch.cat([torch.zeros(2, 3, 32, 32), torch.ones(2, 3, 32, 32)])
    equal = torch.full((4, 3, 32, 32), 0.3)
    assert likeness_penalty(equal, real).tolist() == [1.0, 1.0]
    assert likeness_penalty(real, real).tolist() == [0.0, 0.0]
    assert likeness_penalty(2 * real, real).tolist() == [0.0, 0.0]  # more different than needed is no merit
    half = torch.cat([torch.zeros(2, 3, 32, 32), torch.tensor([0.5, 1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32)])
    assert likeness_penalty(half, real).tolist() == pytest.approx([0.5, 0.0])


def test_likeness_is_about_layout_not_grain_and_its_gradient_drives_pairs_apart() -> None:
    chance = torch.Generator().manual_seed(0)
    real = torch.cat([torch.zeros(2, 3, 64, 64), torch.ones(2, 3, 64, 64)])
    grain = torch.randn(4, 3, 64, 64, generator=chance)
    assert likeness_penalty(grain - grain.mean(dim=(2, 3), keepdim=True), real).min() > 0.5
    fake = (0.01 * grain).requires_grad_()
    likeness_penalty(fake, real).sum().backward()
    assert fake.grad is not None
    moved = (fake - 10 * fake.grad).detach()
    assert likeness_penalty(moved, real).sum() < likeness_penalty(fake.detach(), real).sum()


def test_an_odd_batch_leaves_the_last_picture_out() -> None:
    assert likeness_penalty(torch.rand(5, 3, 16, 16), torch.rand(5, 3, 16, 16)).shape == (2,)
