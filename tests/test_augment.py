"""Differentiable augmentation, and how strong it is made."""

import pytest
import torch
from torch import Tensor

from ganedit.training.augment import POLICIES, AdaptiveStrength, Augment


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 32, size: int = 16, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, size, size, generator=rng(99)) * 2 - 1


def changed(before: Tensor, after: Tensor) -> Tensor:
    """(N,) bool."""
    return (before != after).flatten(1).any(1)


each_policy = pytest.mark.parametrize("policy", [*((name,) for name in POLICIES), POLICIES], ids="-".join)


@each_policy
def test_at_p_0_every_pixel_stays_exactly(policy: tuple[str, ...]) -> None:
    x = pictures()
    augment = Augment(policy)
    assert augment(x, 0.0) is x
    assert torch.equal(augment.apply(x, augment.draw(x, 0.0, rng())), x)


@each_policy
def test_at_p_1_pictures_change_and_keep_shape_type_and_layout(policy: tuple[str, ...]) -> None:
    x = pictures()
    for like in (x, x.bfloat16(), x.to(memory_format=torch.channels_last)):
        y = Augment(policy)(like, 1.0, rng())
        assert (y.shape, y.dtype, y.stride()) == (like.shape, like.dtype, like.stride())
        assert changed(like, y).float().mean() > 0.3
    fine = Augment(policy)(x, 1.0, rng())
    torch.testing.assert_close(Augment(policy)(x.bfloat16(), 1.0, rng()).float(), fine, atol=0.03, rtol=0.02)
    assert torch.equal(Augment(policy)(x.to(memory_format=torch.channels_last), 1.0, rng()), fine)


@pytest.mark.parametrize(
    ("policy", "share"),
    [("color", 1 - 0.7**3), ("translation", 1 - (1 - 0.3 * 4 / 5) ** 2), ("cutout", 0.3), ("flip", 0.15)],
)
def test_each_change_happens_to_its_share_of_the_pictures(policy: str, share: float) -> None:
    x = pictures(4000)
    # A shift of 16 px by at most 2 is one of five, of which one is none; half of all mirrorings do nothing.
    assert changed(x, Augment((policy,))(x, 0.3, rng())).float().mean().item() == pytest.approx(share, abs=0.03)


def test_a_flip_mirrors_left_and_right() -> None:
    x = pictures()
    y = Augment(("flip",))(x, 1.0, rng())
    which = changed(x, y)
    assert 8 < which.sum() < 24
    assert torch.equal(y[which], x[which].flip(3))


def test_a_translation_moves_by_an_eighth_at_most_and_fills_with_gray() -> None:
    x = pictures(count=200)
    y = Augment(("translation",))(x, 1.0, rng())
    seen = set()
    for before, after in zip(x, y, strict=True):
        moves = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(moved(before, down, right), after)
        ]
        assert len(moves) == 1
        seen.update(moves)
    assert len(seen) == 25


def moved(x: Tensor, down: int, right: int) -> Tensor:
    """Move a (C, H, W) picture by means of slices."""
    result = torch.zeros_like(x)
    (to_row, from_row), (to_column, from_column) = ((max(by, 0), max(-by, 0)) for by in (down, right))
    height, width = x.shape[1] - abs(down), x.shape[2] - abs(right)
    part = x[:, from_row : from_row + height, from_column : from_column + width]
    result[:, to_row : to_row + height, to_column : to_column + width] = part
    return result


def test_a_cutout_blanks_one_box_of_half_the_side() -> None:
    x = torch.ones(300, 1, 16, 16)
    y = Augment(("cutout",))(x, 1.0, rng())
    assert set(y.unique().tolist()) == {0.0, 1.0}
    heights, widths = (1 - y).amax(3).sum(2).flatten(), (1 - y).amax(2).sum(2).flatten()
    assert torch.equal((1 - y).sum((1, 2, 3)), heights * widths), "what is blank is a box"
    assert heights.max() == widths.max() == 8
    assert heights.min() < 8, "near the border a part of it is outside"
    assert (y == 0).any(dim=0).all(), "it comes everywhere"


def test_color_is_brightness_then_saturation_then_contrast() -> None:
    x = pictures(count=8)
    augment = Augment(("color",))
    draw = augment.draw(x, 1.0, rng())
    assert draw.color is not None
    brightness, saturation, contrast = draw.color
    assert brightness.abs().max() <= 0.5
    assert 0 <= saturation.min() <= saturation.max() <= 2
    assert 0.5 <= contrast.min() <= contrast.max() <= 1.5
    y = x + brightness
    gray = y.mean(1, keepdim=True)
    y = (y - gray) * saturation + gray
    mean = y.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(augment.apply(x, draw), (y - mean) * contrast + mean)


def test_gray_pictures_and_oblong_ones_work() -> None:
    for shape in ((4, 1, 16, 16), (4, 3, 8, 16)):
        x = torch.rand(shape, generator=rng())
        assert Augment(POLICIES)(x, 1.0, rng()).shape == shape


@each_policy
def test_gradients_pass_through_twice(policy: tuple[str, ...]) -> None:
    augment, x = Augment(policy), torch.rand(2, 2, 6, 6, generator=rng(), dtype=torch.float64).requires_grad_()
    draw = augment.draw(x, 1.0, rng())
    assert torch.autograd.gradcheck(lambda x: augment.apply(x, draw), x)
    logits = augment.apply(x, draw).pow(3).sum()
    (slope,) = torch.autograd.grad(logits, x, create_graph=True)
    slope.square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_two_calls_draw_differently_and_one_draw_changes_two_batches_alike() -> None:
    x, augment = pictures(), Augment(POLICIES)
    chance = rng()
    assert not torch.equal(augment(x, 1.0, chance), augment(x, 1.0, chance))
    draw = augment.draw(x, 1.0, chance)
    assert torch.equal(augment.apply(x, draw), augment.apply(x.clone(), draw))


def test_chance_comes_from_the_given_generator_alone() -> None:
    x, augment = pictures(), Augment(POLICIES)
    before = torch.random.get_rng_state()
    assert torch.equal(augment(x, 0.5, rng(3)), augment(x, 0.5, rng(3)))
    assert torch.equal(before, torch.random.get_rng_state())


def test_it_works_without_a_generator() -> None:
    x = pictures()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert changed(x, Augment(POLICIES)(x, 1.0)).all()


def test_bfloat16_autocast_leaves_the_identity_exact() -> None:
    x, augment = pictures(), Augment(POLICIES)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment.apply(x, augment.draw(x, 0.0, rng())), x)


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(ValueError, match="blur"):
        Augment(("blur",))


def run(strength: AdaptiveStrength, logit: float, kimg: float, batch: int = 50) -> None:
    for _ in range(round(kimg * 1000 / batch)):
        strength.observe(torch.full((batch,), logit))


def test_strength_rises_from_0_to_1_in_its_time_while_the_discriminator_is_sure_and_falls_again() -> None:
    strength = AdaptiveStrength(target=0.6, speed_kimg=10)
    run(strength, 3.0, kimg=5)
    assert strength.p == pytest.approx(0.5)
    assert strength.sureness == 1.0
    run(strength, 3.0, kimg=7)
    assert strength.p == 1.0
    run(strength, -3.0, kimg=4)
    assert strength.p == pytest.approx(0.6)
    assert strength.sureness == -1.0
    run(strength, -3.0, kimg=9)
    assert strength.p == 0.0


@pytest.mark.parametrize(("positive", "moves"), [(9, 1), (8, 0), (7, -1)])
def test_the_target_is_the_mean_sign_of_real_logits(positive: int, moves: int) -> None:
    strength = AdaptiveStrength(target=0.6, speed_kimg=1, p=0.5)
    logits = torch.tensor([100.0] * positive + [-0.01] * (10 - positive))
    for _ in range(4):
        strength.observe(logits)
    assert strength.sureness == pytest.approx(positive / 5 - 1)
    assert strength.p == pytest.approx(0.5 + moves * 0.04)


def test_it_moves_on_every_fourth_batch_and_goes_on_from_a_state_in_between() -> None:
    straight, before = AdaptiveStrength(speed_kimg=1), AdaptiveStrength(speed_kimg=1)
    logits = torch.ones(10)
    for strength in (straight, before):
        for _ in range(6):
            strength.observe(logits)
    assert straight.p == pytest.approx(0.04)
    after = AdaptiveStrength(speed_kimg=1)
    after.load_state_dict(before.state_dict())
    for strength in (straight, after):
        for _ in range(2):
            strength.observe(logits)
    assert after.p == straight.p == pytest.approx(0.08)
    assert after.state_dict() == straight.state_dict()
