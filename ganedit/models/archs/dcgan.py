"""DCGAN, the teaching baseline: strided convolutions, batch norm, nothing else.

Source: Radford et al. 2016, arXiv:1511.06434.
"""

from torch import Tensor, nn

from ganedit.models.archs.mlp import LatentInput, ProjectionHead
from ganedit.models.archs.styled import StyledGenerator

_MOST_DOUBLINGS = 3


def doublings(resolution: int) -> int:
    """How often 4 px must be doubled to reach ``resolution``.

    Raises:
        ValueError: it is no power of two from 8 to 1024.
    """
    if resolution not in (8, 16, 32, 64, 128, 256, 512, 1024):
        raise ValueError(f"The resolution must be a power of two from 8 to 1024, not {resolution}.")
    return resolution.bit_length() - 3


def initialize(network: nn.Module) -> None:
    """Draw weights as DCGAN does: normal with deviation 0.02, batch norm's scales around 1."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, 0.02)


def _widths(width: int, levels: int) -> list[int]:
    """Channels from the finest map to the one of 4x4: doubled a level, at most three times."""
    return [width << min(level, _MOST_DOUBLINGS) for level in range(levels)]


class Generator(StyledGenerator):
    """Pictures from z by transposed convolutions.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(
        self, z_dim: int = 100, resolution: int = 64, c_dim: int = 0, width: int = 64, channels: int = 3
    ) -> None:
        """Lay out the network.

        Args:
            z_dim: length of z.
            resolution: side of the pictures in pixels, a power of two.
            c_dim: length of the condition; 0 for none.
            width: channels of the last hidden map; coarser ones have up to eight times as many.
            channels: channels of the pictures.

        Raises:
            ValueError: the resolution is no power of two.
        """
        super().__init__()
        self.config = {
            "z_dim": z_dim,
            "resolution": resolution,
            "c_dim": c_dim,
            "width": width,
            "channels": channels,
        }
        self.latent = LatentInput(z_dim, c_dim)
        widths = _widths(width, doublings(resolution))[::-1]
        self.body = nn.Sequential(nn.ConvTranspose2d(self.latent.out_dim, widths[0], 4, bias=False))
        for inputs, outputs in zip(widths, [*widths[1:], channels], strict=True):
            up = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
            self.body.extend([nn.BatchNorm2d(inputs), nn.ReLU(), up])
        initialize(self)

    def synthesize(self, style: Tensor) -> Tensor:
        """Turn (N, 1, S), which ``latent`` gave, into pictures."""
        return self.body(style[:, 0, :, None, None]).float().tanh()

    def style_matrices(self) -> list[Tensor]:
        """Give the one matrix, (outputs, S), that a style meets first."""
        return [next(self.body.parameters()).flatten(1).T]


class Discriminator(nn.Module):
    """Judges pictures by strided convolutions.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(self, resolution: int = 64, c_dim: int = 0, width: int = 64, channels: int = 3) -> None:
        """Lay out the network.

        Args:
            resolution: side of the pictures in pixels, a power of two.
            c_dim: length of the condition; 0 for none.
            width: channels of the first map; coarser ones have up to eight times as many.
            channels: channels of the pictures.

        Raises:
            ValueError: the resolution is no power of two.
        """
        super().__init__()
        self.config = {"resolution": resolution, "c_dim": c_dim, "width": width, "channels": channels}
        widths = _widths(width, doublings(resolution))
        self.body = nn.Sequential()
        for inputs, outputs in zip([channels, *widths], widths, strict=False):
            self.body.append(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False))
            if inputs != channels:  # the paper leaves the input layer without batch norm
                self.body.append(nn.BatchNorm2d(outputs))
            self.body.append(nn.LeakyReLU(0.2))
        initialize(self)
        self.head = ProjectionHead(widths[-1] * 16, c_dim)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, C, R, R) in [-1, 1] and (N, c_dim) or None into (N,) logits; higher means more real."""
        return self.head(self.body(x).flatten(1), condition)
