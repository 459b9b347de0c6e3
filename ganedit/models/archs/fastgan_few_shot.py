"""FastGAN's generator as its authors published it, read from their checkpoints and from the Hugging Face port.

The network that ganedit trains under the same name is a lighter relative: see ``fastgan``.

Source: Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
arXiv:2101.04775, figures 3 and 4.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ganedit.models.archs.spectral import fold

FIRST_KEYS = ("_init._layers.0._conv.weight_orig", "init.init.0.weight_orig")
"""The weight next to z, as the Hugging Face port and as the authors call it."""

_NAMES = (
    (r"^_?init\.(_layers|init)\.", "start."),
    (r"^(_upsample|feat)_(\d+)\.(_layers\.)?", r"levels.\2."),
    (r"^(_sle|se)_(\d+)\.(_layers|main)\.", r"excitations.\2."),
    (r"^(_out_1024\.0|to_big)\.", "to_picture."),
    (r"\._conv\.", "."),
    (r"\._weight$", ".weight"),
)
_SMALL_PICTURE = re.compile(r"^(_out_128|to_128)\.")  # only its training looks at it
_DOUBLE = (8, 32, 128, 512)
_EXCITED = (64, 128, 256, 512)
_LARGEST_PX = 1024


class _Noise(nn.Module):
    """Adds a picture of noise that is always the same, so that equal z give equal pictures."""

    noise: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        noise = torch.randn(1, 1, size_px, size_px, generator=torch.Generator().manual_seed(size_px))
        self.register_buffer("noise", noise, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight * self.noise


def _level(inputs: int, outputs: int, size_px: int) -> nn.Sequential:
    """Twice the size by nearest neighbors, then one convolution; every other level has two, and noise."""
    noisy = size_px in _DOUBLE
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
    for width in (inputs, outputs)[: 1 + noisy]:
        layers.append(nn.Conv2d(width, 2 * outputs, 3, padding=1, bias=False))
        layers += [_Noise(size_px)] * noisy
        layers += [nn.BatchNorm2d(2 * outputs), nn.GLU(dim=1)]
    return nn.Sequential(*layers)


def _excitation(coarse: int, fine: int) -> nn.Sequential:
    """What a coarse map says about the channels of a fine one: (N, coarse, H, W) to (N, fine, 1, 1) in [0, 1]."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4),
        nn.Conv2d(coarse, fine, 4, bias=False),
        nn.SiLU(),
        nn.Conv2d(fine, fine, 1, bias=False),
        nn.Sigmoid(),
    )


class Generator(nn.Module):
    """Pictures from z; 29 million parameters at 1024 px.

    Attributes:
        config: the arguments that build a twin of this network, and its resolution.
    """

    def __init__(self, z_dim: int, widths: Sequence[int]) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z.
            widths: channels of the maps of 4, 8, 16, ... px; the last one is the picture's size.

        Raises:
            ValueError: it would be smaller than 64 px or larger than 1024 px.
        """
        super().__init__()
        sizes = [4 << level for level in range(len(widths))]
        if not 64 <= sizes[-1] <= _LARGEST_PX:
            raise ValueError(f"FastGAN makes pictures of 64 to {_LARGEST_PX} px, not {sizes[-1]}.")
        self.config = {"z_dim": z_dim, "widths": list(widths), "resolution": sizes[-1]}
        of = dict(zip(sizes, widths, strict=True))
        start = nn.ConvTranspose2d(z_dim, 2 * widths[0], 4, bias=False)
        self.start = nn.Sequential(start, nn.BatchNorm2d(2 * widths[0]), nn.GLU(dim=1))
        self.levels = nn.ModuleDict({str(fine): _level(of[fine // 2], of[fine], fine) for fine in sizes[1:]})
        self.excitations = nn.ModuleDict(
            {str(fine): _excitation(of[fine // 16], of[fine]) for fine in _EXCITED if fine in of}
        )
        self.to_picture = nn.Conv2d(widths[-1], 3, 3, padding=1, bias=False)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, z_dim) into (N, 3, R, R) float32, about [-1, 1]; there is no condition."""
        maps = {4: self.start(z[:, :, None, None])}
        for name, level in self.levels.items():
            size = int(name)
            maps[size] = level(maps[size // 2])
            if name in self.excitations:
                maps[size] = maps[size] * self.excitations[name](maps[size // 16])
        picture = self.to_picture(maps[size])
        return picture.tanh() if size == _LARGEST_PX else picture  # its authors end smaller ones without


def from_state(state: Mapping[str, Tensor]) -> Generator:
    """Build the generator that a state dict holds, with the sizes of its tensors.

    Raises:
        KeyError, RuntimeError, ValueError: tensors are missing, left over, or do not fit.
    """
    named = {}
    for key, value in state.items():
        if not _SMALL_PICTURE.match(key):
            for pattern, name in _NAMES:
                key = re.sub(pattern, name, key)
            named[key] = value
    weights = fold(named, transposed=("start.0",))
    z_dim, first = weights["start.0.weight"].shape[:2]
    widths = [first // 2]
    while (key := f"levels.{4 << len(widths)}.1.weight") in weights:
        widths.append(len(weights[key]) // 2)
    network = Generator(z_dim, widths)
    network.load_state_dict(weights)
    return network
