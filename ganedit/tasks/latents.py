"""Ways through a generator's latent space: between pictures, around them, and along the directions that change most."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.models.generators import PictureGenerator
from ganedit.requests import Latent

DIRECTIONS = 8
"""Principal directions that are offered of every generator."""

_STEP = 0.15  # of a style's length: a move of 1 is plain to see, and three of them are still pictures


def check_latent(latent: Latent, generator: PictureGenerator, name: str) -> None:
    """Refuse what a generator cannot do.

    Raises:
        BadRequestError: a number is out of range, or the generator has no styles or does not truncate.
    """
    if not 0 <= latent.truncation <= 1 or not 0 <= latent.distance <= 1:
        raise BadRequestError("Truncation and distance go from 0 to 1; 1 changes nothing.")
    if latent.truncation < 1 and not generator.truncates:
        raise BadRequestError(f"{name} knows no average picture to stay near; set the truncation to 1.")
    if latent.mix_seed is None and not latent.moves and latent.style is None:
        return
    if not generator.styles:
        raise BadRequestError(f"{name} has no styles to mix, move or keep; choose a model that ganedit trained.")
    if latent.mix_seed is not None and not 0 < latent.mix_level < generator.styles:
        raise BadRequestError(
            f"{name} has {generator.styles} levels, of which those from 1 to {generator.styles - 1} on can take "
            f"another style, not from {latent.mix_level} on."
        )
    if len(latent.moves) > DIRECTIONS:
        raise BadRequestError(f"There are {DIRECTIONS} directions to move along, not {len(latent.moves)}.")


def spherical(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Go from a to b on the way that keeps to the usual length.

    A straight line between two random vectors of many dimensions passes closer to 0 than any random vector lies.

    Args:
        a: (..., D).
        b: likewise.
        share: 0 gives a, 1 gives b.

    Source: White 2016, arXiv:1609.04468, section 2.1; the length goes evenly from that of a to that of b.
    """
    lengths = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    cosine = ((a * b).sum(dim=-1, keepdim=True) / (lengths[0] * lengths[1]).clamp_min(1e-9)).clamp(-1, 1)
    angle = torch.acos(cosine)
    straight = torch.lerp(a, b, share)
    near, sine = angle < 1e-3, torch.sin(angle).clamp_min(1e-9)
    unit_a, unit_b = a / lengths[0].clamp_min(1e-9), b / lengths[1].clamp_min(1e-9)
    bent = (torch.sin((1 - share) * angle) * unit_a + torch.sin(share * angle) * unit_b) / sine
    return torch.where(near, straight, bent * torch.lerp(lengths[0], lengths[1], share))


def mix(coarse: Tensor, fine: Tensor, level: int) -> Tensor:
    """Take the styles (N, levels, S) of one picture up to a level, and those of another from it on.

    Source: style mixing, Karras et al. 2019, arXiv:1812.04948, section 3.1.
    """
    return torch.cat([coarse[:, :level], fine[:, level:]], dim=1)


@lru_cache(maxsize=8)
def directions(generator: PictureGenerator) -> Tensor:
    """Find the directions along which a style changes the picture most, without any data.

    Returns:
        (DIRECTIONS, S) float32 of length 1, perpendicular to one another, the strongest first. The largest entry of
        each is positive, so that they are the same on every machine.

    Raises:
        ValueError: the generator has no styles.

    Source: SeFa, Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", arXiv:2007.06600,
        equation 5, over the matrices of all levels.
    """
    matrix = torch.cat([each.double() for each in generator.steps.style_matrices()])
    _, vectors = torch.linalg.eigh(matrix.T @ matrix)
    found = vectors.flip(1)[:, :DIRECTIONS].T
    signs = found.gather(1, found.abs().argmax(dim=1, keepdim=True)).sign()
    return (found * signs).float()


def move(style: Tensor, generator: PictureGenerator, moves: tuple[float, ...]) -> Tensor:
    """Move styles (N, levels, S) along the principal directions; a step of 1 is 0.15 of a usual style's length."""
    found = directions(generator)[: len(moves)]
    step = _STEP * math.sqrt(style.shape[-1])
    return style + step * (torch.tensor(moves) @ found)
