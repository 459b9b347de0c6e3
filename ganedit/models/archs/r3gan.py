"""R3GAN in small: residual blocks without norms, each starting as the identity, between bilinear resamplings.

Source: Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline", arXiv:2501.05441.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.convolution import TwiceConv2d
from ganedit.models.archs.dcgan import doublings
from ganedit.models.archs.mlp import LatentInput, ProjectionHead
from ganedit.models.archs.styled import StyledGenerator

_EXPANSION = 2
_GROUP = 16  # channels in each group of the 3x3 convolutions
_SLOPE = 0.2
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))


def _initialized(layer: nn.Conv2d | nn.Linear, gain: float) -> nn.Conv2d | nn.Linear:
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    return layer


def _conv(inputs: int, outputs: int, gain: float = 1.0, size: int = 1, groups: int = 1) -> nn.Module:
    return _initialized(TwiceConv2d(inputs, outputs, size, groups), gain)


class _BiasedLeakyRelu(nn.Module):
    """Leaky ReLU after a bias of its own: the convolutions have none."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.bias.to(x.dtype)[:, None, None], _SLOPE)


class _Residual(nn.Module):
    """1x1, grouped 3x3, 1x1. The last one starts at 0 and the others small enough for ``blocks`` of them in a row.

    Source: fix-up initialization, Zhang et al. 2019, arXiv:1901.09321, equation 7.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        inner = channels * _EXPANSION
        gain = _GAIN * blocks**-0.25
        self.body = nn.Sequential(
            _conv(channels, inner, gain),
            _BiasedLeakyRelu(inner),
            _conv(inner, inner, gain, size=3, groups=max(1, inner // _GROUP)),
            _BiasedLeakyRelu(inner),
            _conv(inner, channels, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def _widths(width: int, levels: int) -> list[int]:
    """Channels from the finest map to the one of 4x4: doubled a level, at most twice."""
    return [width << min(level, 2) for level in range(levels)]


class Generator(StyledGenerator):
    """Pictures from z.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(
        self, z_dim: int = 64, resolution: int = 32, c_dim: int = 0, width: int = 64, channels: int = 3, blocks: int = 1
    ) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z.
            resolution: side of the pictures in pixels, a power of two.
            c_dim: length of the condition; 0 for none.
            width: channels at full resolution, a multiple of 8; coarser maps have up to four times as many.
            channels: channels of the pictures.
            blocks: residual blocks a level; the paper has 2.

        Raises:
            ValueError: the resolution is no power of two.
        """
        super().__init__()
        self.config = {
            "z_dim": z_dim,
            "resolution": resolution,
            "c_dim": c_dim,
            "width": width,
            "channels": channels,
            "blocks": blocks,
        }
        widths = _widths(width, doublings(resolution) + 1)[::-1]
        self.latent = LatentInput(z_dim, c_dim)
        self.basis = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.amounts = _initialized(nn.Linear(self.latent.out_dim, widths[0], bias=False), 1.0)
        total = blocks * len(widths)
        self.levels = nn.ModuleList(nn.Sequential(*[_Residual(w, total) for _ in range(blocks)]) for w in widths)
        self.widen = nn.ModuleList(_conv(a, b) if a != b else nn.Identity() for a, b in pairwise(widths))
        self.to_picture = _conv(widths[-1], channels)

    def synthesize(self, style: Tensor) -> Tensor:
        """Turn (N, 1, S), which ``latent`` gave, into pictures."""
        amounts = self.amounts(style[:, 0])
        x = self.levels[0](self.basis.to(amounts.dtype) * amounts[:, :, None, None])
        for widen, level in zip(self.widen, list(self.levels)[1:], strict=True):
            x = level(F.interpolate(widen(x), scale_factor=2, mode="bilinear"))
        return self.to_picture(x).float()

    def style_matrices(self) -> list[Tensor]:
        """Give the one matrix, (outputs, S), that a style meets first."""
        return [self.get_parameter("amounts.weight")]


class Discriminator(nn.Module):
    """Judges pictures.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(
        self, resolution: int = 32, c_dim: int = 0, width: int = 64, channels: int = 3, blocks: int = 1
    ) -> None:
        """Lay out the network; the arguments are those of ``Generator``.

        Raises:
            ValueError: the resolution is no power of two.
        """
        super().__init__()
        self.config = {
            "resolution": resolution,
            "c_dim": c_dim,
            "width": width,
            "channels": channels,
            "blocks": blocks,
        }
        widths = _widths(width, doublings(resolution) + 1)
        total = blocks * len(widths)
        self.from_picture = _conv(channels, widths[0])
        self.levels = nn.ModuleList(nn.Sequential(*[_Residual(w, total) for _ in range(blocks)]) for w in widths)
        self.widen = nn.ModuleList(_conv(a, b) if a != b else nn.Identity() for a, b in pairwise(widths))
        self.gather = _initialized(nn.Conv2d(widths[-1], widths[-1], 4, groups=widths[-1], bias=False), 1.0)
        self.head = ProjectionHead(widths[-1], c_dim)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, C, R, R) in [-1, 1] and (N, c_dim) or None into (N,) logits; higher means more real."""
        x = self.levels[0](self.from_picture(x))
        for widen, level in zip(self.widen, list(self.levels)[1:], strict=True):
            x = level(widen(F.avg_pool2d(x, 2)))  # bilinear resampling to half the size is this mean
        return self.head(self.gather(x).flatten(1), condition)
