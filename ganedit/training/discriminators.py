"""The projected discriminator: judges what a frozen network that knows pictures already sees in them.

Source: Sauer et al. 2021, "Projected GANs Converge Faster", arXiv:2111.01007.
"""

from collections.abc import Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganedit.models.archs.dcgan import doublings
from ganedit.models.archs.efficientnet_lite import EfficientNetLite0
from ganedit.models.archs.mlp import embed

WORKING_PX = 128
"""Smaller pictures are enlarged to this before the feature network sees them."""

_BLOCKS = (2, 4, 10, 15)
_SEEN = (24, 40, 112, 320)  # channels of these blocks; the finest map has a quarter of the picture's side
_MIXED = (32, 32, 64, 64)
_HEAD_WIDTH = 64


class _Mixing(nn.Module):
    """Random convolutions that stay as drawn: across the channels of each map, then from coarse maps to fine ones.

    They spread what each map holds over all of its channels, so that the heads cannot settle on a few of them.

    Source: Sauer et al. 2021, arXiv:2111.01007, section 3.2.
    """

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(_SEEN, _MIXED, strict=True)
        self.across_channels = nn.ModuleList(nn.Conv2d(seen, mixed, 1, bias=False) for seen, mixed in pairs)
        steps = zip(_MIXED[1:], _MIXED[:-1], strict=True)
        self.down = nn.ModuleList(nn.Conv2d(coarse, fine, 3, padding=1, bias=False) for coarse, fine in steps)
        for parameter in self.parameters():
            nn.init.kaiming_normal_(parameter, nonlinearity="linear")

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        mixed = [conv(x) for conv, x in zip(self.across_channels, maps, strict=True)]
        for level in reversed(range(len(self.down))):
            coarse = F.interpolate(self.down[level](mixed[level + 1]), scale_factor=2, mode="bilinear")
            mixed[level] = mixed[level] + coarse
        return mixed


class _Head(nn.Module):
    """Judges one map: spectral-norm convolutions down to 4x4 cells, and a logit for each cell.

    Source: spectral norm, Miyato et al. 2018, arXiv:1802.05957; projection, Miyato and Koyama 2018, arXiv:1802.05637.
    """

    def __init__(self, channels: int, halvings: int, c_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential()
        for _ in range(halvings):
            self.body.extend([spectral_norm(nn.Conv2d(channels, _HEAD_WIDTH, 4, 2, padding=1)), nn.LeakyReLU(0.2)])
            channels = _HEAD_WIDTH
        self.body.extend([spectral_norm(nn.Conv2d(channels, _HEAD_WIDTH, 3, padding=1)), nn.LeakyReLU(0.2)])
        self.score = spectral_norm(nn.Conv2d(_HEAD_WIDTH, 1, 1))
        self.embedding = spectral_norm(nn.Linear(c_dim, _HEAD_WIDTH, bias=False)) if c_dim else None

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        embedded = embed(self.embedding, condition)
        cells = self.body(x)
        logits = self.score(cells).float()
        if embedded is not None:
            logits = logits + (cells.float() * embedded.float()[:, :, None, None]).sum(dim=1, keepdim=True)
        return logits.flatten(1)


class ProjectedDiscriminator(nn.Module):
    """Four small heads over frozen features; the heads alone, half a million parameters, are trained.

    ``requires_grad_`` and ``train`` act on the heads alone: the features stay frozen whatever the loop switches.

    Attributes:
        config: the arguments, but for ``features``, that build a twin of this network.
    """

    def __init__(self, features: EfficientNetLite0, resolution: int, c_dim: int = 0, seed: int = 0) -> None:
        """Lay out the network; all chance in it comes from ``seed``, and the global generator stays as it was.

        Args:
            features: the feature network with its weights; it is frozen here.
            resolution: side of the pictures in pixels, a power of two.
            c_dim: length of the condition; 0 for none.
            seed: decides the fixed mixing and the heads' first weights.

        Raises:
            ValueError: the resolution is no power of two.
        """
        super().__init__()
        self.config = {"resolution": resolution, "c_dim": c_dim, "seed": seed}
        self._size_px = max(resolution, WORKING_PX)
        finest = doublings(max(resolution, WORKING_PX)) - 2
        self.features = features
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.mixing = _Mixing()
            self.heads = nn.ModuleList(_Head(mixed, finest - level, c_dim) for level, mixed in enumerate(_MIXED))
        for fixed in (self.features, self.mixing):
            fixed.eval().requires_grad_(False)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, 3, R, R) in [-1, 1] and (N, c_dim) or None into (N, 64) logits, 16 a head; higher: more real."""
        return self.judge(self.see(x), condition)

    def see(self, x: Tensor) -> list[Tensor]:
        """Turn (N, 3, R, R) in [-1, 1] into what the frozen network sees: four maps, the finest first."""
        return self.features.features((self._enlarged(x) + 1) / 2, _BLOCKS)

    def judge(self, seen: Sequence[Tensor], condition: Tensor | None = None) -> Tensor:
        """Turn what ``see`` gave and (N, c_dim) or None into logits as ``forward`` does."""
        if condition is not None:
            # Of length one, whatever it is of: a long condition would drown the score that needs none.
            condition = F.normalize(condition, dim=1)
        maps = self.mixing(seen)
        return torch.cat([head(each, condition) for head, each in zip(self.heads, maps, strict=True)], dim=1)

    def describe(self, x: Tensor) -> Tensor:
        """Turn (N, 3, R, R) in [-1, 1] into (N, 320) features: the means of the coarsest map of the frozen network."""
        return self.means(self.see(x))

    @staticmethod
    def means(seen: Sequence[Tensor]) -> Tensor:
        """Turn what ``see`` gave into (N, 320) features."""
        return seen[-1].float().mean(dim=(2, 3))

    def _enlarged(self, x: Tensor) -> Tensor:
        if x.shape[-1] >= self._size_px:
            return x
        return F.interpolate(x, size=(self._size_px, self._size_px), mode="bilinear")

    def train(self, mode: bool = True) -> Self:
        """Set the heads' mode; the fixed parts stay in eval mode."""
        super().train(mode)
        self.features.eval()
        self.mixing.eval()
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze or thaw the heads; the fixed parts stay frozen."""
        self.heads.requires_grad_(requires_grad)
        return self
