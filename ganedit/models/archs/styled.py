"""What generators that draw in two steps have in common: a style out of z, and a picture out of styles."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class StyledGenerator(nn.Module, ABC):
    """Turns z and a condition into a style, and one style for each of its levels into a picture.

    What lies between the steps is where pictures are edited: styles can be mixed over levels, moved along directions
    and looked for.

    Attributes:
        latent: gives styles; a network that gets them in another way has its own ``map``.
        styles: levels, each of which can be given a style of its own; the first one is the coarsest.
    """

    latent: nn.Module
    styles: int = 1
    truncates = True

    def forward(self, z: Tensor, condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Turn (N, z_dim) and (N, c_dim) or None into (N, C, R, R) float32 in [-1, 1]; for truncation see ``map``."""
        return self.synthesize(self.map(z, condition, truncation)[:, None].expand(-1, self.styles, -1))

    def map(self, z: Tensor, condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Turn (N, z_dim) standard normal and (N, c_dim) or None into styles (N, S): here, by the network's ``latent``.

        Args:
            z: (N, z_dim).
            condition: (N, c_dim), or None for a network that takes none.
            truncation: share of the way from the style of an average picture; 1 is all of it.
        """
        return self.latent(z, condition, truncation)

    @abstractmethod
    def synthesize(self, style: Tensor) -> Tensor:
        """Turn (N, styles, S) into (N, C, R, R) float32 in [-1, 1]."""

    @abstractmethod
    def style_matrices(self) -> list[Tensor]:
        """Give the matrices, (outputs, S) each, that a style meets first; they say which directions change most."""
