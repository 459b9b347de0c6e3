"""Norms over a whole picture that can keep what they measured, so that tiles of a picture are painted alike.

Networks under the keys of published checkpoints are chains of layers, which hand no second argument on. So what the
norms are to use lies in a context variable, which every thread has its own of.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

Statistics = Sequence[tuple[Tensor, Tensor]]
"""Mean and variance at every norm, in the order in which they are met."""

_met: ContextVar[list[tuple[Tensor, Tensor]] | None] = ContextVar("met", default=None)
_kept: ContextVar[Iterator[tuple[Tensor, Tensor]] | None] = ContextVar("kept", default=None)


@contextmanager
def measuring() -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Collect what the norms measure inside of it."""
    met: list[tuple[Tensor, Tensor]] = []
    token = _met.set(met)
    try:
        yield met
    finally:
        _met.reset(token)


@contextmanager
def keeping(statistics: Statistics) -> Iterator[None]:
    """Let one call of the network inside of it use statistics instead of measuring."""
    token = _kept.set(iter(statistics))
    try:
        yield
    finally:
        _kept.reset(token)


class KeptNorm(nn.Module):
    """Instance norm, or with ``whole`` a norm over all channels together; scales and shifts if it is ``affine``.

    Source: Ulyanov et al. 2016, arXiv:1607.08022; over all channels as in Ba et al. 2016, arXiv:1607.06450.
    """

    def __init__(self, channels: int, *, whole: bool, affine: bool) -> None:
        """Take the number of channels and the kind."""
        super().__init__()
        self._over = (1, 2, 3) if whole else (2, 3)
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, C, H, W)."""
        kept, met = _kept.get(), _met.get()
        if kept is not None:
            mean, variance = next(kept)
        else:
            mean = x.mean(dim=self._over, keepdim=True)
            variance = x.var(dim=self._over, keepdim=True, correction=0)
        if met is not None:
            met.append((mean, variance))
        scale = (variance + 1e-5).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight[:, None, None]
        shift = -mean * scale
        if self.bias is not None:
            shift = shift + self.bias[:, None, None]
        return torch.addcmul(shift, x, scale)
