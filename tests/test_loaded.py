"""The one call wrapper: size rules, ranges, precision."""

import pytest
import torch
from torch import nn

from ganedit.models.card import ModelCard, SizeRule
from ganedit.models.loaded import LONG_RANGE_OVERLAP_PX, LoadedModel
from ganedit.models.registry import Registry


class Spy(nn.Module):
    """Doubles the size and the contrast, and remembers what it was given and what it computed in."""

    seen: torch.Tensor
    dtype: torch.dtype

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1, bias=False)
        with torch.no_grad():
            self.layer.weight.copy_(2 * torch.eye(3)[..., None, None])

    def forward(self, x):
        Spy.seen = x
        y = self.layer(x)
        Spy.dtype = y.dtype
        return nn.functional.interpolate(y, scale_factor=2) - 0.5


def model_of(network_class, scale=2, **size):
    return LoadedModel(
        ModelCard("toy", "enhance", "toy", (), "MIT", True, scale, SizeRule(**size)), "0" * 64, network_class
    )


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (8, 8), (9, 31)])
def test_pictures_are_padded_for_the_network_and_cropped_for_the_caller(height, width):
    y, _ = model_of(Spy, minimum=4, multiple_of=8).image(torch.rand(2, 3, height, width), "float32")
    assert y.shape == (2, 3, 2 * height, 2 * width)
    assert all(side % 8 == 0 for side in Spy.seen.shape[-2:])


def test_results_are_clamped_to_the_unit_range():
    y, rerun = model_of(Spy).image(torch.rand(1, 3, 8, 8), "float32")
    assert y.min() == 0 and y.max() == 1 and not rerun


def test_the_network_sees_the_asked_precision_and_the_caller_float32():
    x = torch.rand(1, 3, 8, 8)
    y, _ = model_of(Spy).image(x, "float32")
    assert Spy.dtype == torch.float32 and y.dtype == torch.float32
    y, _ = model_of(Spy).image(x, "bfloat16")
    assert Spy.dtype == torch.bfloat16 and y.dtype == torch.float32


def test_bfloat16_stays_near_float32_on_real_weights():
    model = Registry().load("realesr-animevideov3")
    x = torch.rand(1, 3, 48, 48)
    low, high = model.image(x, "bfloat16")[0], model.image(x, "float32")[0]
    assert 0 < (low - high).abs().mean() < 2 / 255


def test_the_reach_of_a_plain_chain_of_convolutions_is_exact_and_that_of_a_deep_network_capped():
    registry = Registry()
    assert registry.load("realesr-animevideov3").overlap_px == 18
    assert registry.load("realesrgan-x4plus").overlap_px == LONG_RANGE_OVERLAP_PX


def test_a_restorer_that_returns_a_pair_gives_its_picture():
    class Pair(Spy):
        def forward(self, x):
            return super().forward(x), torch.zeros(1)

    y, _ = model_of(Pair).image(torch.full((1, 3, 8, 8), 0.5), "float32")
    torch.testing.assert_close(y, torch.full((1, 3, 16, 16), 0.5))
