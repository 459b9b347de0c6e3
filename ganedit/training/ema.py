"""The generator that is shown and kept: a moving average of the one that is trained."""

import copy
from typing import Any

import torch
from torch import nn


class Ema:
    """Follows a network with a half-life that is counted in images seen, so that it means the same at any batch size.

    Attributes:
        module: the averaged network, in eval mode and frozen.
    """

    def __init__(self, network: nn.Module, half_life_kimg: float, ramp: float = 0.05) -> None:
        """Begin as a copy.

        Args:
            network: the network that is trained.
            half_life_kimg: thousand images after which a change counts half; 0 follows at once.
            ramp: early in training the half-life is at most this share of the images seen.
        """
        self.module = copy.deepcopy(network).eval().requires_grad_(False)
        self._half_life_nimg = half_life_kimg * 1000
        self._ramp = ramp

    @torch.no_grad()
    def update(self, network: nn.Module, batch: int, nimg: int) -> None:
        """Follow the network one step.

        Args:
            network: as it is after the step.
            batch: images of the step.
            nimg: images seen before it.
        """
        half_life = min(self._half_life_nimg, nimg * self._ramp)
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        for mine, theirs in zip(self.module.parameters(), network.parameters(), strict=True):
            mine.lerp_(theirs, 1 - keep)
        for mine, theirs in zip(self.module.buffers(), network.buffers(), strict=True):
            mine.copy_(theirs)

    def state_dict(self) -> dict[str, Any]:
        """Give what a resumed run needs."""
        return self.module.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from an earlier state."""
        self.module.load_state_dict(state)
