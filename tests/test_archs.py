"""The networks that are trained: shapes, sizes, conditions, precision, and twins built from their config."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganedit.models.archs import DISCRIMINATORS, GENERATORS, dcgan, fastgan, mlp, r3gan

C_DIM = 5
BATCH = 4

Cases = dict[str, tuple[Callable[[int], nn.Module], tuple[int, ...]]]

GENERATOR_CASES: Cases = {
    "mlp": (lambda c_dim: mlp.Generator(c_dim=c_dim), (2,)),
    "dcgan": (lambda c_dim: dcgan.Generator(resolution=32, width=16, c_dim=c_dim), (3, 32, 32)),
    "fastgan": (lambda c_dim: fastgan.Generator(resolution=32, widths=[64, 48, 32, 16], c_dim=c_dim), (3, 32, 32)),
    "r3gan": (lambda c_dim: awake(r3gan.Generator(resolution=32, width=16, c_dim=c_dim)), (3, 32, 32)),
}
DISCRIMINATOR_CASES: Cases = {
    "mlp": (lambda c_dim: mlp.Discriminator(c_dim=c_dim), (2,)),
    "dcgan": (lambda c_dim: dcgan.Discriminator(resolution=32, width=16, c_dim=c_dim), (3, 32, 32)),
    "r3gan": (lambda c_dim: awake(r3gan.Discriminator(resolution=32, width=16, c_dim=c_dim)), (3, 32, 32)),
}
generators = pytest.mark.parametrize("name", GENERATOR_CASES)
discriminators = pytest.mark.parametrize("name", DISCRIMINATOR_CASES)
networks = pytest.mark.parametrize(
    ("cases", "name"),
    [
        *(pytest.param(GENERATOR_CASES, name, id=f"{name}-generator") for name in GENERATOR_CASES),
        *(pytest.param(DISCRIMINATOR_CASES, name, id=f"{name}-discriminator") for name in DISCRIMINATOR_CASES),
    ],
)
conditions = pytest.mark.parametrize("c_dim", [0, C_DIM])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost these small networks more than they bring when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def awake(network: nn.Module) -> nn.Module:
    """Residual blocks start as the identity; give their last layers something to do, so that tests reach all of it."""
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, 0.0, 0.05)
    return network


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def one_hot(*classes: int) -> Tensor:
    return nn.functional.one_hot(torch.tensor(classes), C_DIM).float()


def build(cases: Cases, name: str, c_dim: int = 0) -> tuple[Any, Tensor]:
    """A network with its chance fixed, and a batch of what it takes."""
    torch.manual_seed(1)
    make, shape = cases[name]
    network: Any = make(c_dim)
    length = (network.config["z_dim"],) if cases is GENERATOR_CASES else shape
    return network, noise(BATCH, *length)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@generators
@conditions
def test_a_generator_turns_z_into_float32_of_its_size_and_gradients_reach_z(name: str, c_dim: int) -> None:
    network, z = build(GENERATOR_CASES, name, c_dim)
    z.requires_grad_()
    x = network(z, one_hot(0, 1, 2, 3) if c_dim else None)
    assert x.shape == (BATCH, *GENERATOR_CASES[name][1]) and x.dtype == torch.float32
    (gradient,) = torch.autograd.grad(x.square().sum(), z)
    assert (gradient.abs().sum(dim=1) > 0).all()


@discriminators
@conditions
def test_a_discriminator_gives_one_logit_a_picture_and_gradients_reach_the_picture(name: str, c_dim: int) -> None:
    network, x = build(DISCRIMINATOR_CASES, name, c_dim)
    x.requires_grad_()
    logits = network(x, one_hot(0, 1, 2, 3) if c_dim else None)
    assert logits.shape == (BATCH,) and logits.dtype == torch.float32
    (gradient,) = torch.autograd.grad(logits.sum(), x)
    assert (gradient.flatten(1).abs().sum(dim=1) > 0).all()


@discriminators
def test_a_penalty_on_the_gradient_can_be_trained_on(name: str) -> None:
    network, x = build(DISCRIMINATOR_CASES, name)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    first = next(iter(network.parameters()))
    assert first.grad is not None and first.grad.isfinite().all() and first.grad.any()


@networks
@conditions
def test_every_parameter_gets_a_gradient(cases: Cases, name: str, c_dim: int) -> None:
    network, x = build(cases, name, c_dim)
    network(x, one_hot(0, 1, 2, 3) if c_dim else None).square().sum().backward()
    assert not [key for key, parameter in network.named_parameters() if parameter.grad is None]


@networks
@conditions
def test_a_network_built_from_the_config_of_another_takes_its_weights(cases: Cases, name: str, c_dim: int) -> None:
    network, x = build(cases, name, c_dim)
    kinds = GENERATORS if cases is GENERATOR_CASES else DISCRIMINATORS
    twin = kinds[name](**json.loads(json.dumps(network.config)))
    twin.load_state_dict(network.state_dict())
    condition = one_hot(0, 1, 2, 3) if c_dim else None
    assert torch.equal(twin.eval()(x, condition), network.eval()(x, condition))


@networks
def test_another_condition_gives_another_answer(cases: Cases, name: str) -> None:
    network, x = build(cases, name, C_DIM)
    for _ in range(20):  # batch norm must know the statistics, or eval mode shrinks what goes through it
        network(x, one_hot(0, 1, 2, 3))
    network.eval()
    first, second = network(x, one_hot(0, 0, 0, 0)), network(x, one_hot(0, 1, 2, 3))
    assert torch.allclose(first[0], second[0], atol=1e-5)
    assert all((first[row] - second[row]).abs().max() > 1e-3 for row in (1, 2, 3))


@pytest.mark.parametrize("cases", [GENERATOR_CASES, DISCRIMINATOR_CASES], ids=["generator", "discriminator"])
def test_a_missing_condition_and_one_too_many_are_refused(cases: Cases) -> None:
    network, x = build(cases, "mlp", C_DIM)
    with pytest.raises(ValueError, match="needs a condition"):
        network(x)
    network, x = build(cases, "mlp")
    with pytest.raises(ValueError, match="takes none"):
        network(x, one_hot(0, 1, 2, 3))


@networks
def test_bfloat16_and_channels_last_stay_near_float32(cases: Cases, name: str) -> None:
    network, x = build(cases, name, C_DIM)
    condition = one_hot(0, 1, 2, 3)
    expected = copy.deepcopy(network)(x, condition)
    network.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        y = network(x, condition)
    y.square().sum().backward()
    assert y.dtype == torch.float32 and y.isfinite().all()
    # bfloat16 rounds by up to 0.4 %, and a dozen layers add that up.
    assert (y - expected).square().mean().sqrt() < 0.05 * expected.square().mean().sqrt()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("name", ["dcgan", "fastgan"])
def test_pictures_stay_within_minus_one_and_one(name: str) -> None:
    network, z = build(GENERATOR_CASES, name)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(10)
    assert network(z).abs().max() <= 1


def test_fastgan_at_128_px_has_four_million_parameters_and_those_of_its_styles() -> None:
    widths, style_dim = fastgan.WIDTHS, 128
    styles = sum(4 * width * (style_dim + 1) for width in widths[1:])
    # Styles bring scales and shifts of their own, so that the norms of the levels have none.
    norms = sum(4 * width for width in widths[1:])
    assert round((parameters(fastgan.Generator()) - styles + norms) / 1e6, 1) == 4.0
    assert fastgan.Generator().config["widths"] == [288, 240, 192, 96, 48, 24]


def test_the_other_networks_have_the_parameters_that_their_layers_say() -> None:
    hidden = 128 * 128 + 128
    both = 2 * 16  # z and its signs
    assert parameters(mlp.Generator()) == (both * 128 + 128) + 2 * hidden + (128 * 2 + 2)
    # The generator of DCGAN's paper at 64 px: five convolutions of 4x4 without biases, four norms.
    convolutions = 16 * (100 * 1024 + 1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    assert parameters(dcgan.Generator(width=128)) == convolutions + 2 * (1024 + 512 + 256 + 128)
    assert parameters(r3gan.Generator()) == pytest.approx(parameters(r3gan.Discriminator()), rel=0.05)


@pytest.mark.parametrize("resolution", [16, 64, 256])
def test_fastgan_draws_other_sizes(resolution: int) -> None:
    widths = [16] * 7 if resolution == 256 else None
    x = fastgan.Generator(resolution=resolution, widths=widths)(noise(2, 128))
    assert x.shape == (2, 3, resolution, resolution)


def test_fastgan_draws_the_same_picture_again_but_not_in_training() -> None:
    network, z = build(GENERATOR_CASES, "fastgan")
    for level in network.levels:
        nn.init.ones_(level.noise_strength)
    assert not torch.equal(network(z), network(z))
    state = torch.get_rng_state()
    assert torch.equal(network.eval()(z), network(z))
    assert torch.equal(torch.get_rng_state(), state)


def test_coarse_maps_of_fastgan_weigh_the_channels_of_fine_ones() -> None:
    excitation = fastgan.Generator(resolution=32).excitations[0]
    coarse, fine = noise(2, 288, 4, 4), noise(2, 192, 16, 16, seed=1)
    ratio = excitation(coarse, fine) / fine
    assert torch.allclose(ratio, ratio[:, :, :1, :1].expand_as(ratio), atol=1e-4)
    assert ratio.min() > 0 and ratio.max() < 1


@pytest.mark.parametrize("name", ["r3gan", "fastgan", "dcgan"])
def test_a_picture_is_drawn_in_two_steps(name: str) -> None:
    network, z = build(GENERATOR_CASES, name, C_DIM)
    network.eval()
    style = network.map(z, one_hot(0, 1, 2, 3))
    every_level = style[:, None].expand(-1, network.styles, -1)
    assert torch.equal(network.synthesize(every_level), network(z, one_hot(0, 1, 2, 3)))
    assert len(network.style_matrices()) == network.styles
    assert all(matrix.shape[1] == style.shape[1] for matrix in network.style_matrices())


def test_a_style_of_fastgan_changes_its_own_level_and_finer_ones_alone() -> None:
    network, z = build(GENERATOR_CASES, "fastgan")
    styles = network.eval().map(z)[:, None].repeat(1, network.styles, 1)
    before: list[Tensor] = []
    after: list[Tensor] = []
    seen = before
    for level in network.levels:
        level.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network.synthesize(styles)
    seen = after
    styles[:, 2] = noise(len(z), styles.shape[2], seed=5)
    network.synthesize(styles)
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, False]


def test_only_the_direction_of_z_counts() -> None:
    network, z = build(GENERATOR_CASES, "fastgan")
    network.eval()
    assert torch.allclose(network(z), network(3 * z), atol=1e-5)


def test_residual_blocks_start_as_the_identity() -> None:
    blocks = r3gan.Discriminator(resolution=8, width=16).levels
    x = noise(2, 16, 8, 8)
    assert torch.equal(blocks[0](x), x)


def test_a_condition_of_any_length_weighs_as_much_as_z() -> None:
    latent = mlp.LatentInput(z_dim=64, c_dim=384)
    text = nn.functional.normalize(noise(3, 384), dim=1)
    joined = latent(100 * noise(3, 64, seed=1), text)
    assert joined.shape == (3, latent.out_dim)
    for part in (joined[:, :64], joined[:, 64:]):
        assert torch.allclose(part.square().mean(dim=1), torch.ones(3), atol=1e-3)


@pytest.mark.parametrize("make", [dcgan.Generator, dcgan.Discriminator, r3gan.Generator, fastgan.Generator])
@pytest.mark.parametrize("resolution", [4, 48, 100])
def test_a_resolution_that_no_doubling_reaches_is_refused(make: Callable[..., nn.Module], resolution: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        make(resolution=resolution)


def test_fastgan_wants_one_width_a_level() -> None:
    with pytest.raises(ValueError, match="6 widths, not 2"):
        fastgan.Generator(resolution=128, widths=[64, 32])
    with pytest.raises(ValueError, match="at least 16 px"):
        fastgan.Generator(resolution=8)
