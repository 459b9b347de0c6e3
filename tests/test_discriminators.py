"""The projected discriminator: fixed parts that stay fixed, heads that learn, all chance from one seed."""

import copy
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.models.archs.efficientnet_lite import EfficientNetLite0
from ganedit.models.features import load_efficientnet_lite0
from ganedit.training.discriminators import ProjectedDiscriminator

C_DIM = 5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost these small networks more than they bring when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> EfficientNetLite0:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_OFFLINE", "1")  # the weights come from the package of requirements-dev.txt
        return load_efficientnet_lite0(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def network(features: EfficientNetLite0) -> ProjectedDiscriminator:
    return ProjectedDiscriminator(features, 128)


def pictures(batch: int = 2, side: int = 128, seed: int = 0) -> Tensor:
    """Soft random pictures in [-1, 1]."""
    coarse = torch.randn(batch, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(-1, 1)


def one_hot(*classes: int) -> Tensor:
    return F.one_hot(torch.tensor(classes), C_DIM).float()


def fixed_state(network: ProjectedDiscriminator) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items() if not key.startswith("heads.")}


def test_only_the_heads_are_trained_and_have_half_a_million_parameters(network: ProjectedDiscriminator) -> None:
    trained = {key: each for key, each in network.named_parameters() if each.requires_grad}
    assert {key.split(".")[0] for key in trained} == {"heads"}
    assert {key.split(".")[1] for key in trained} == {"0", "1", "2", "3"}
    assert round(sum(each.numel() for each in trained.values()) / 1e6, 1) == 0.5


def test_seeing_and_judging_make_a_verdict(features: EfficientNetLite0) -> None:
    network = ProjectedDiscriminator(features, 128, C_DIM).eval()  # in training, each call moves the spectral norms
    x = pictures()
    seen = network.see(x)
    assert [each.shape[1] for each in seen] == [24, 40, 112, 320]
    assert torch.equal(network.judge(seen, one_hot(0, 1)), network(x, one_hot(0, 1)))


def test_four_heads_give_sixteen_float32_logits_each(network: ProjectedDiscriminator) -> None:
    logits = network(pictures(3))
    assert logits.shape == (3, 64) and logits.dtype == torch.float32


def test_maps_are_mixed_to_the_stated_channels(network: ProjectedDiscriminator) -> None:
    maps = network.features.features((pictures() + 1) / 2, (2, 4, 10, 15))
    shapes = [tuple(each.shape[1:]) for each in network.mixing(maps)]
    assert shapes == [(32, 32, 32), (32, 16, 16), (64, 8, 8), (64, 4, 4)]


def test_coarse_maps_reach_fine_ones_and_not_the_other_way_round(network: ProjectedDiscriminator) -> None:
    maps = network.features.features((pictures() + 1) / 2, (2, 4, 10, 15))
    plain = network.mixing(maps)
    coarse, fine = [*maps[:3], maps[3] + 1], [maps[0] + 1, *maps[1:]]
    assert all(not torch.equal(a, b) for a, b in zip(plain, network.mixing(coarse), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(plain[1:], network.mixing(fine)[1:], strict=True))


def test_training_moves_the_heads_and_nothing_else(network: ProjectedDiscriminator) -> None:
    network.train().requires_grad_(False).requires_grad_(True)  # as a loop does that trains by turns
    fixed, heads = fixed_state(network), copy.deepcopy(network.heads.state_dict())
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    real, fake = pictures(seed=1), pictures(seed=2)
    gaps = []
    for _ in range(6):
        optimizer.zero_grad()
        real_logits, fake_logits = network(real), network(fake)
        gaps.append((real_logits.mean() - fake_logits.mean()).item())
        (F.relu(1 - real_logits) + F.relu(1 + fake_logits)).mean().backward()
        optimizer.step()
    assert gaps[-1] > gaps[0]
    assert all(torch.equal(fixed[key], value) for key, value in fixed_state(network).items())
    assert not any(each.grad is not None for part in (network.features, network.mixing) for each in part.parameters())
    weights = {key: value for key, value in network.heads.state_dict().items() if key.endswith("original")}
    assert weights and all(not torch.equal(heads[key], value) for key, value in weights.items())


def test_the_fixed_parts_stay_in_eval_mode_and_frozen_whatever_is_asked(network: ProjectedDiscriminator) -> None:
    network.train().requires_grad_(True)
    assert network.training and network.heads.training
    assert not any(module.training for part in (network.features, network.mixing) for module in part.modules())
    assert not any(each.requires_grad for part in (network.features, network.mixing) for each in part.parameters())
    network.requires_grad_(False)
    assert not any(each.requires_grad for each in network.parameters())


def test_gradients_reach_the_picture_also_when_the_heads_are_frozen(network: ProjectedDiscriminator) -> None:
    x = pictures().requires_grad_()
    network.requires_grad_(False)(x).mean().backward()
    assert x.grad is not None and x.grad.isfinite().all()
    assert (x.grad.abs().amax(dim=1) > 0).float().mean() > 0.9
    assert all(each.grad is None for each in network.parameters())


def test_one_seed_gives_one_network_and_leaves_the_global_chance_alone(features: EfficientNetLite0) -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = ProjectedDiscriminator(features, 128, C_DIM, seed=7)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(4)
    second = ProjectedDiscriminator(features, 128, C_DIM, seed=7)
    other = ProjectedDiscriminator(features, 128, C_DIM, seed=8)
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key])
    assert not torch.equal(first.mixing.down[0].weight, other.mixing.down[0].weight)  # pyright: ignore
    x, condition = pictures(), one_hot(0, 1)
    assert torch.equal(first(x, condition), second(x, condition))
    assert not torch.allclose(first(x, condition), other(x, condition), atol=1e-3)


def test_another_condition_gives_other_logits_at_every_head(features: EfficientNetLite0) -> None:
    network = ProjectedDiscriminator(features, 128, C_DIM).eval()
    x = pictures()
    first, second = network(x, one_hot(0, 0)), network(x, one_hot(0, 1))
    assert torch.allclose(first[0], second[0], atol=1e-5)
    assert all((a - b).abs().max() > 1e-3 for a, b in zip(first[1].chunk(4), second[1].chunk(4), strict=True))
    with pytest.raises(ValueError, match="needs a condition"):
        network(x)


@pytest.mark.parametrize("resolution", [32, 64])
def test_smaller_pictures_are_enlarged_to_128_px(features: EfficientNetLite0, resolution: int) -> None:
    small, large = ProjectedDiscriminator(features, resolution).eval(), ProjectedDiscriminator(features, 128).eval()
    x = pictures(side=resolution)
    assert torch.equal(small(x), large(F.interpolate(x, size=(128, 128), mode="bilinear")))


def test_larger_pictures_are_seen_as_they_are(features: EfficientNetLite0) -> None:
    assert ProjectedDiscriminator(features, 256)(pictures(1, 256)).shape == (1, 64)


def test_no_head_stretches_what_it_sees(network: ProjectedDiscriminator) -> None:
    network.train()
    for _ in range(3):
        network(pictures())
    for head in network.heads:
        for layer in [*head.body, head.score]:  # pyright: ignore
            if isinstance(layer, torch.nn.Conv2d):
                assert torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2) == pytest.approx(1, abs=0.1)


def test_a_twin_from_its_config_takes_its_weights(features: EfficientNetLite0) -> None:
    network = ProjectedDiscriminator(features, 64, C_DIM, seed=5)
    assert network.config == {"resolution": 64, "c_dim": C_DIM, "seed": 5}
    with torch.no_grad():
        for parameter in network.heads.parameters():
            parameter.add_(0.01)
    twin = ProjectedDiscriminator(features, **network.config)
    twin.load_state_dict(network.state_dict())
    x, condition = pictures(side=64), one_hot(0, 1)
    assert torch.equal(twin.eval()(x, condition), network.eval()(x, condition))


def test_bfloat16_and_channels_last_stay_near_float32(features: EfficientNetLite0) -> None:
    network = ProjectedDiscriminator(copy.deepcopy(features), 128, C_DIM).eval()
    x, condition = pictures(4).requires_grad_(), one_hot(0, 1, 2, 3)
    expected = network(x, condition)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(x, condition)
    logits.sum().backward()
    assert logits.dtype == torch.float32 and logits.isfinite().all()
    assert (logits - expected).square().mean().sqrt() < 0.1 * expected.std()
    assert x.grad is not None and x.grad.isfinite().all()
