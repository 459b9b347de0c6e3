"""Gradient clipping: nothing usual is touched, nothing far above it gets through."""

import pytest
import torch

from ganedit.training.clipping import Clipper


def learned(times: float = 10.0, norm: float = 3.0) -> Clipper:
    clipper = Clipper(times)
    for _ in range(60):
        assert not clipper.clip([torch.ones(2)], norm)
    return clipper


def test_usual_gradients_are_left_alone_and_long_ones_shortened_to_the_limit() -> None:
    clipper, gradient = learned(), torch.full((4,), 300.0)
    assert not clipper.clip([gradient], 29.0) and gradient[0] == 300
    assert clipper.clip([gradient], 600.0)
    assert gradient.norm() == pytest.approx(10 * 3.5, rel=0.02)  # the 29 above has raised what is usual a little


def test_nothing_is_clipped_before_the_usual_is_known_or_without_a_limit() -> None:
    gradient = torch.ones(2)
    assert not Clipper(10.0).clip([gradient], 1e9)
    assert not learned(times=0).clip([gradient], 1e9)
    assert gradient.tolist() == [1, 1]


def test_one_huge_gradient_does_not_become_the_usual() -> None:
    clipper = learned()
    assert clipper.clip([torch.ones(1)], 1e9)
    assert clipper.clip([torch.ones(1)], 1e9)


def test_it_goes_on_from_a_state() -> None:
    other = Clipper(10.0)
    other.load_state_dict(learned().state_dict())
    assert other.state_dict() == learned().state_dict()
    assert other.clip([torch.ones(1)], 31.0)
