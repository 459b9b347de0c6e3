"""BigGAN-deep's generator, with the keys of the conversion of its published weights.

Source: Brock et al. 2019, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", arXiv:1809.11096,
appendix B. Layout of the keys: huggingface/pytorch-pretrained-BigGAN.
"""

import re
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.spectral import fold

FIRST_KEYS = ("generator.gen_z.weight_orig",)
"""The weight next to z and the class."""

_NAMES = (
    (r"^generator\.", ""),
    (r"\.snconv1x1_theta\.", ".query."),
    (r"\.snconv1x1_phi\.", ".key."),
    (r"\.snconv1x1_g\.", ".value."),
    (r"\.snconv1x1_o_conv\.", ".out."),
)
_EPSILON = 1e-4
_Z_LIMIT = 2.0
_LARGEST_PX = 512


class _Norm(nn.Module):
    """Batch norm with stored statistics for each of some truncations, scaled and shifted as z and the class say."""

    running_means: Tensor
    running_vars: Tensor

    def __init__(self, channels: int, told: int, statistics: int) -> None:
        super().__init__()
        self.register_buffer("running_means", torch.zeros(statistics, channels))
        self.register_buffer("running_vars", torch.ones(statistics, channels))
        if told:
            self.scale = nn.Linear(told, channels, bias=False)
            self.offset = nn.Linear(told, channels, bias=False)
        else:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
        self.told = told

    def forward(self, x: Tensor, told: Tensor, truncation: float) -> Tensor:
        mean, variance = (_at(table, truncation) for table in (self.running_means, self.running_vars))
        x = F.batch_norm(x, mean, variance, eps=_EPSILON)
        if self.told:
            return x * (1 + self.scale(told))[:, :, None, None] + self.offset(told)[:, :, None, None]
        return x * self.weight[:, None, None] + self.bias[:, None, None]


def _at(table: Tensor, truncation: float) -> Tensor:
    """Read a table of (statistics, C), whose rows belong to truncations of 0 to 1, between two rows."""
    place = truncation * (len(table) - 1)
    row = min(int(place), len(table) - 2)
    return table[row].lerp(table[row + 1], place - row)


class _Block(nn.Module):
    """A residual block with a bottleneck; what passes it by is doubled in size and loses channels by being cut off."""

    def __init__(self, inputs: int, outputs: int, middle: int, told: int, statistics: int, up: bool) -> None:
        super().__init__()
        self.bn_0, self.bn_1, self.bn_2, self.bn_3 = (
            _Norm(width, told, statistics) for width in (inputs, middle, middle, middle)
        )
        self.conv_0 = nn.Conv2d(inputs, middle, 1)
        self.conv_1 = nn.Conv2d(middle, middle, 3, padding=1)
        self.conv_2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.conv_3 = nn.Conv2d(middle, outputs, 1)
        self.outputs = outputs
        self.up = up

    def forward(self, x: Tensor, told: Tensor, truncation: float) -> Tensor:
        passed = self._grown(x[:, : self.outputs])
        x = self.conv_0(self.bn_0(x, told, truncation).relu())
        x = self.conv_1(self._grown(self.bn_1(x, told, truncation).relu()))
        x = self.conv_2(self.bn_2(x, told, truncation).relu())
        return passed + self.conv_3(self.bn_3(x, told, truncation).relu())

    def _grown(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest") if self.up else x


class _Attention(nn.Module):
    """Lets each place of a map look at all others.

    Source: Zhang et al. 2019, arXiv:1805.08318, section 3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.key = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.out = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, told: Tensor, truncation: float) -> Tensor:
        query = self.query(x).flatten(2)
        key, value = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (self.key, self.value))
        weights = (query.transpose(1, 2) @ key).softmax(dim=-1)
        seen = value @ weights.transpose(1, 2)
        return x + self.gamma * self.out(seen.unflatten(2, x.shape[2:]))


class Generator(nn.Module):
    """Pictures from z and a class.

    Attributes:
        config: the arguments that build a twin of this network, and its resolution.
    """

    truncates = True

    def __init__(
        self, z_dim: int, classes: int, widths: Sequence[Sequence[int]], attention: int, statistics: int = 51
    ) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z, and of a class's embedding.
            classes: how many there are.
            widths: channels that each block takes, has in its bottleneck, and gives; every second block doubles the
                size.
            attention: how many blocks come before the attention.
            statistics: truncations for which batch statistics are stored.

        Raises:
            ValueError: it would be larger than 512 px.
        """
        super().__init__()
        resolution = 4 << (len(widths) // 2)
        if resolution > _LARGEST_PX:
            raise ValueError(f"BigGAN makes pictures of up to {_LARGEST_PX} px, not {resolution}.")
        self.config = {"z_dim": z_dim, "classes": classes, "widths": widths, "attention": attention}
        self.config |= {"statistics": statistics, "resolution": resolution}
        told, last = 2 * z_dim, widths[-1][2]
        self.embeddings = nn.Linear(classes, z_dim, bias=False)
        self.gen_z = nn.Linear(told, 16 * widths[0][0])
        self.layers = nn.ModuleList(
            _Block(inputs, outputs, middle, told, statistics, up=bool(index % 2))
            for index, (inputs, middle, outputs) in enumerate(widths)
        )
        self.layers.insert(attention, _Attention(widths[attention][0]))
        self.bn = _Norm(last, 0, statistics)
        self.conv_to_rgb = nn.Conv2d(last, last, 3, padding=1)

    def forward(self, z: Tensor, condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Turn z and a class into pictures.

        Args:
            z: (N, z_dim) standard normal. The network was trained with a normal distribution cut off at 2, which z is
                made into by its rank.
            condition: (N, classes) one-hot.
            truncation: factor of z, above 0 up to 1; smaller is more typical and less varied.

        Returns:
            (N, 3, R, R) float32 in [-1, 1].

        Raises:
            ValueError: there is no condition.
        """
        if condition is None:
            raise ValueError("BigGAN must be told a class.")
        below, above = torch.special.ndtr(torch.tensor([-_Z_LIMIT, _Z_LIMIT]))
        z = torch.special.ndtri(below.lerp(above, torch.special.ndtr(z))) * truncation
        told = torch.cat([z, self.embeddings(condition)], dim=1)
        x = self.gen_z(told).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)  # its weights come from TensorFlow
        for layer in self.layers:
            x = layer(x, told, truncation)
        return self.conv_to_rgb(self.bn(x, told, truncation).relu())[:, :3].tanh()  # the other channels are unused


def from_state(state: Mapping[str, Tensor]) -> Generator:
    """Build the generator that a state dict holds, with the sizes of its tensors.

    Raises:
        KeyError, RuntimeError, ValueError, IndexError: tensors are missing, left over, or do not fit.
    """
    named = {}
    for key, value in state.items():
        for pattern, name in _NAMES:
            key = re.sub(pattern, name, key)
        named[key] = value
    weights = fold(named)
    z_dim, classes = weights["embeddings.weight"].shape
    attention = next(int(key.split(".")[1]) for key in weights if key.endswith(".gamma"))
    blocks = sum(key.endswith(".conv_0.weight") for key in weights)
    places = [index for index in range(blocks + 1) if index != attention]
    widths = [
        (*reversed(weights[f"layers.{at}.conv_0.weight"].shape[:2]), len(weights[f"layers.{at}.conv_3.weight"]))
        for at in places
    ]
    network = Generator(z_dim, classes, widths, attention, len(weights["bn.running_means"]))
    network.load_state_dict(weights)
    return network
