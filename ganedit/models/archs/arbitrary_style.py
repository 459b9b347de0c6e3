"""The network that paints a picture in any style, given as 100 numbers; its norms can keep their statistics.

Source: Ghiasi et al. 2017, "Exploring the structure of a real-time, arbitrary neural artistic stylization network",
arXiv:1705.06830; its norms are the conditional instance norms of Dumoulin et al. 2017, arXiv:1610.07629.
"""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.kept_norms import Statistics

STYLE_DIM = 100
REACH_PX = 64
"""How far from a pixel the network looks once the statistics are fixed: 57 px, and up to a multiple of 16."""

_RESIDUALS = 5
_WIDTHS = (8, 16, 32)


class _Padded(nn.Module):
    """A convolution of a picture that goes on as its mirror image."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride)
        self._around = size // 2

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, [self._around] * 4, mode="reflect"))


class _Styled(nn.Module):
    """A padded convolution, normalized over the picture, then scaled and shifted as the style says."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.padded = _Padded(inputs, outputs, size)
        self.scale, self.shift = nn.Linear(STYLE_DIM, outputs), nn.Linear(STYLE_DIM, outputs)
        self.epsilon = 1e-5

    def forward(self, x: Tensor, style: Tensor, known: Iterator[tuple[Tensor, Tensor]] | list) -> Tensor:
        x = self.padded(x)
        if isinstance(known, list):
            known.append((x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True, correction=0)))
            mean, variance = known[-1]
        else:
            mean, variance = next(known)
        scale = self.scale(style)[:, :, None, None] * (variance + self.epsilon).rsqrt()
        return x * scale + (self.shift(style)[:, :, None, None] - mean * scale)


class ArbitraryStyle(nn.Module):
    """Paints (1, 3, H, W) pictures in [0, 1], whose sides are multiples of 4."""

    def __init__(self) -> None:
        """Lay out the network."""
        super().__init__()
        a, b, c = _WIDTHS
        self.contract = nn.Sequential(
            _Padded(3, a, 9), nn.ReLU(), _Padded(a, b, 3, 2), nn.ReLU(), _Padded(b, c, 3, 2), nn.ReLU()
        )
        self.residuals = nn.ModuleList(_Styled(c, c, 3) for _ in range(2 * _RESIDUALS))
        self.expand = nn.ModuleList((_Styled(c, b, 3), _Styled(b, a, 3), _Styled(a, 3, 9)))

    def forward(self, x: Tensor, style: Tensor, statistics: Statistics) -> Tensor:
        """Paint a picture, or a tile of one, with the statistics of the whole.

        Args:
            x: (1, 3, H, W) in [0, 1].
            style: (1, 100).
            statistics: what ``look`` gave; with the same ones, tiles of a picture agree where they overlap.

        Returns:
            (1, 3, H, W) in [0, 1].
        """
        return self._run(x, style, iter(statistics))

    def look(self, x: Tensor, style: Tensor) -> Statistics:
        """Collect the statistics of a whole picture, which may be a small copy of it."""
        met: list[tuple[Tensor, Tensor]] = []
        self._run(x, style, met)
        return met

    def _run(self, x: Tensor, style: Tensor, known: Iterator[tuple[Tensor, Tensor]] | list) -> Tensor:
        x = self.contract(x)
        for index in range(0, 2 * _RESIDUALS, 2):
            inner = self.residuals[index](x, style, known).relu()
            x = x + self.residuals[index + 1](inner, style, known)
        for index, layer in enumerate(self.expand):
            if index < len(_WIDTHS) - 1:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = layer(x, style, known)
            x = x.relu() if index < len(_WIDTHS) - 1 else x.sigmoid()
        return x


def names_of_layers() -> dict[str, str]:
    """Give the scope in Magenta's graph of each convolution, by its name here."""
    names = {f"contract.{2 * number}.conv": f"transformer/contract/conv{number + 1}" for number in range(3)}
    for number in range(2 * _RESIDUALS):
        scope = f"transformer/residual/residual{number // 2 + 1}/conv{number % 2 + 1}"
        names |= _styled(f"residuals.{number}", scope)
    for number in range(len(_WIDTHS)):
        names |= _styled(f"expand.{number}", f"transformer/expand/conv{number + 1}/conv")
    return names


def _styled(name: str, scope: str) -> dict[str, str]:
    norm = f"style_params/{scope}/StyleNorm"
    return {f"{name}.padded.conv": scope, f"{name}.scale": f"{norm}/Conv_1", f"{name}.shift": f"{norm}/Conv"}
