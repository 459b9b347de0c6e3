"""The averaged weights: decay measured in images, ramp-up, buffers, going on from a state."""

import pytest
import torch
from torch import nn

from ganedit.training.ema import Ema


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def set_weights(module: nn.Module, value: float) -> None:
    for parameter in module.parameters():
        parameter.data.fill_(value)


def weight_of(ema: Ema) -> float:
    return next(ema.module.parameters()).flatten()[0].item()


LATE = 10**9
"""So many images seen that the ramp is over."""


def test_it_starts_as_a_frozen_copy_in_eval_mode() -> None:
    module = network()
    ema = Ema(module, 1)
    assert not ema.module.training
    assert module.training
    assert not any(parameter.requires_grad for parameter in ema.module.parameters())
    assert all(parameter.requires_grad for parameter in module.parameters())
    set_weights(module, 5.0)
    assert weight_of(ema) != 5.0


@pytest.mark.parametrize(("batch", "half_life_kimg"), [(32, 0.5), (64, 10), (1, 0.1)])
def test_an_old_weight_decays_by_half_in_a_half_life(batch: int, half_life_kimg: float) -> None:
    module = network()
    set_weights(module, 1.0)
    ema = Ema(module, half_life_kimg)
    set_weights(module, 0.0)
    ema.update(module, batch, LATE)
    assert weight_of(ema) == pytest.approx(0.5 ** (batch / (half_life_kimg * 1000)), rel=1e-6)


def test_half_a_life_in_many_small_steps_is_half_a_life() -> None:
    module = network()
    set_weights(module, 1.0)
    ema = Ema(module, 1)
    set_weights(module, 0.0)
    for _ in range(100):
        ema.update(module, 10, LATE)
    assert weight_of(ema) == pytest.approx(0.5, rel=1e-5)


def test_the_ramp_holds_the_half_life_at_its_share_of_the_images_so_far() -> None:
    module = network()
    ema = Ema(module, 10, ramp=0.05)
    set_weights(module, 1.0)
    ema.update(module, 100, 0)
    assert weight_of(ema) == 1.0, "the first weights are not worth keeping"
    set_weights(module, 0.0)
    ema.update(module, 100, 1000)
    assert weight_of(ema) == pytest.approx(0.5 ** (100 / (0.05 * 1000)), rel=1e-5)
    set_weights(ema.module, 1.0)
    ema.update(module, 100, 200_000)  # from here on, the half-life is the one asked for
    assert weight_of(ema) == pytest.approx(0.5 ** (100 / 10_000), rel=1e-6)


def test_without_a_half_life_it_copies() -> None:
    module = network()
    ema = Ema(module, 0)
    set_weights(module, 3.0)
    ema.update(module, 8, LATE)
    assert weight_of(ema) == 3.0


def test_buffers_are_copied_and_not_averaged() -> None:
    module = network()
    ema = Ema(module, 10)
    module(torch.randn(16, 3, generator=torch.Generator().manual_seed(0)) + 5)
    ema.update(module, 16, LATE)
    assert dict(module.named_buffers())["1.num_batches_tracked"] == 1
    for mean, fresh in zip(ema.module.buffers(), module.buffers(), strict=True):
        assert torch.equal(mean, fresh)


def test_going_on_from_a_state_is_exact() -> None:
    module = network()
    straight, resumed = Ema(module, 0.2), Ema(network(), 0.2)
    for index in range(8):
        if index == 4:
            resumed.load_state_dict({key: value.clone() for key, value in straight.state_dict().items()})
        set_weights(module, float(index))
        for ema in (straight, resumed):
            ema.update(module, 32, 1000 + index * 32)
    for mean, other in zip(straight.module.parameters(), resumed.module.parameters(), strict=True):
        assert torch.equal(mean, other)
    assert not any(parameter.requires_grad for parameter in resumed.module.parameters())
