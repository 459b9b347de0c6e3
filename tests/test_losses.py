"""The adversarial losses: known answers, the formulas of the papers, signs, and huge logits."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from ganedit.training.config import LossName
from ganedit.training.losses import LOSSES, Loss

every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def probability(logits: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-logits))


# The formulas as the papers write them: first what G minimizes, then what D minimizes.
NAIVE = {
    "minimax": (
        lambda fake, real: torch.log(1 - probability(fake)),
        lambda real, fake: -(torch.log(probability(real)) + torch.log(1 - probability(fake))),
    ),
    "non_saturating": (
        lambda fake, real: -torch.log(probability(fake)),
        lambda real, fake: -(torch.log(probability(real)) + torch.log(1 - probability(fake))),
    ),
    "hinge": (
        lambda fake, real: -fake,
        lambda real, fake: torch.clamp(1 - real, min=0) + torch.clamp(1 + fake, min=0),
    ),
    "wgan": (lambda fake, real: -fake, lambda real, fake: fake - real),
    "least_squares": (
        lambda fake, real: 0.5 * (fake - 1) ** 2,
        lambda real, fake: 0.5 * (real - 1) ** 2 + 0.5 * fake**2,
    ),
    "relativistic": (
        lambda fake, real: -torch.log(probability(fake - real)),
        lambda real, fake: -torch.log(probability(real - fake)),
    ),
}


def test_a_recipe_can_name_every_loss_and_no_other() -> None:
    assert set(LOSSES) == set(get_args(LossName))
    assert all(name == loss.name and "arXiv:" in loss.paper for name, loss in LOSSES.items())


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        ("minimax", -math.log(2), 2 * math.log(2)),
        ("non_saturating", math.log(2), 2 * math.log(2)),
        ("hinge", 0.0, 2.0),
        ("wgan", 0.0, 0.0),
        ("least_squares", 0.5, 0.5),
        ("relativistic", math.log(2), math.log(2)),
    ],
)
def test_a_discriminator_that_cannot_tell_costs_what_the_papers_say(
    name: str, generator: float, discriminator: float
) -> None:
    zero, loss = torch.zeros(3), LOSSES[name]
    assert loss.generator(zero, zero).tolist() == pytest.approx([generator] * 3)
    assert loss.discriminator(zero, zero).tolist() == pytest.approx([discriminator] * 3)


@every_loss
@pytest.mark.parametrize("shape", [(64,), (16, 4)])
def test_it_equals_the_papers_formula_for_each_logit(loss: Loss, shape: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(0)
    real, fake = (3 * torch.randn(shape, generator=rng, dtype=torch.float64) for _ in range(2))
    generator, discriminator = NAIVE[loss.name]
    torch.testing.assert_close(loss.generator(fake, real), generator(fake, real), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(loss.discriminator(real, fake), discriminator(real, fake), rtol=1e-9, atol=1e-9)


@every_loss
def test_more_real_fakes_please_the_generator_and_more_real_reals_the_discriminator(loss: Loss) -> None:
    logits = torch.linspace(0.05, 0.95, 19)  # least squares wants fakes at 0 or above, and nothing beyond 1
    other = torch.full_like(logits, 0.1)
    assert (loss.generator(logits, other).diff() < 0).all()
    assert (loss.discriminator(logits, other).diff() < 0).all()
    assert (loss.discriminator(other, logits).diff() > 0).all()


@every_loss
def test_huge_logits_give_finite_losses_and_slopes(loss: Loss) -> None:
    for real_value in (-1e4, 1e4):
        for fake_value in (-1e4, 1e4):
            real = torch.full((2,), real_value, requires_grad=True)
            fake = torch.full((2,), fake_value, requires_grad=True)
            total = loss.generator(fake, real).sum() + loss.discriminator(real, fake).sum()
            slopes = torch.autograd.grad(total, (real, fake))
            assert torch.isfinite(total)
            assert all(torch.isfinite(slope).all() for slope in slopes)


def test_only_the_minimax_generator_gets_no_slope_where_the_discriminator_is_sure() -> None:
    stuck = []
    for loss in LOSSES.values():
        fake = torch.full((1,), -50.0, requires_grad=True)
        loss.generator(fake, torch.zeros(1)).sum().backward()
        assert fake.grad is not None
        stuck += [loss.name] * (abs(fake.grad.item()) < 1e-6)
    assert stuck == ["minimax"]


@every_loss
def test_it_knows_whether_the_generator_needs_real_logits(loss: Loss) -> None:
    fake, real = torch.tensor([-0.5, 0.4]), torch.tensor([0.3, -0.2])
    assert torch.equal(loss.generator(fake, real), loss.generator(fake, real + 2)) is not loss.pairs


@every_loss
def test_a_constant_on_all_logits_matters_but_for_wgan_and_relativistic(loss: Loss) -> None:
    real, fake = torch.tensor([0.3, -0.2]), torch.tensor([-0.5, 0.4])
    same = torch.allclose(loss.discriminator(real, fake), loss.discriminator(real + 2, fake + 2), atol=1e-6)
    assert same is (loss.name in ("wgan", "relativistic"))
