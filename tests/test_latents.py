"""Ways through latent space: ends that are met, lengths that are kept, directions that stay the same."""

import numpy as np
import pytest
import torch

from ganedit.errors import BadRequestError
from ganedit.models.archs.fastgan import Generator
from ganedit.models.generators import PictureGenerator
from ganedit.models.snapshots import Snapshot
from ganedit.requests import GenerateRequest, InterpolateRequest, Latent
from ganedit.tasks.generate import generate, interpolate, style_of
from ganedit.tasks.latents import DIRECTIONS, directions, spherical


@pytest.fixture(scope="module")
def generator() -> PictureGenerator:
    torch.manual_seed(0)
    network = Generator(z_dim=16, resolution=16, widths=[16, 16, 8]).eval().requires_grad_(False)
    return PictureGenerator(Snapshot(network, "fastgan", network.config, {}))


def drawn(request: GenerateRequest | InterpolateRequest, generator: PictureGenerator) -> list[np.ndarray]:
    run = interpolate(request, generator) if isinstance(request, InterpolateRequest) else generate(request, generator)
    while True:
        try:
            next(run)
        except StopIteration as end:
            return [picture.pixels for picture in end.value[0]]


def test_a_way_keeps_to_the_length_between_its_ends() -> None:
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    assert torch.allclose(spherical(a, b, 0.0), a) and torch.allclose(spherical(a, b, 1.0), b, atol=1e-6)
    assert torch.allclose(spherical(a, b, 0.5), torch.full((1, 2), 3 / 2**0.5), atol=1e-6)
    assert torch.allclose(spherical(a, a, 0.5), a)


def test_directions_are_perpendicular_the_strongest_first(generator: PictureGenerator) -> None:
    found = directions(generator)
    assert found.shape == (DIRECTIONS, 16)
    assert torch.allclose(found @ found.T, torch.eye(DIRECTIONS), atol=1e-5)
    matrix = torch.cat(generator.steps.style_matrices())
    strengths = (matrix @ found.T).norm(dim=0)
    assert (strengths[:-1] >= strengths[1:] - 1e-4).all()
    assert torch.allclose(strengths[0], torch.linalg.matrix_norm(matrix, 2), rtol=1e-4)


def test_the_first_and_last_frames_are_the_two_pictures(generator: PictureGenerator) -> None:
    ends = [GenerateRequest("g", seed) for seed in (1, 2)]
    frames = drawn(InterpolateRequest(*ends, frames=5), generator)
    assert len(frames) == 5
    for frame, end in zip((frames[0], frames[-1]), ends, strict=True):
        assert np.abs(frame.astype(int) - drawn(end, generator)[0]).max() <= 1


def test_near_means_near(generator: PictureGenerator) -> None:
    origin = drawn(GenerateRequest("g", 7), generator)[0].astype(int)
    apart = [
        np.abs(drawn(GenerateRequest("g", 8, latent=Latent(near=7, distance=share)), generator)[0] - origin).mean()
        for share in (0.0, 0.2, 1.0)
    ]
    assert apart[0] == 0 < apart[1] < apart[2]


def test_moves_and_mixed_styles_change_the_picture_and_no_truncation_makes_all_alike(
    generator: PictureGenerator,
) -> None:
    plain = drawn(GenerateRequest("g", 1), generator)[0]
    for latent in (Latent(moves=(1.0,)), Latent(mix_seed=5, mix_level=1)):
        assert (drawn(GenerateRequest("g", 1, latent=latent), generator)[0] != plain).any()
    average = drawn(GenerateRequest("g", 1, 2, latent=Latent(truncation=0.0)), generator)
    assert (average[0] == average[1]).all()


@pytest.mark.parametrize(
    ("latent", "told"),
    [
        (Latent(truncation=1.5), "from 0 to 1"),
        (Latent(mix_seed=1, mix_level=3), "has 3 levels"),
        (Latent(moves=(0.0,) * 9), "8 directions"),
        (Latent(near=-1), "A seed goes from 0"),
    ],
)
def test_what_is_out_of_range_is_refused(generator: PictureGenerator, latent: Latent, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        drawn(GenerateRequest("g", 1, latent=latent), generator)


def test_neighbors_of_a_neighbor_lie_around_it_and_not_around_where_it_came_from(generator: PictureGenerator) -> None:
    neighbor = GenerateRequest("g", 8, latent=Latent(near=7, distance=0.8))
    style = style_of(neighbor, generator)
    assert style.shape == (generator.styles, 16)
    picture, first = (drawn(each, generator)[0].astype(int) for each in (neighbor, GenerateRequest("g", 7)))
    near = [
        drawn(GenerateRequest("g", seed, latent=Latent(near=8, distance=0.2, style=style)), generator)[0]
        for seed in range(20, 26)
    ]
    to_neighbor, to_first = (np.mean([np.abs(each - other).mean() for each in near]) for other in (picture, first))
    assert to_neighbor < 0.7 * to_first
