"""EfficientNet-Lite0, the eye of the projected discriminator, of feature losses and of the offline metrics.

Source: Tan and Le 2019, arXiv:1905.11946; the Lite variant has ReLU6 and no squeeze-and-excitation.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)  # blocks, kernel, stride of the first block, expansion, channels in, channels out


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _relu6(x: Tensor) -> Tensor:
    return F.relu6(x, inplace=True)


class _SameConv(nn.Conv2d):
    """Pads as the weights were trained: with stride 2, one pixel more at the right and bottom than at the left and top.

    This is TensorFlow's "same" for maps of even sides.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> None:
        even = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding=even, groups=groups, bias=False)
        before = (kernel - stride) // 2
        self.border = (before, kernel - stride - before) * 2 if stride > 1 else None

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, self.border) if self.border else input)


class _Block(nn.Module):
    """Mobile inverted bottleneck: widen, filter each channel by itself, narrow; added to its input where it fits."""

    def __init__(self, kernel: int, stride: int, expansion: int, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion != 1
        self.adds = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = _SameConv(inner, inner, kernel, stride, groups=inner)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = _relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = _relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """4.7 million parameters, under the very keys of the published weights.

    Takes pictures in [0, 1] of any size whose sides are multiples of 32; it was trained at 224 px. Freezing it and
    putting it into eval mode is the caller's part; gradients reach the pictures all the same.
    """

    FEATURES = 1280

    def __init__(self) -> None:
        """Lay out the network with random weights."""
        super().__init__()
        self._conv_stem = _SameConv(3, 32, 3, stride=2)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList()
        for blocks, kernel, stride, expansion, inputs, outputs in _STAGES:
            self._blocks.append(_Block(kernel, stride, expansion, inputs, outputs))
            self._blocks.extend(_Block(kernel, 1, expansion, outputs, outputs) for _ in range(blocks - 1))
        self._conv_head = nn.Conv2d(320, self.FEATURES, 1, bias=False)
        self._bn1 = _norm(self.FEATURES)
        self._fc = nn.Linear(self.FEATURES, 1000)

    def features(self, x: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """Give the maps after some blocks, and compute no block after the last of them.

        Args:
            x: (N, 3, H, W) in [0, 1].
            blocks: indices from 0 to 15, ascending. Blocks 2, 4, 10 and 15 end with 24, 40, 112 and 320 channels at
                a quarter, an eighth, a sixteenth and a thirty-second of the size.

        Returns:
            A map (N, channels, H / shrinkage, W / shrinkage) a block, in the precision that autocast sets.
        """
        x = (x - 127 / 255) * (255 / 128)  # the range that the weights were trained on
        x = _relu6(self._bn0(self._conv_stem(x)))
        maps = []
        for index, block in enumerate(self._blocks[: max(blocks) + 1]):
            x = block(x)
            if index in blocks:
                maps.append(x)
        return maps

    def pooled(self, x: Tensor) -> Tensor:
        """Give the penultimate features, (N, 1280) float32, of (N, 3, H, W) in [0, 1]."""
        x = self.features(x, [len(self._blocks) - 1])[0]
        return _relu6(self._bn1(self._conv_head(x))).float().mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits of ImageNet's classes, (N, 1000), of (N, 3, H, W) in [0, 1]."""
        return self._fc(self.pooled(x))
