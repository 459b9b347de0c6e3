"""Published generators: their own numbers from their own keys, and the way from a file to a picture."""

from pathlib import Path

import numpy as np
import published_layouts as published
import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import norm, truncnorm

from ganedit.errors import BadCheckpointError, LicenseNotAcceptedError
from ganedit.models.archs import biggan, fastgan_few_shot, stylegan2
from ganedit.models.catalog import CATALOG
from ganedit.models.generators import PictureGenerator
from ganedit.models.public_generators import build_public
from ganedit.models.registry import Registry
from ganedit.requests import GenerateRequest, Told
from ganedit.tasks.generate import generate


def latents(count: int, z_dim: int) -> torch.Tensor:
    return torch.randn(count, z_dim, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def fastgan() -> published.FastGan:
    return published.FastGan()


@pytest.fixture(scope="module")
def big_gan() -> published.BigGan:
    return published.BigGan()


@torch.no_grad()
def test_fastgan_draws_what_its_own_layers_draw_under_both_of_its_namings(fastgan: published.FastGan) -> None:
    silent = published.FastGan()
    silent.silence()
    z, state = latents(2, 8), silent.state_dict()
    expected = silent(z)
    assert expected.shape == (2, 3, 1024, 1024) and expected.std() > 0.1
    for keys in (state, published.as_the_authors_name_it(state)):
        plain = {key.removeprefix("module."): value for key, value in keys.items()}
        torch.testing.assert_close(fastgan_few_shot.from_state(plain).eval()(z), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_fastgans_noise_is_seen_and_always_the_same(fastgan: published.FastGan) -> None:
    z = latents(2, 8)
    networks = [fastgan_few_shot.from_state(fastgan.state_dict()).eval() for _ in range(2)]
    drawn = networks[0](z)
    assert (drawn - fastgan(z)).abs().mean() > 0.01  # the comparison network adds none
    assert torch.equal(drawn, networks[1](z))
    torch.testing.assert_close(drawn[1:], networks[0](z[1:]), atol=1e-4, rtol=0)


@torch.no_grad()
def test_stylegan2_draws_what_weights_modulated_one_by_one_draw() -> None:
    state = published.stylegan2_state()
    network, z = stylegan2.from_state(state), latents(3, published.STYLE_DIM)
    w = published.stylegan2_style(state, z)
    torch.testing.assert_close(network.map(z), w, atol=1e-5, rtol=1e-5)
    expected = torch.cat([published.stylegan2_picture(state, row) for row in w])
    torch.testing.assert_close(network(z), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_stylegan2_is_truncated_towards_the_mean_of_w() -> None:
    state, z = published.stylegan2_state(), latents(2, published.STYLE_DIM)
    mean = torch.randn(published.STYLE_DIM)
    network = stylegan2.from_state(state | {"latent_avg": mean})
    halfway = mean + 0.5 * (published.stylegan2_style(state, z) - mean)
    expected = torch.cat([published.stylegan2_picture(state, row) for row in halfway])
    torch.testing.assert_close(network(z, truncation=0.5), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(*network(z, truncation=0.0))


@torch.no_grad()
def test_a_stylegan2_without_a_mean_of_w_measures_it() -> None:
    state = published.stylegan2_state()
    mean = published.stylegan2_style(state, latents(20_000, published.STYLE_DIM)).mean(0)
    torch.testing.assert_close(stylegan2.from_state(state).latent_avg, mean, atol=0.05, rtol=0)


@torch.no_grad()
def test_stylegan2_takes_another_style_for_each_layer() -> None:
    network = stylegan2.from_state(published.stylegan2_state())
    w = network.map(latents(2, published.STYLE_DIM))
    assert network.styles == 6
    mixed = w[:1, None].repeat(1, 6, 1)
    mixed[:, 5] = w[1]  # the last style rules nothing but the colors
    assert not torch.equal(network.synthesize(mixed), network.synthesize(w[:1, None].expand(-1, 6, -1)))


@torch.no_grad()
@pytest.mark.parametrize(("truncation", "row"), [(1.0, 2), (0.5, 1)])
def test_biggan_draws_what_its_own_layers_draw(big_gan: published.BigGan, truncation: float, row: int) -> None:
    network, z, told = biggan.from_state(big_gan.state_dict()).eval(), latents(3, 6), torch.eye(10)[[4, 0, 9]]
    cut_off = torch.from_numpy(truncnorm.ppf(norm.cdf(z.double().numpy()), -2, 2)).float()
    expected = big_gan(truncation * cut_off, told, row)
    assert expected.shape == (3, 3, 16, 16) and expected.std() > 0.05
    torch.testing.assert_close(network(z, told, truncation), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_biggans_statistics_are_mixed_between_two_truncations(big_gan: published.BigGan) -> None:
    table = torch.tensor([[0.0], [1.0], [3.0]])
    assert [float(biggan._at(table, at)) for at in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0.0, 0.5, 1.0, 2.0, 3.0]


def test_biggan_of_imagenet_knows_the_names_of_its_classes() -> None:
    found = build_public(published.BigGan(classes=1000).state_dict(), "b.bin")
    assert found is not None and found.arch == "BigGAN-deep"
    generator = PictureGenerator(found)
    assert (generator.condition, len(generator.class_names), generator.truncates) == ("class", 1000, True)
    assert [generator.class_names[i] for i in (0, 281, 999)] == ["tench", "tabby", "toilet tissue"]


def test_other_classes_are_numbers(big_gan: published.BigGan) -> None:
    found = build_public(big_gan.state_dict(), "b.bin")
    assert found is not None and found.facts["class_names"] == [str(number) for number in range(10)]


def save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.stem == "style":
        checkpoint = {"g_ema": published.stylegan2_state(), "latent_avg": torch.zeros(published.STYLE_DIM)}
    elif path.stem == "paint":
        checkpoint = {"g": published.as_the_authors_name_it(published.FastGan().state_dict()), "d": {}, "g_ema": []}
    else:
        checkpoint = published.BigGan().state_dict()
    if path.suffix == ".safetensors":
        save_file({key: value.clone() for key, value in checkpoint["g_ema"].items()}, path)
    else:
        torch.save(checkpoint, path)
    return path


@pytest.mark.parametrize(
    ("name", "arch", "side", "condition"),
    [
        ("style.pt", "StyleGAN2", 16, "none"),
        ("style.safetensors", "StyleGAN2", 16, "none"),
        ("paint.pth", "FastGAN", 1024, "none"),
        ("big.pth", "BigGAN-deep", 16, "class"),
    ],
)
def test_a_published_checkpoint_dropped_into_the_folder_draws(
    tmp_path: Path, name: str, arch: str, side: int, condition: str
) -> None:
    path = save(tmp_path / "weights" / name)
    registry = Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache")
    [card] = registry.cards("generate")
    assert (card.id, card.arch, card.commercial_use, card.kind) == (path.stem, arch, False, "gan")
    generator = registry.load_generator(card.id)
    assert isinstance(generator, PictureGenerator)
    assert (generator.resolution, generator.condition) == (side, condition)
    request = GenerateRequest(card.id, seed=3, count=2, told=Told(class_name="7" if condition == "class" else None))
    *_, (pictures, _) = finished(request, generator)
    assert [(picture.width, picture.height) for picture in pictures] == [(side, side)] * 2
    assert (np.asarray(pictures[0].pixels) != np.asarray(pictures[1].pixels)).any()


def finished(request: GenerateRequest, generator: PictureGenerator) -> list:
    steps, run = [], generate(request, generator)
    while True:
        try:
            steps.append(next(run))
        except StopIteration as end:
            return [*steps, end.value]


def test_truncation_reaches_the_picture() -> None:
    found = build_public(published.stylegan2_state(), "s.pt")
    assert found is not None
    generator = PictureGenerator(found)
    z = generator.latents(2, seed=0)
    whole, near = generator.draw(z), generator.draw(z, truncation=0.1)
    spread = [np.abs(pair[0].astype(int) - pair[1]).mean() for pair in (whole, near)]
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.parametrize("network", ["style.pt", "big.pth"])
def test_a_published_checkpoint_with_a_hole_in_it_is_one_sentence(tmp_path: Path, network: str) -> None:
    state = published.stylegan2_state() if network == "style.pt" else published.BigGan().state_dict()
    del state[next(key for key in reversed(state) if key.endswith("weight_u") or "modulation" in key)]
    torch.save(state, tmp_path / network)
    with pytest.raises(BadCheckpointError, match="do not fit"):
        PictureGenerator.read(tmp_path / network, "pth")


def test_a_stylegan2_that_claims_a_giant_size_is_refused_before_it_is_built() -> None:
    state = published.stylegan2_state()
    for level in range(2, 20):
        state[f"to_rgbs.{level}.conv.weight"] = state["to_rgbs.1.conv.weight"]
        state[f"convs.{2 * level}.conv.weight"] = state["convs.2.conv.weight"]
    with pytest.raises(BadCheckpointError, match="do not fit"):
        build_public(state, "s.pt")


def test_another_network_is_no_generator(tmp_path: Path) -> None:
    torch.save({"model.0.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "x.pth")
    with pytest.raises(BadCheckpointError, match="no generator"):
        PictureGenerator.read(tmp_path / "x.pth", "pth")


def test_generators_that_may_not_be_used_commercially_ask_first(tmp_path: Path) -> None:
    cards = {card.id: card for card in CATALOG if card.task == "generate" and not card.id.startswith("ganedit-")}
    assert [name for name, card in cards.items() if card.commercial_use] == ["fastgan-painting", "sdxs-512-dreamshaper"]
    registry = Registry(weights=tmp_path, cache=tmp_path)
    for name in ("stylegan2-ffhq", "biggan-deep-256"):
        with pytest.raises(LicenseNotAcceptedError, match="confirm"):
            registry.fetch(name)
