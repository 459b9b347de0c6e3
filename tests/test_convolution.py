"""Twice-differentiable convolutions: the same numbers as PyTorch's own, to the second derivative."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.models.archs.convolution import TwiceConv2d

SHAPES = [(1, 1), (3, 1), (3, 4)]


def layer(size: int, groups: int, kind: torch.dtype = torch.float64) -> TwiceConv2d:
    torch.manual_seed(0)
    return TwiceConv2d(8, 12, size, groups).to(kind)


def plain(x: Tensor, own: TwiceConv2d) -> Tensor:
    return F.conv2d(x, own.weight, padding=own.padding, groups=own.groups)  # pyright: ignore[reportArgumentType]


def slopes(out: Tensor, x: Tensor, own: TwiceConv2d) -> list[Tensor]:
    """Gradients of x and the weight, and the weight's and x's gradients of a penalty on the slope at x."""
    first = torch.autograd.grad(out.square().sum(), [x, own.weight], create_graph=True)
    penalty = first[0].square().sum() + first[1].square().sum()
    return [*first, *torch.autograd.grad(penalty, [x, own.weight])]


@pytest.mark.parametrize(("size", "groups"), SHAPES)
def test_it_and_both_its_derivatives_are_those_of_pytorch(size: int, groups: int) -> None:
    own, x = layer(size, groups), torch.randn(2, 8, 6, 5, dtype=torch.float64, requires_grad=True)
    ours, theirs = own(x), plain(x, own)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(slopes(ours, x, own), slopes(theirs, x, own))


def test_the_third_derivative_is_right_too() -> None:
    own, x = layer(3, 2), torch.randn(1, 8, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x, _: own(x).pow(3), (x, own.weight), atol=1e-4)


def test_with_autocast_it_computes_in_half_precision_and_its_weights_get_full_gradients() -> None:
    own, x = layer(3, 4, torch.float32), torch.randn(2, 8, 6, 6, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, theirs = own(x), plain(x, own)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(slopes(ours.float(), x, own), slopes(theirs.float(), x, own), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - other).norm() < 0.02 * other.norm()


def test_without_gradients_it_is_the_layer_it_derives_from() -> None:
    own, x = layer(3, 4), torch.randn(2, 8, 6, 6, dtype=torch.float64)
    with torch.inference_mode():
        assert torch.equal(own(x), plain(x, own))
