"""Published generators, small and with random weights, under exactly the keys that their checkpoints have.

Written to be compared with: plain layers, torch's own spectral normalization, StyleGAN2 with a weight per picture.
"""

import math
import re
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

State = dict[str, Tensor]


def randomize(network: nn.Module) -> nn.Module:
    """Give every tensor some value, so that none can be forgotten without a trace; eval mode."""
    torch.manual_seed(0)
    state = network.state_dict()
    for key, value in state.items():
        if value.is_floating_point() and not key.endswith((".weight_u", ".weight_v")):
            near_one = key.endswith(("running_var", "running_vars")) or re.search(r"\.(bn|\d+)\.weight$", key)
            value.copy_(1 + 0.3 * torch.rand_like(value) if near_one else 0.3 * torch.randn_like(value))
    for key in [key for key in state if key.endswith(".weight_orig")]:
        weight, u, v = (state[key.replace("_orig", end)] for end in ("_orig", "_u", "_v"))
        matrix = (weight if len(u) == len(weight) else weight.transpose(0, 1)).flatten(1)
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        u.copy_(F.normalize(left[:, 0] + 0.03 * torch.randn_like(u), dim=0))  # training leaves it about there
        v.copy_(right[0])
    return network.eval()


class Named(nn.Module):
    """A module with children under names that need not be Python's."""

    def __init__(self, **children: nn.Module) -> None:
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)

    def of(self, name: str) -> nn.Module:
        return self.get_submodule(name)


# --- FastGAN, as the Hugging Face port names it


def normalized(layer: nn.Module) -> nn.Module:
    return Named(_conv=spectral_norm(layer))


def noise() -> nn.Module:
    module = nn.Module()
    module.register_parameter("_weight", nn.Parameter(torch.zeros(1)))
    return module


def up_block(inputs: int, outputs: int, double: bool) -> nn.Module:
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
    for width in [inputs, outputs][: 2 if double else 1]:
        layers.append(normalized(nn.Conv2d(width, 2 * outputs, 3, padding=1, bias=False)))
        layers += [noise()] if double else []
        layers += [nn.BatchNorm2d(2 * outputs), nn.GLU(1)]
    return Named(_layers=nn.Sequential(*layers))


def sle_block(inputs: int, outputs: int) -> nn.Module:
    first = normalized(nn.Conv2d(inputs, outputs, 4, bias=False))
    second = normalized(nn.Conv2d(outputs, outputs, 1, bias=False))
    return Named(_layers=nn.Sequential(nn.AdaptiveAvgPool2d(4), first, nn.SiLU(), second, nn.Sigmoid()))


def chain(layers: nn.Module, x: Tensor) -> Tensor:
    """Run a chain of layers; noise is left out, so the comparison is made with its strength at 0."""
    for layer in layers.children():
        if isinstance(layer, Named):
            x = layer.of("_conv")(x)
        elif not hasattr(layer, "_weight"):
            x = layer(x)
    return x


class FastGan(Named):
    """1024 px, with few channels."""

    widths = {4: 16, 8: 12, 16: 8, 32: 6, 64: 6, 128: 4, 256: 4, 512: 2, 1024: 2}  # noqa: RUF012

    def __init__(self, z_dim: int = 8) -> None:
        w = self.widths
        first = normalized(nn.ConvTranspose2d(z_dim, 2 * w[4], 4, bias=False))
        start = nn.Sequential(first, nn.BatchNorm2d(2 * w[4]), nn.GLU(1))
        double = (8, 32, 128, 512)
        super().__init__(
            _init=Named(_layers=start),
            **{f"_upsample_{s}": up_block(w[s // 2], w[s], s in double) for s in w if s > 4},
            **{f"_sle_{s}": sle_block(w[s // 16], w[s]) for s in (64, 128, 256, 512)},
            _out_128=nn.Sequential(normalized(nn.Conv2d(w[128], 3, 1, bias=False)), nn.Tanh()),
            _out_1024=nn.Sequential(normalized(nn.Conv2d(w[1024], 3, 3, padding=1, bias=False)), nn.Tanh()),
        )
        randomize(self)

    def silence(self) -> None:
        for key, value in self.state_dict().items():
            if key.endswith("._weight"):
                value.zero_()

    def forward(self, z: Tensor) -> Tensor:
        maps = {4: chain(self.of("_init._layers"), z[:, :, None, None])}
        for size in list(self.widths)[1:]:
            maps[size] = chain(self.of(f"_upsample_{size}._layers"), maps[size // 2])
            if 64 <= size <= 512:
                maps[size] = maps[size] * chain(self.of(f"_sle_{size}._layers"), maps[size // 16])
        return chain(self.of("_out_1024"), maps[1024])


def as_the_authors_name_it(state: State) -> State:
    """Rename the keys of the Hugging Face port to those of FastGAN-pytorch, saved from several GPUs."""
    names = [
        ("_init._layers", "init.init"),
        ("_upsample_", "feat_"),
        ("_sle_", "se_"),
        ("_out_128.0", "to_128"),
        ("_out_1024.0", "to_big"),
        ("._conv", ""),
        ("._weight", ".weight"),
    ]
    renamed = {}
    for key, value in state.items():
        for old, new in names:
            key = key.replace(old, new)
        key = re.sub(r"(feat_\d+)\._layers", r"\1", key)
        renamed["module." + re.sub(r"(se_\d+)\._layers", r"\1.main", key)] = value
    return renamed


# --- BigGAN-deep, as pytorch-pretrained-BigGAN names it


class BigGanNorm(nn.Module):
    def __init__(self, channels: int, told: int, statistics: int) -> None:
        super().__init__()
        self.register_buffer("running_means", torch.zeros(statistics, channels))
        self.register_buffer("running_vars", torch.ones(statistics, channels))
        if told:
            self.scale = spectral_norm(nn.Linear(told, channels, bias=False))
            self.offset = spectral_norm(nn.Linear(told, channels, bias=False))
        else:
            self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, row: int, told: Tensor) -> Tensor:
        means, variances = self.get_buffer("running_means")[row], self.get_buffer("running_vars")[row]
        x = (x - means[:, None, None]) / (variances[:, None, None] + 1e-4).sqrt()
        if hasattr(self, "scale"):
            return x * (1 + self.scale(told)[:, :, None, None]) + self.offset(told)[:, :, None, None]
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class BigGan(Named):
    """16 px: four blocks, attention before the third; statistics for truncations of 0, 0.5 and 1."""

    blocks = ((32, 32), (32, 16), (16, 16), (16, 8))
    attention = 2

    def __init__(self, z_dim: int = 6, classes: int = 10) -> None:
        told, parts = 2 * z_dim, []
        for inputs, outputs in self.blocks:
            middle = inputs // 4
            sides = [(inputs, middle, 1), (middle, middle, 3), (middle, middle, 3), (middle, outputs, 1)]
            convs = {
                f"conv_{i}": spectral_norm(nn.Conv2d(a, b, k, padding=k // 2)) for i, (a, b, k) in enumerate(sides)
            }
            norms = {f"bn_{i}": BigGanNorm(a, told, 3) for i, (a, _, _) in enumerate(sides)}
            parts.append(Named(**norms, **convs))
        c = self.blocks[self.attention][0]
        sides = {"theta": (c, c // 8), "phi": (c, c // 8), "g": (c, c // 2), "o_conv": (c // 2, c)}
        attention = Named(
            **{f"snconv1x1_{name}": spectral_norm(nn.Conv2d(a, b, 1, bias=False)) for name, (a, b) in sides.items()}
        )
        attention.register_parameter("gamma", nn.Parameter(torch.zeros(1)))
        parts.insert(self.attention, attention)
        last = self.blocks[-1][1]
        super().__init__(
            embeddings=nn.Linear(classes, z_dim, bias=False),
            generator=Named(
                gen_z=spectral_norm(nn.Linear(told, 16 * self.blocks[0][0])),
                layers=nn.ModuleList(parts),
                bn=BigGanNorm(last, 0, 3),
                conv_to_rgb=spectral_norm(nn.Conv2d(last, last, 3, padding=1)),
            ),
        )
        randomize(self)

    def forward(self, z: Tensor, one_hot: Tensor, row: int) -> Tensor:
        """Draw from a z that was cut off and scaled already."""
        told = torch.cat([z, self.of("embeddings")(one_hot)], 1)
        x = self.of("generator.gen_z")(told).view(-1, 4, 4, self.blocks[0][0]).permute(0, 3, 1, 2)
        up = False
        for index, layer in enumerate(self.of("generator.layers").children()):
            if index == self.attention:
                x = self.attend(layer, x)
                continue
            y, kept = x, x[:, : len(layer.get_parameter("conv_3.bias"))]
            for i in range(4):
                y = F.relu(layer.get_submodule(f"bn_{i}")(y, row, told))
                if i == 1 and up:
                    y, kept = (F.interpolate(part, scale_factor=2) for part in (y, kept))
                y = layer.get_submodule(f"conv_{i}")(y)
            x, up = y + kept, not up
        x = F.relu(self.of("generator.bn")(x, row, told))
        return self.of("generator.conv_to_rgb")(x)[:, :3].tanh()

    def attend(self, layer: nn.Module, x: Tensor) -> Tensor:
        theta, phi, g, out = (layer.get_submodule(f"snconv1x1_{name}") for name in ("theta", "phi", "g", "o_conv"))
        count, channels, height, width = x.shape
        queries = theta(x).view(count, -1, height * width)
        keys, values = (F.max_pool2d(part(x), 2).view(count, -1, height * width // 4) for part in (phi, g))
        weights = torch.einsum("ncq,nck->nqk", queries, keys).softmax(-1)
        seen = torch.einsum("nck,nqk->ncq", values, weights).view(count, channels // 2, height, width)
        return x + layer.get_parameter("gamma") * out(seen)


# --- StyleGAN2, as rosinality/stylegan2-pytorch names it

STYLE_WIDTHS = (8, 6, 4)
STYLE_DIM = 10
STYLE_LAYERS = 3


def stylegan2_state() -> State:
    """16 px, under the key ``g_ema`` of a checkpoint; the filters have the values that they always have."""
    torch.manual_seed(0)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = taps[:, None] * taps
    kernel = kernel / kernel.sum() * 4
    state = {"input.input": torch.randn(1, STYLE_WIDTHS[0], 4, 4)}
    for layer in range(1, STYLE_LAYERS + 1):
        state[f"style.{layer}.weight"] = torch.randn(STYLE_DIM, STYLE_DIM) / 0.01
        state[f"style.{layer}.bias"] = torch.randn(STYLE_DIM)

    def modulated(name: str, inputs: int, outputs: int, size: int) -> None:
        state[f"{name}.conv.weight"] = torch.randn(1, outputs, inputs, size, size)
        state[f"{name}.conv.modulation.weight"] = torch.randn(inputs, STYLE_DIM)
        state[f"{name}.conv.modulation.bias"] = 1 + 0.1 * torch.randn(inputs)

    def styled(name: str, inputs: int, outputs: int, up: bool) -> None:
        modulated(name, inputs, outputs, 3)
        state[f"{name}.noise.weight"] = torch.randn(1)
        state[f"{name}.activate.bias"] = torch.randn(outputs)
        if up:
            state[f"{name}.conv.blur.kernel"] = kernel

    def to_rgb(name: str, inputs: int, up: bool) -> None:
        modulated(name, inputs, 3, 1)
        state[f"{name}.bias"] = torch.randn(1, 3, 1, 1)
        if up:
            state[f"{name}.upsample.kernel"] = kernel

    styled("conv1", STYLE_WIDTHS[0], STYLE_WIDTHS[0], up=False)
    to_rgb("to_rgb1", STYLE_WIDTHS[0], up=False)
    for level, (inputs, outputs) in enumerate(pairwise(STYLE_WIDTHS)):
        styled(f"convs.{2 * level}", inputs, outputs, up=True)
        styled(f"convs.{2 * level + 1}", outputs, outputs, up=False)
        to_rgb(f"to_rgbs.{level}", outputs, up=True)
    for layer in range(5):
        size = 4 << (layer + 1) // 2
        state[f"noises.noise_{layer}"] = torch.randn(1, 1, size, size)
    return state


def stylegan2_style(state: State, z: Tensor) -> Tensor:
    w = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for layer in range(1, STYLE_LAYERS + 1):
        weight = state[f"style.{layer}.weight"] * 0.01 / math.sqrt(STYLE_DIM)
        w = F.leaky_relu(w @ weight.T + state[f"style.{layer}.bias"] * 0.01, 0.2) * math.sqrt(2)
    return w


def stylegan2_picture(state: State, w: Tensor) -> Tensor:
    """Draw one picture from one w (w_dim,) with weights that are modulated themselves."""

    def weight_of(name: str, demodulate: bool) -> Tensor:
        weight = state[f"{name}.conv.weight"][0]
        style = state[f"{name}.conv.modulation.weight"] @ w / math.sqrt(STYLE_DIM)
        style = style + state[f"{name}.conv.modulation.bias"]
        weight = weight * style[:, None, None] / math.sqrt(weight[0].numel())
        return weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt() if demodulate else weight

    def low_pass(x: Tensor, kernel: Tensor, pad: tuple[int, int]) -> Tensor:
        return torch.stack([F.conv2d(F.pad(c[None], pad * 2), kernel[None, None])[0] for c in x[0][:, None]], 1)

    def styled(name: str, x: Tensor, layer: int, up: bool) -> Tensor:
        weight = weight_of(name, demodulate=True)
        if up:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = low_pass(x, state[f"{name}.conv.blur.kernel"], (1, 1))
        else:
            x = F.conv2d(x, weight, padding=1)
        x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{layer}"]
        return F.leaky_relu(x + state[f"{name}.activate.bias"][:, None, None], 0.2) * math.sqrt(2)

    def colors(name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, weight_of(name, demodulate=False)) + state[f"{name}.bias"]

    x = styled("conv1", state["input.input"], 0, up=False)
    picture = colors("to_rgb1", x)
    for level in range(len(STYLE_WIDTHS) - 1):
        x = styled(f"convs.{2 * level}", x, 2 * level + 1, up=True)
        x = styled(f"convs.{2 * level + 1}", x, 2 * level + 2, up=False)
        spread = torch.zeros(1, 3, 2 * picture.shape[2], 2 * picture.shape[3])
        spread[..., ::2, ::2] = picture
        picture = colors(f"to_rgbs.{level}", x) + low_pass(spread, state[f"to_rgbs.{level}.upsample.kernel"], (2, 1))
    return picture


# --- AnimeGANv2 and CycleGAN, whose norms look at the whole picture


def anime_layer(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Module:
    around = nn.ReflectionPad2d((0, 1, 0, 1)) if stride == 2 else nn.ReflectionPad2d(size // 2)
    return nn.Sequential(
        around,
        nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=groups > 1),
        nn.GroupNorm(1, outputs),
        nn.LeakyReLU(0.2),
    )


class AnimeBottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            anime_layer(inputs, 2 * inputs, 1),
            anime_layer(2 * inputs, 2 * inputs, groups=2 * inputs),
            nn.Conv2d(2 * inputs, outputs, 1, bias=False),
            nn.GroupNorm(1, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if x.shape == y.shape else y


class AnimeGANv2(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        a, b, c, d = width, 2 * width, 4 * width, 8 * width
        self.block_a = nn.Sequential(anime_layer(3, a, 7), anime_layer(a, b, stride=2), anime_layer(b, b))
        self.block_b = nn.Sequential(anime_layer(b, c, stride=2), anime_layer(c, c))
        inner = [AnimeBottleneck(c, d), AnimeBottleneck(d, d), AnimeBottleneck(d, d), AnimeBottleneck(d, d)]
        self.block_c = nn.Sequential(anime_layer(c, c), *inner, anime_layer(d, c))
        self.block_d = nn.Sequential(anime_layer(c, c), anime_layer(c, c))
        self.block_e = nn.Sequential(anime_layer(c, b), anime_layer(b, b), anime_layer(b, a, 7))
        self.out_layer = nn.Sequential(nn.Conv2d(a, 3, 1, bias=False), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        x = self.block_c(self.block_b(self.block_a(x)))
        x = self.block_d(nn.Upsample(scale_factor=2, mode="bilinear")(x))
        return self.out_layer(self.block_e(nn.Upsample(scale_factor=2, mode="bilinear")(x)))


class CycleBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        layers = []
        for last in (False, True):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
            layers += [] if last else [nn.ReLU()]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class CycleGAN(nn.Module):
    def __init__(self, width: int, blocks: int = 9) -> None:
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.ReLU()]
        layers += [nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.InstanceNorm2d(4 * width), nn.ReLU()]
        layers += [CycleBlock(4 * width) for _ in range(blocks)]
        layers += [nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1), nn.InstanceNorm2d(2 * width), nn.ReLU()]
        layers += [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1), nn.InstanceNorm2d(width), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)
