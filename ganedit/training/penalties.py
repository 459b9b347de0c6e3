"""Penalties on D's slope and on pictures that are too alike. Unreduced and unweighted: the loop weighs them."""

import torch
from torch import Tensor, nn

_LAYOUT_PX = 16


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


def likeness_penalty(fake: Tensor, real: Tensor) -> Tensor:
    """Measure by how much pictures from two z are more alike than two real ones; keeps G from ignoring z.

    A conditional D sees no difference between a generator that draws one good picture a class and one that draws many.

    Args:
        fake: (2 n, C, H, W); picture i and picture i + n have the same condition and different z.
        real: (2 n, C, H, W) real pictures.

    Returns:
        (n,) in [0, 1]: 0 for pairs that differ as much as real ones do on average, 1 for equal pictures. Only layout
        and color count, which is what 16 px show.

    Source: Yang et al. 2019, "Diversity-Sensitive Conditional GANs", arXiv:1901.09024, equation 2, with the distance
        of real pictures as the bound and without that of z, which hardly varies in many dimensions.
    """
    apart, wanted = _layout_distance(fake), _layout_distance(real).mean()
    return (1 - apart / wanted.clamp_min(1e-6)).clamp_min(0)


def _layout_distance(pictures: Tensor) -> Tensor:
    half = len(pictures) // 2
    small = nn.functional.adaptive_avg_pool2d(pictures.float(), min(_LAYOUT_PX, pictures.shape[-1]))
    return (small[:half] - small[half : 2 * half]).abs().mean(dim=(1, 2, 3))
