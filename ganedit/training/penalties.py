"""Penalties on how steeply the discriminator rises. Unreduced and unweighted: the loop applies ``gamma / 2``."""

import torch
from torch import Tensor, nn


def r1_penalty(logits: Tensor, real: Tensor) -> Tensor:
    """Measure how steeply the discriminator rises around real images.

    Args:
        logits: (N,) or (N, K) discriminator output for ``real``; higher means more real.
        real: (N, ...) in [-1, 1], part of the graph of ``logits``.

    Returns:
        (N,) squared gradient norm per image, not reduced.

    Source: Mescheder et al. 2018, arXiv:1801.04406, regularizer R1.
    """
    return _squared_slope(logits, real)


def r2_penalty(logits: Tensor, fake: Tensor) -> Tensor:
    """Measure the same around generated images; arguments and result as in ``r1_penalty``.

    Source: Mescheder et al. 2018, arXiv:1801.04406, regularizer R2.
    """
    return _squared_slope(logits, fake)


def gradient_penalty(
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    condition: Tensor | None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Measure how far the slope between real and generated images is from 1.

    Args:
        discriminator: called with (images, condition).
        real: (N, ...) in [-1, 1].
        fake: likewise.
        condition: (N, c_dim) or None.
        generator: draws the place between each pair.

    Returns:
        (N,) squared difference of the gradient norm from 1, not reduced.

    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3.
    """
    shape = (len(real), *[1] * (real.ndim - 1))
    share = torch.rand(shape, generator=generator, device=real.device)
    between = torch.lerp(fake.detach(), real.detach(), share).requires_grad_(True)
    slope = (_squared_slope(discriminator(between, condition), between) + 1e-12).sqrt()
    return (slope - 1).square()


def _squared_slope(logits: Tensor, images: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.float().square().flatten(1).sum(dim=1)
