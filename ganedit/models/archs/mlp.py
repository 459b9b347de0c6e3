"""Fully connected parts: how a condition enters any network, and the two networks that learn points in a plane."""

import torch
from torch import Tensor, nn

from ganedit.models.archs.memory import Memory

EMBED_DIM = 128
"""Width of a condition's embedding beside z, unless a network is told otherwise."""


def normalize(x: Tensor) -> Tensor:
    """Scale each row of (N, D) to a mean square of 1.

    Source: Karras et al. 2018, arXiv:1710.10196, section 4.2.
    """
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


def embed(layer: nn.Module | None, condition: Tensor | None) -> Tensor | None:
    """Embed a condition; None for a network that takes none.

    Args:
        layer: the network's embedding; None if it was built with ``c_dim`` 0.
        condition: (N, c_dim), or None.

    Raises:
        ValueError: a condition is missing, or is given to a network that takes none.
    """
    if (layer is None) != (condition is None):
        raise ValueError("A network with c_dim above 0 needs a condition, and one without takes none.")
    return None if layer is None else layer(condition)


class LatentInput(nn.Module):
    """Joins z and an embedding of the condition, both normalized, so that neither drowns the other.

    Attributes:
        out_dim: length of the vector that comes out.
    """

    def __init__(self, z_dim: int, c_dim: int, embed_dim: int = EMBED_DIM, memory: int = 0) -> None:
        """Take the lengths of z and of the condition, and that of its embedding; ``c_dim`` 0 means no condition.

        With a ``memory`` of so many entries, the embedding is looked up there.
        """
        super().__init__()
        made = Memory(c_dim, memory, embed_dim) if memory else nn.Linear(c_dim, embed_dim) if c_dim else None
        self.embedding: nn.Module | None = made
        self.out_dim = z_dim + (embed_dim if c_dim else 0)

    def forward(self, z: Tensor, condition: Tensor | None, truncation: float = 1.0) -> Tensor:
        """Turn (N, z_dim) and (N, c_dim) or None into (N, out_dim); truncation below 1 lets z count for less."""
        embedded = embed(self.embedding, condition)
        z = normalize(z) * truncation
        return z if embedded is None else torch.cat([z, normalize(embedded.float())], dim=1)


class ProjectionHead(nn.Module):
    """A logit from features: how real they are, plus how well they fit the condition.

    Source: Miyato and Koyama 2018, arXiv:1802.05637, equation 4.
    """

    def __init__(self, features: int, c_dim: int) -> None:
        """Take the length of the features and of the condition; ``c_dim`` 0 means no condition."""
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.embedding = nn.Linear(c_dim, features, bias=False) if c_dim else None

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        """Turn (N, features) and (N, c_dim) or None into (N,) float32 logits."""
        embedded = embed(self.embedding, condition)
        logits = self.score(features).squeeze(1).float()
        if embedded is None:
            return logits
        # The root keeps the fit as strong as the score, however many features there are.
        return logits + (features.float() * embedded.float()).sum(dim=1) / features.shape[1] ** 0.5


def _layers(inputs: int, width: int, depth: int) -> nn.Sequential:
    layers = nn.Sequential()
    for _ in range(depth):
        layers.extend([nn.Linear(inputs, width), nn.LeakyReLU(0.2)])
        inputs = width
    return layers


class Generator(nn.Module):
    """Points from z and the signs of z.

    Separate modes are out of reach for a continuous map of one connected space but for bridges between them, on which
    it then puts samples; the signs cut the space into ``2 ** z_dim`` pieces, each of which can go to a mode whole.
    Source of the argument: Khayatkhoei et al. 2018, arXiv:1806.00880.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(self, z_dim: int = 16, c_dim: int = 0, width: int = 128, depth: int = 3, dim: int = 2) -> None:
        """Take the lengths of z and of the condition, the hidden layers' width and number, and a point's length."""
        super().__init__()
        self.config = {"z_dim": z_dim, "c_dim": c_dim, "width": width, "depth": depth, "dim": dim}
        self.latent = LatentInput(z_dim, c_dim)
        self.body = _layers(z_dim + self.latent.out_dim, width, depth)
        self.point = nn.Linear(width, dim)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, z_dim) and (N, c_dim) or None into (N, dim) float32 points, of any range."""
        return self.point(self.body(torch.cat([z.sign(), self.latent(z, condition)], dim=1))).float()


class Discriminator(nn.Module):
    """Judges points.

    Attributes:
        config: the arguments that build a twin of this network.
    """

    def __init__(self, c_dim: int = 0, width: int = 128, depth: int = 3, dim: int = 2) -> None:
        """Take the length of the condition, the hidden layers' width and number, and a point's length."""
        super().__init__()
        self.config = {"c_dim": c_dim, "width": width, "depth": depth, "dim": dim}
        self.body = _layers(dim, width, depth)
        self.head = ProjectionHead(width, c_dim)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, dim) points and (N, c_dim) or None into (N,) logits; higher means more real."""
        return self.head(self.body(x), condition)
