"""The adversarial games, each a pair of small pure functions. Lower is better for whom a loss belongs to.

Logits are D's outputs, higher means more real, of any shape; losses have that shape too and are not averaged. With
``p = sigmoid(logit)`` the identities ``log p = -softplus(-logit)`` and ``log(1 - p) = -softplus(logit)`` keep every
loss finite at any logit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Loss:
    """One game.

    Attributes:
        name: as recipes call it.
        generator: (fake_logits, real_logits) to G's loss.
        discriminator: (real_logits, fake_logits) to D's loss.
        pairs: G's loss looks at real logits too, so that the loop has to compute them.
        paper: where the game is described.
    """

    name: str
    generator: Callable[[Tensor, Tensor], Tensor]
    discriminator: Callable[[Tensor, Tensor], Tensor]
    pairs: bool
    paper: str


def _cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-[log D(x) + log(1 - D(G(z)))]."""
    return F.softplus(-real_logits) + F.softplus(fake_logits)


def _saturating(fake_logits: Tensor, _real_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))), which G minimizes."""
    return -F.softplus(fake_logits)


def _non_saturating(fake_logits: Tensor, _real_logits: Tensor) -> Tensor:
    """-log D(G(z))."""
    return F.softplus(-fake_logits)


def _hinge(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return F.relu(1 - real_logits) + F.relu(1 + fake_logits)


def _critic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return fake_logits - real_logits


def _lower(fake_logits: Tensor, _real_logits: Tensor) -> Tensor:
    return -fake_logits


def _least_squares_d(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return 0.5 * ((real_logits - 1).square() + fake_logits.square())


def _least_squares_g(fake_logits: Tensor, _real_logits: Tensor) -> Tensor:
    return 0.5 * (fake_logits - 1).square()


def _relativistic(first: Tensor, second: Tensor) -> Tensor:
    """softplus(-(first - second)): how far the first of a pair is from looking more real than the second."""
    return F.softplus(second - first)


_ALL = (
    Loss("minimax", _saturating, _cross_entropy, False, "Goodfellow et al. 2014, arXiv:1406.2661, equation 1"),
    Loss(
        "non_saturating", _non_saturating, _cross_entropy, False, "Goodfellow et al. 2014, arXiv:1406.2661, section 3"
    ),
    Loss("hinge", _lower, _hinge, False, "Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957"),
    Loss(
        "wgan", _lower, _critic, False, "Arjovsky et al. 2017, arXiv:1701.07875, with Gulrajani et al. 2017's penalty"
    ),
    Loss("least_squares", _least_squares_g, _least_squares_d, False, "Mao et al. 2017, arXiv:1611.04076, equation 9"),
    Loss("relativistic", _relativistic, _relativistic, True, "Huang et al. 2024 (R3GAN), arXiv:2501.05441, equation 2"),
)

LOSSES: Mapping[str, Loss] = {loss.name: loss for loss in _ALL}
"""Every game by the name that recipes use."""
