"""FastGAN's generator, told what to draw at every level: good after few pictures and little time.

One 3x3 convolution a level, and coarse maps that weigh the channels of fine ones. The paper's network hears of z and
the condition once, at 4x4; here they also scale and shift the channels of each level, so that fine attributes reach the
maps that draw them, and so that levels can be told different things.

Source: Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
arXiv:2101.04775, section 3.1; scales and shifts as in Brock et al. 2019 (BigGAN), arXiv:1809.11096, section 3.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.dcgan import doublings, initialize
from ganedit.models.archs.mlp import EMBED_DIM, LatentInput
from ganedit.models.archs.styled import StyledGenerator

WIDTHS = (288, 240, 192, 96, 48, 24)
"""Channels of the maps of 4, 8, 16, ... px, unless a network is told otherwise."""

_EXCITED = 2


class _Gate(nn.Module):
    """Gated linear unit over channels.

    Measured after a batch norm, forwards and backwards, in bfloat16 and channels last on a CPU: PyTorch's own takes six
    times as long.
    """

    def forward(self, x: Tensor) -> Tensor:
        values, gates = x.chunk(2, dim=1)
        return values * gates.sigmoid()


class _Level(nn.Module):
    """Twice the size by nearest neighbors, then a 3x3 convolution, batch norm, scale and shift, gate, and noise."""

    noise: Tensor

    def __init__(self, inputs: int, outputs: int, size_px: int, style_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2 * outputs, affine=False)
        self.style = nn.Linear(style_dim, 4 * outputs)
        self.gate = _Gate()
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, size_px, size_px))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = self.norm(self.conv(F.interpolate(x, scale_factor=2, mode="nearest")))
        scale, shift = self.style(style).to(x.dtype)[:, :, None, None].chunk(2, dim=1)
        x = self.gate(torch.addcmul(shift, x, 1 + scale))
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        return x + (self.noise_strength * noise).to(x.dtype)


class _Excitation(nn.Module):
    """Weighs the channels of a fine map by what a coarse one holds.

    Source: skip-layer excitation, Liu et al. 2021, arXiv:2101.04775, equation 2.
    """

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Conv2d(coarse, fine, 4), nn.LeakyReLU(0.1), nn.Conv2d(fine, fine, 1), nn.Sigmoid()
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        return fine * self.weigh(F.adaptive_avg_pool2d(coarse, 4))


class Generator(StyledGenerator):
    """Pictures from z, by default 4.3 million parameters at 128 px.

    Noise is drawn anew at each call in training; otherwise it is always the same, so that equal z give equal pictures.

    Attributes:
        config: the arguments that build a twin of this network.
        styles: levels, each of which can be given a style of its own.
    """

    def __init__(
        self,
        z_dim: int = 128,
        resolution: int = 128,
        c_dim: int = 0,
        widths: Sequence[int] | None = None,
        channels: int = 3,
        embed_dim: int = EMBED_DIM,
        layout_from_z: bool = False,
        memory: int = 0,
    ) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z.
            resolution: side of the pictures in pixels, a power of two of at least 16.
            c_dim: length of the condition; 0 for none.
            widths: channels of the maps of 4, 8, ... px up to ``resolution``; the first of ``WIDTHS`` if None.
            channels: channels of the pictures.
            embed_dim: length of the condition's embedding beside z.
            layout_from_z: the map of 4x4 hears of z alone. What the condition says to the others is the same at all
                places of a map, so it then decides what is drawn and not where.
            memory: entries of the memory in which a condition is looked up; 0 for none, but a linear embedding.

        Raises:
            ValueError: the resolution is too small or no power of two, or the widths are not one a level.
        """
        super().__init__()
        levels = doublings(resolution) + 1
        widths = list(WIDTHS[:levels] if widths is None else widths)
        if len(widths) != levels or levels <= _EXCITED:
            raise ValueError(f"FastGAN at {resolution} px needs at least 16 px and {levels} widths, not {len(widths)}.")
        self.config = {
            "z_dim": z_dim,
            "resolution": resolution,
            "c_dim": c_dim,
            "widths": widths,
            "channels": channels,
            "embed_dim": embed_dim,
            "layout_from_z": layout_from_z,
            "memory": memory,
        }
        self.latent = latent = LatentInput(z_dim, c_dim, embed_dim, memory)
        self._heard = z_dim if layout_from_z else latent.out_dim
        self._unheard = latent.out_dim - self._heard
        self.start = nn.Sequential(
            nn.ConvTranspose2d(self._heard, 2 * widths[0], 4, bias=False),
            nn.BatchNorm2d(2 * widths[0]),
            _Gate(),
        )
        self.levels = nn.ModuleList(
            _Level(a, b, 8 << i, self.latent.out_dim) for i, (a, b) in enumerate(pairwise(widths))
        )
        self.styles = levels
        fine = widths[-_EXCITED:]
        self.excitations = nn.ModuleList(_Excitation(a, b) for a, b in zip(widths, fine, strict=False))
        self.to_picture = nn.Conv2d(widths[-1], channels, 3, padding=1)
        initialize(self)

    def synthesize(self, style: Tensor) -> Tensor:
        """Turn (N, styles, S) into pictures; row i is what ``latent`` gave for the map of ``4 << i`` px."""
        maps = [self.start(style[:, 0, : self._heard, None, None])]
        first_excited = len(self.levels) + 1 - _EXCITED
        for index, level in enumerate(self.levels, start=1):
            x = level(maps[-1], style[:, index])
            if index >= first_excited:
                source = index - first_excited
                x = self.excitations[source](maps[source], x)
            maps.append(x)
        return self.to_picture(maps[-1]).float().tanh()

    def style_matrices(self) -> list[Tensor]:
        """Give the matrices, (outputs, S) each, that a style meets first, one a level."""
        start = next(self.start.parameters())  # (S or z_dim, outputs, 4, 4)
        return [
            F.pad(start.flatten(1).T, (0, self._unheard)),
            *(level.get_parameter("style.weight") for level in self.levels),
        ]
