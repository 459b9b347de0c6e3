"""CycleGAN's generator with residual blocks, under the keys of its published checkpoints.

Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
arXiv:1703.10593, appendix 7.2; keys as in github.com/junyanz/pytorch-CycleGAN-and-pix2pix.
"""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from ganedit.models.archs.kept_norms import KeptNorm

FIRST_KEY = "model.10.conv_block.1.weight"
REACH_PX = 96
"""How far from a pixel it looks once the statistics are fixed: 86 px with nine blocks, and up to a multiple of 16."""

_NEVER_USED = re.compile(r"\.(running_mean|running_var|num_batches_tracked)$")


def _norm(channels: int) -> KeptNorm:
    return KeptNorm(channels, whole=False, affine=False)


class _Residual(nn.Module):
    """Two convolutions beside which the map goes on as it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(width, width, 3) for _ in range(2))
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), first, _norm(width), nn.ReLU(), nn.ReflectionPad2d(1), second, _norm(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class CycleGenerator(nn.Module):
    """Repaints (N, 3, H, W) pictures in [-1, 1] whose sides are multiples of 4."""

    def __init__(self, width: int = 64, blocks: int = 9) -> None:
        """Take the channels of the finest map and the number of residual blocks."""
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), _norm(width), nn.ReLU()]
        for level in range(2):
            narrow, wide = width << level, width << level + 1
            layers += [nn.Conv2d(narrow, wide, 3, 2, padding=1), _norm(wide), nn.ReLU()]
        layers += [_Residual(4 * width) for _ in range(blocks)]
        for level in (1, 0):
            narrow, wide = width << level, width << level + 1
            enlarge = nn.ConvTranspose2d(wide, narrow, 3, 2, padding=1, output_padding=1)
            layers += [enlarge, _norm(narrow), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Give (N, 3, H, W) in [-1, 1]."""
        return self.model(x)


def from_state(state: Mapping[str, Tensor]) -> CycleGenerator:
    """Build the network that a state dict holds; statistics that its authors' old files carry along are left out.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: tensors do not fit.
    """
    blocks = len({key.split(".")[1] for key in state if ".conv_block." in key})
    network = CycleGenerator(len(state["model.1.weight"]), blocks)
    network.load_state_dict({key: value for key, value in state.items() if not _NEVER_USED.search(key)})
    return network
