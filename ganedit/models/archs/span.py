"""SPAN: a small network that enlarges pictures four times, without attention weights to learn.

A block weighs its own result by what that result says of itself, so edges pass and even areas are held back.

Source: Wan et al. 2024, "Swift Parameter-free Attention Network for Efficient Super-Resolution", arXiv:2311.12770.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_BLOCKS = 6
_MEAN = (0.4488, 0.4371, 0.4040)  # of the pictures that the published weights were trained on


class _Block(nn.Module):
    """Three convolutions whose result is added to the input and weighed by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c1, self.c2, self.c3 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give the result, and the map after the first convolution."""
        first = F.silu(self.c1(x))
        y = self.c3(F.silu(self.c2(first)))
        return (y + x) * (torch.sigmoid(y) - 0.5), first


class Span(nn.Module):
    """Pictures of four times the size, 0.43 million parameters at a width of 48.

    Attributes:
        scale: how many times larger.
        config: the arguments that build a twin of this network.
    """

    scale = 4

    def __init__(self, width: int = 48) -> None:
        """Take the channels of every map."""
        super().__init__()
        self.config = {"width": width}
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.conv_1 = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(_BLOCKS))
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_cat = nn.Conv2d(4 * width, width, 1)
        self.upsampler = nn.Conv2d(width, 3 * self.scale**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W) in [0, 1] to (N, 3, 4 H, 4 W) in about [0, 1]."""
        with torch.autocast(x.device.type, enabled=False):  # eight bits of precision would show in even areas
            begun = self.conv_1(x.float() - self.mean)
        y, _ = self.blocks[0](begun)
        after_first, first = y, y
        for block in self.blocks[1:]:
            y, first = block(y)
        maps = torch.cat([begun, self.conv_2(y), after_first, first], dim=1)
        with torch.autocast(x.device.type, enabled=False):
            return F.pixel_shuffle(self.upsampler(self.conv_cat(maps.float())), self.scale)
