"""AnimeGANv2's generator under the keys of its PyTorch checkpoints.

Source: Chen et al. 2020, "AnimeGAN: a novel lightweight GAN for photo animation", and its second version,
github.com/TachibanaYoshino/AnimeGANv2; keys as in github.com/bryandlee/animegan2-pytorch (MIT).
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.kept_norms import KeptNorm

FIRST_KEY = "block_a.0.1.weight"
REACH_PX = 64
"""How far from a pixel it looks once the statistics are fixed: 55 px, and up to a multiple of 16."""

_EXPANSION = 2


def _layer(inputs: int, outputs: int, size: int = 3, stride: int = 1, *, by_channel: bool = False) -> nn.Sequential:
    """Mirror the border, convolve, normalize, rectify; with stride 2 the border is added below and to the right."""
    around = (0, 1, 0, 1) if stride == 2 else size // 2
    groups = inputs if by_channel else 1
    conv = nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=by_channel)
    return nn.Sequential(nn.ReflectionPad2d(around), conv, _norm(outputs), nn.LeakyReLU(0.2))


def _norm(channels: int) -> KeptNorm:
    return KeptNorm(channels, whole=True, affine=True)


class _Bottleneck(nn.Module):
    """Widen, filter each channel by itself, narrow; added to its input where the widths are the same."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = _EXPANSION * inputs
        self.adds = inputs == outputs
        self.layers = nn.Sequential(
            _layer(inputs, inner, 1),
            _layer(inner, inner, by_channel=True),
            nn.Conv2d(inner, outputs, 1, bias=False),
            _norm(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.adds else y


class AnimeGenerator(nn.Module):
    """Repaints (N, 3, H, W) pictures in [-1, 1] whose sides are multiples of 4.

    The published code can also enlarge its maps so that their corners meet, which depends on the size of the whole; it
    is done the other way here, so that tiles agree.
    """

    def __init__(self, width: int = 32) -> None:
        """Take the channels of the finest map; the published networks have 32."""
        super().__init__()
        a, b, c, d = (width << level for level in range(4))
        self.block_a = nn.Sequential(_layer(3, a, 7), _layer(a, b, stride=2), _layer(b, b))
        self.block_b = nn.Sequential(_layer(b, c, stride=2), _layer(c, c))
        middle = [_Bottleneck(c, d), *(_Bottleneck(d, d) for _ in range(3))]
        self.block_c = nn.Sequential(_layer(c, c), *middle, _layer(d, c))
        self.block_d = nn.Sequential(_layer(c, c), _layer(c, c))
        self.block_e = nn.Sequential(_layer(c, b), _layer(b, b), _layer(b, a, 7))
        self.out_layer = nn.Sequential(nn.Conv2d(a, 3, 1, bias=False), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Give (N, 3, H, W) in [-1, 1]."""
        x = self.block_c(self.block_b(self.block_a(x)))
        x = self.block_d(F.interpolate(x, scale_factor=2, mode="bilinear"))
        return self.out_layer(self.block_e(F.interpolate(x, scale_factor=2, mode="bilinear")))


def from_state(state: Mapping[str, Tensor]) -> AnimeGenerator:
    """Build the network that a state dict holds.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: tensors do not fit.
    """
    network = AnimeGenerator(len(state[FIRST_KEY]))
    network.load_state_dict(state)
    return network
