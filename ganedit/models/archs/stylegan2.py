"""StyleGAN2's generator in plain torch, with the keys of the ``.pt`` conversions of its published weights.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", arXiv:1912.04958, section 2 and
appendix B. Layout of the keys: rosinality/stylegan2-pytorch.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.models.archs.mlp import normalize
from ganedit.models.archs.styled import StyledGenerator

FIRST_KEYS = ("input.input",)
"""The constant that every picture starts from."""

_SLOPE = 0.2
_ACTIVATION_GAIN = 2**0.5
_MAPPING_RATE = 0.01
_LARGEST_PX = 1024
_MEAN_OF = 4096


def _filter(x: Tensor, kernel: Tensor, pad: tuple[int, int], up: int = 1) -> Tensor:
    """Put ``up - 1`` zeros after each pixel, pad by zeros on both sides, and convolve each channel with ``kernel``.

    As a convolution in groups: measured on a CPU, channels folded into the batch take at least four times as long.
    """
    count, channels, height, width = x.shape
    if up > 1:
        spread = x.new_zeros(count, channels, height * up, width * up)
        spread[..., ::up, ::up] = x
        x = spread
    return F.conv2d(F.pad(x, pad * 2), kernel.flip(0, 1).expand(channels, 1, -1, -1), groups=channels)


class _Kernel(nn.Module):
    """Holds the low-pass filter of a resampling, as the checkpoints do: (4, 4), the outer product of 1 3 3 1."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4  # each sums to 2: half of the pixels are zeros
        self.register_buffer("kernel", taps[:, None] * taps)


class _Linear(nn.Module):
    """A linear layer whose weight is stored at unit variance and scaled in use.

    Source: equalized learning rate, Karras et al. 2018, arXiv:1710.10196, section 4.1.
    """

    def __init__(self, inputs: int, outputs: int, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = rate / inputs**0.5
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class _ModulatedConv(nn.Module):
    """A convolution whose inputs are scaled by the style, and whose outputs are scaled back to unit variance.

    Source: Karras et al. 2020, arXiv:1912.04958, equations 1 and 3. Scaling pictures instead of the weights gives the
    same result with one weight for the whole batch.
    """

    def __init__(self, inputs: int, outputs: int, size: int, w_dim: int, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, size, size))
        self.modulation = _Linear(w_dim, inputs)
        self.scale = (inputs * size**2) ** -0.5
        self.demodulates = size > 1  # the convolution that gives the colors does not
        if up:
            self.blur = _Kernel()
        self.up = up

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style, weight = self.modulation(w), self.weight[0] * self.scale
        x = x * style[:, :, None, None]
        if self.up:
            x = _filter(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), self.blur.kernel, (1, 1))
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.demodulates:
            power = style.square() @ weight.square().sum(dim=(2, 3)).T
            x = x * (power + 1e-8).rsqrt()[:, :, None, None]
        return x


class _Noise(nn.Module):
    """Adds one picture of noise to all channels."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return x + self.weight * noise


class _Activation(nn.Module):
    """A bias and a leaky rectifier that keeps the variance."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return _rectify(x + self.bias[:, None, None])


def _rectify(x: Tensor) -> Tensor:
    return F.leaky_relu(x, _SLOPE) * _ACTIVATION_GAIN


class _StyledConv(nn.Module):
    """A modulated 3x3 convolution, noise, a bias and a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, up: bool = False) -> None:
        super().__init__()
        self.conv = _ModulatedConv(inputs, outputs, 3, w_dim, up)
        self.noise = _Noise()
        self.activate = _Activation(outputs)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        return self.activate(self.noise(self.conv(x, w), noise))


class _Constant(nn.Module):
    """The map of 4 px that every picture starts from."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, count: int) -> Tensor:
        return self.input.expand(count, -1, -1, -1)


class _ToPicture(nn.Module):
    """The colors that one level adds to the picture of the level below."""

    def __init__(self, inputs: int, w_dim: int, up: bool = True) -> None:
        super().__init__()
        self.conv = _ModulatedConv(inputs, 3, 1, w_dim)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        if up:
            self.upsample = _Kernel()

    def forward(self, x: Tensor, w: Tensor, below: Tensor | None = None) -> Tensor:
        y = self.conv(x, w) + self.bias
        return y if below is None else y + _filter(below, self.upsample.kernel, (2, 1), up=2)


class Generator(StyledGenerator):
    """Pictures from z by way of w, the style; noise is the one that the checkpoint holds, always the same.

    Attributes:
        config: the arguments that build a twin of this network, and its resolution.
        latent_avg: (w_dim,) the mean of w, from which truncation pulls less far.
        styles: how many w a picture takes, one a layer; the first ones rule its composition, the last ones its colors.
    """

    latent_avg: Tensor

    def __init__(self, z_dim: int, mapping_layers: int, widths: Sequence[int]) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z, and of w.
            mapping_layers: layers between the two.
            widths: channels of the maps of 4, 8, 16, ... px; the last one is the picture's size.

        Raises:
            ValueError: it would be larger than 1024 px.
        """
        super().__init__()
        resolution = 4 << (len(widths) - 1)
        if resolution > _LARGEST_PX:
            raise ValueError(f"StyleGAN2 makes pictures of up to {_LARGEST_PX} px, not {resolution}.")
        self.config = {"z_dim": z_dim, "mapping_layers": mapping_layers, "widths": list(widths)}
        self.config["resolution"] = resolution
        self.styles = 2 * len(widths)
        mapping = (_Linear(z_dim, z_dim, _MAPPING_RATE) for _ in range(mapping_layers))
        self.style = nn.Sequential(nn.Identity(), *mapping)  # the first entry of the layout normalizes z
        self.input = _Constant(widths[0])
        self.conv1 = _StyledConv(widths[0], widths[0], z_dim)
        self.to_rgb1 = _ToPicture(widths[0], z_dim, up=False)
        self.convs, self.to_rgbs, self.noises = nn.ModuleList(), nn.ModuleList(), nn.Module()
        for level in range(1, len(widths)):
            inputs, outputs = widths[level - 1 : level + 1]
            self.convs.extend([_StyledConv(inputs, outputs, z_dim, up=True), _StyledConv(outputs, outputs, z_dim)])
            self.to_rgbs.append(_ToPicture(outputs, z_dim))
        for layer in range(self.styles - 1):
            size = 4 << ((layer + 1) // 2)
            self.noises.register_buffer(f"noise_{layer}", torch.randn(1, 1, size, size))
        self.register_buffer("latent_avg", torch.zeros(z_dim))

    def map(self, z: Tensor, condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Turn (N, z_dim) standard normal into (N, w_dim) styles; there is no condition.

        Args:
            z: (N, z_dim).
            condition: None.
            truncation: share of the way from the mean of w; 1 is all of it, 0 gives the average picture.

        Source: truncation in w, Karras et al. 2019, arXiv:1812.04948, appendix B.
        """
        w = normalize(z)
        for layer in self.style[1:]:
            w = _rectify(layer(w))
        return self.latent_avg.lerp(w, truncation)

    def synthesize(self, style: Tensor) -> Tensor:
        """Turn (N, styles, w_dim), a style a layer, into (N, 3, R, R) float32, about [-1, 1]."""
        w, noises = style, list(self.noises.buffers())
        x = self.conv1(self.input(len(w)), w[:, 0], noises[0])
        picture = self.to_rgb1(x, w[:, 1])
        for level, to_rgb in enumerate(self.to_rgbs):
            at = 2 * level + 1  # the style of the colors is that of the next level's first layer
            x = self.convs[at - 1](x, w[:, at], noises[at])
            x = self.convs[at](x, w[:, at + 1], noises[at + 1])
            picture = to_rgb(x, w[:, at + 2], picture)
        return picture

    def style_matrices(self) -> list[Tensor]:
        """Give the modulation of every 3x3 convolution, (channels, w_dim) each."""
        layers = (self.conv1, *self.convs)
        return [layer.get_parameter("conv.modulation.weight") for layer in layers]


def from_state(state: Mapping[str, Tensor]) -> Generator:
    """Build the generator that a state dict holds, with the sizes of its tensors.

    A mean of w that the checkpoint lacks is that of 4096 z.

    Raises:
        KeyError, RuntimeError, ValueError: tensors are missing, left over, or do not fit.
    """
    levels = sum(key.startswith("to_rgbs.") and key.endswith(".conv.weight") for key in state)
    mapping_layers = sum(key.startswith("style.") and key.endswith(".weight") for key in state)
    widths = [state["input.input"].shape[1], *(state[f"convs.{2 * i}.conv.weight"].shape[1] for i in range(levels))]
    network = Generator(state["style.1.weight"].shape[1], mapping_layers, widths)
    mean = state.get("latent_avg")
    network.load_state_dict({**state, "latent_avg": network.latent_avg if mean is None else mean.reshape(-1)})
    if mean is None:
        z = torch.randn(_MEAN_OF, network.config["z_dim"], generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            network.latent_avg.copy_(network.map(z).mean(dim=0))
    return network
