"""The color guard and the map of inventions."""

import numpy as np
import pytest
import torch
from skimage import color, data, filters

from ganedit.image import Picture, from_tensor, to_tensor
from ganedit.models.registry import Registry
from ganedit.tasks.fidelity import guard_color_, invented_heat


def photo():
    return to_tensor(Picture(np.ascontiguousarray(data.astronaut()[20:148, 150:310])))


def blurred_delta_e(y, x):
    """Mean CIEDE2000 between the blurred input and the blurred, downscaled output."""

    def lab(z):
        array = z[0].permute(1, 2, 0).numpy()
        return color.rgb2lab(filters.gaussian(array, sigma=4, channel_axis=2))

    small = torch.nn.functional.interpolate(y, size=x.shape[-2:], mode="area")
    return color.deltaE_ciede2000(lab(x), lab(small)).mean()


def test_a_color_cast_of_the_network_is_taken_back():
    x = photo()
    cast = torch.nn.functional.interpolate(x, scale_factor=3, mode="bicubic").clamp(0, 1)
    cast = (cast * torch.tensor([0.9, 1.0, 1.05]).view(1, 3, 1, 1) + 0.03).clamp(0, 1)
    assert blurred_delta_e(cast, x) > 3
    assert blurred_delta_e(guard_color_(cast, x), x) < 0.7


@pytest.mark.parametrize("model_id", ["realesr-animevideov3", "realesrgan-x4plus-anime-6b"])
def test_real_networks_keep_their_colors_under_the_guard(model_id):
    x = photo()[..., :64, :64]
    y, _ = Registry().load(model_id).image(x)
    assert blurred_delta_e(guard_color_(y, x), x) < 0.7


def test_pure_white_and_pure_black_stay_so_to_the_last_step():
    x = torch.full((1, 3, 40, 40), 0.5)
    x[..., :20] = 1.0
    x[..., 30:] = 0.0
    y = torch.nn.functional.interpolate(x, scale_factor=2) * 0.9 + 0.04
    picture = from_tensor(guard_color_(y, x), Picture(np.zeros((80, 80, 3), np.uint8)))
    assert (picture.pixels[:, :36] == 255).all()
    assert (picture.pixels[:, 64:] == 0).all()


def test_a_faithful_result_is_left_alone_in_detail():
    x = photo()
    y = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
    torch.testing.assert_close(guard_color_(y.clone(), x), y, atol=1e-5, rtol=0)


def test_the_map_is_hot_where_something_was_invented_and_nowhere_else():
    x = torch.full((1, 3, 32, 32), 0.5)
    y = torch.nn.functional.interpolate(x, scale_factor=4)
    y[..., 40:60, 40:60] = 0.9
    heat = invented_heat(y, x)
    assert heat.shape == x.shape
    assert heat[0, 0, 12, 12] > 0.9, "red where it differs"
    assert heat[0, 0, 28, 28] == heat[0, 2, 28, 28], "gray where it does not"
