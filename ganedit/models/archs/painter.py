"""The network that repaints photos in a few styles that it has learned; tiles of a picture agree.

Light and fully convolutional, about as large as AnimeGAN's. It has no norms: what is painted at a place depends on
nothing farther away than ``REACH_PX``. A style scales and shifts the channels of each layer, so styles can be mixed in
any shares.

Source: Johnson et al. 2016, arXiv:1603.08155, supplementary material, without its norms and transposed convolutions;
conditions as in Dumoulin et al. 2017, arXiv:1610.07629.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.mlp import embed

REACH_PX = 64
"""How far from a pixel the network looks: 55 px, and up to a multiple of 16."""

_BLOCKS = 5
_STYLE_GAIN = 2.0
"""Adam moves all weights alike; so the few that tell styles apart move farther than those that all styles share."""

_SLOPE = 0.1


class _Layer(nn.Module):
    """A 3x3 convolution whose channels the style scales and shifts, and a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, c_dim: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, padding_mode="reflect")
        self.style = nn.Linear(c_dim, 2 * outputs, bias=False) if c_dim else None
        if self.style is not None:
            nn.init.zeros_(self.style.weight)

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        x = self.conv(x)
        style = embed(self.style, condition)
        if style is not None:
            scale, shift = (_STYLE_GAIN * style).to(x.dtype)[:, :, None, None].chunk(2, dim=1)
            x = shift.addcmul(x, 1 + scale)
        return F.leaky_relu(x, _SLOPE)


class _Block(nn.Module):
    """Two layers beside which the map goes on as it is."""

    def __init__(self, width: int, c_dim: int) -> None:
        super().__init__()
        self.first, self.second = _Layer(width, width, c_dim), _Layer(width, width, c_dim)

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        return x + self.second(self.first(x, condition), condition)


class Painter(nn.Module):
    """Pictures from pictures, 1.7 million parameters at a width of 32.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(self, c_dim: int = 0, width: int = 32) -> None:
        """Take the number of styles, 0 if there is but one, and the channels of the finest map."""
        super().__init__()
        self.config = {"c_dim": c_dim, "width": width}
        self.begin = nn.Conv2d(3, width, 7, padding=3, padding_mode="reflect")
        self.down = nn.ModuleList(_Layer(width << i, width << i + 1, c_dim, stride=2) for i in range(2))
        self.blocks = nn.ModuleList(_Block(4 * width, c_dim) for _ in range(_BLOCKS))
        self.up = nn.ModuleList(_Layer(width << i + 1, width << i, c_dim) for i in (1, 0))
        self.to_picture = nn.Conv2d(width, 3, 7, padding=3, padding_mode="reflect")

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Repaint pictures. A bounded output would give no slope where it is wrong by much, so this one is not.

        Args:
            x: (N, 3, H, W) in [-1, 1]; sides are multiples of 4.
            condition: (N, c_dim) shares of the styles, which sum to 1; None if there is but one.

        Returns:
            (N, 3, H, W) float32 in about [-1, 1].
        """
        x = F.leaky_relu(self.begin(x), _SLOPE)
        for layer in (*self.down, *self.blocks):
            x = layer(x, condition)
        for layer in self.up:
            x = layer(F.interpolate(x, scale_factor=2, mode="nearest"), condition)
        return self.to_picture(x).float()
