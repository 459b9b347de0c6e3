"""Three small networks that find faces, each looking closer at what the one before it thought might be one.

Their tensors are called as in the published weights, which were trained on pictures whose axes were exchanged: features
are flattened column by column.

Source: Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks",
arXiv:1604.02878, figure 2.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

PROPOSE_PX, REFINE_PX, OUTPUT_PX = 12, 24, 48
"""Sides of what each network looks at."""

PROPOSE_STRIDE_PX = 2


class ProposalNetwork(nn.Module):
    """Looks at every square of 12 px of a picture, 2 px apart."""

    def __init__(self) -> None:
        """Lay out the network with random weights."""
        super().__init__()
        self.features = _convolutions((3, 10, 16, 32), (3, 3, 3), ((2, 2), None, None))
        self.conv4_1 = nn.Conv2d(32, 2, 1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn (N, 3, H, W) in [-1, 1] into (N, h, w) chances of a face and (N, 4, h, w) moves of the squares' sides.

        Moves are shares of a square's side: left, top, right, bottom.
        """
        seen = self.features(x)
        return self.conv4_1(seen).softmax(dim=1)[:, 1], self.conv4_2(seen)


class RefineNetwork(nn.Module):
    """Looks at squares of 24 px."""

    def __init__(self) -> None:
        """Lay out the network with random weights."""
        super().__init__()
        self.features = _convolutions((3, 28, 48, 64), (3, 3, 2), ((3, 2), (3, 2), None))
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = nn.Linear(128, 2), nn.Linear(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn (N, 3, 24, 24) in [-1, 1] into (N,) chances of a face and (N, 4) moves of the squares' sides."""
        seen = self.prelu4(self.dense4(_by_columns(self.features(x))))
        return self.dense5_1(seen).softmax(dim=1)[:, 1], self.dense5_2(seen)


class OutputNetwork(nn.Module):
    """Looks at squares of 48 px; what it says about eyes, nose and mouth is not used."""

    def __init__(self) -> None:
        """Lay out the network with random weights."""
        super().__init__()
        self.features = _convolutions((3, 32, 64, 64, 128), (3, 3, 3, 2), ((3, 2), (3, 2), (2, 2), None))
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2, self.dense6_3 = nn.Linear(256, 2), nn.Linear(256, 4), nn.Linear(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn (N, 3, 48, 48) in [-1, 1] into (N,) chances of a face and (N, 4) moves of the squares' sides."""
        seen = self.prelu5(self.dense5(_by_columns(self.features(x))))
        return self.dense6_1(seen).softmax(dim=1)[:, 1], self.dense6_2(seen)


def _convolutions(
    widths: tuple[int, ...], sides: tuple[int, ...], pools: tuple[tuple[int, int] | None, ...]
) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (side, pool) in enumerate(zip(sides, pools, strict=True), 1):
        layers[f"conv{number}"] = nn.Conv2d(widths[number - 1], widths[number], side)
        layers[f"prelu{number}"] = nn.PReLU(widths[number])
        if pool:
            layers[f"pool{number}"] = nn.MaxPool2d(*pool, ceil_mode=True)
    return nn.Sequential(layers)


def _by_columns(x: Tensor) -> Tensor:
    return x.permute(0, 3, 2, 1).flatten(1)


def load(network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """Fill a network with published tensors, which know no ``features``.

    Raises:
        RuntimeError: they are another network's.
    """
    own = {key.removeprefix("features."): key for key in network.state_dict()}
    network.load_state_dict({own.get(key, key): value for key, value in state.items()})
    return network.eval().requires_grad_(False).to(torch.float32)
