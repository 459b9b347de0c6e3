"""A convolution that can be differentiated twice at little cost: penalties on D's slope are half of a training step.

A convolution, its gradient by the input and its gradient by the weight are each linear in two arguments, and each one's
gradients are the other two. PyTorch's own second derivative does not use this and is slow where there are groups.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function


class _How(NamedTuple):
    padding: int
    groups: int


class _Convolve(Function):
    """(x, weight) to output."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, how: _How) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = how
        return F.conv2d(x, weight, padding=how.padding, groups=how.groups)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        by_x = _ByInput.apply(slopes[0], weight, ctx.how) if ctx.needs_input_grad[0] else None
        by_weight = _ByWeight.apply(x, slopes[0], weight.shape, ctx.how) if ctx.needs_input_grad[1] else None
        return by_x, by_weight, None


class _ByInput(Function):
    """(gradient of the output, weight) to the gradient of x."""

    @staticmethod
    def forward(ctx: Any, slope: Tensor, weight: Tensor, how: _How) -> Tensor:
        ctx.save_for_backward(slope, weight)
        ctx.how = how
        return F.conv_transpose2d(slope, weight, padding=how.padding, groups=how.groups)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        slope, weight = ctx.saved_tensors
        by_slope = _Convolve.apply(slopes[0], weight, ctx.how) if ctx.needs_input_grad[0] else None
        by_weight = _ByWeight.apply(slopes[0], slope, weight.shape, ctx.how) if ctx.needs_input_grad[1] else None
        return by_slope, by_weight, None


class _ByWeight(Function):
    """(x, gradient of the output) to the gradient of a weight of the given shape."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor, shape: torch.Size, how: _How) -> Tensor:
        ctx.save_for_backward(x, slope)
        ctx.how = how
        unused, padding, one, none = x.new_empty(1).expand(shape), [how.padding] * 2, [1, 1], [0, 0]
        return torch.ops.aten.convolution_backward(
            slope, x, unused, None, one, padding, one, False, none, how.groups, [False, True, False]
        )[1]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        x, slope = ctx.saved_tensors
        by_x = _ByInput.apply(slope, slopes[0], ctx.how) if ctx.needs_input_grad[0] else None
        by_slope = _Convolve.apply(x, slopes[0], ctx.how) if ctx.needs_input_grad[1] else None
        return by_x, by_slope, None, None


class TwiceConv2d(nn.Conv2d):
    """``nn.Conv2d`` of stride 1, square padding and no bias, quicker where its gradient is differentiated again."""

    def __init__(self, inputs: int, outputs: int, size: int, groups: int = 1) -> None:
        """Take channels, the kernel's odd side and the number of groups; the padding keeps the map's size."""
        super().__init__(inputs, outputs, size, padding=size // 2, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102 - as in nn.Conv2d
        if not torch.is_grad_enabled():
            return super().forward(x)
        weight, kind = self.weight, x.device.type
        if torch.is_autocast_enabled(kind):  # which does not look into what is defined here
            half = torch.get_autocast_dtype(kind)
            x, weight = x.to(half), weight.to(half)
        with torch.autocast(kind, enabled=False):
            return _Convolve.apply(x, weight, _How(self.kernel_size[0] // 2, self.groups))  # type: ignore[no-any-return]
