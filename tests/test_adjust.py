"""Light and color: each setting does what its name says, and nothing at its default."""

import pytest
import torch

from ganedit.errors import BadRequestError
from ganedit.requests import Adjustments
from ganedit.tasks.adjust import adjust_, check


def picture(seed=0, height=300, width=40):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 0.6 + 0.2


def adjusted(**settings):
    return adjust_(picture(), Adjustments(**settings))


def test_the_defaults_change_nothing():
    x = picture()
    assert adjust_(x, Adjustments()) is x
    torch.testing.assert_close(x, picture(), atol=0, rtol=0)


def test_brightness_moves_every_value_by_half_its_setting():
    torch.testing.assert_close(adjusted(brightness=0.2), picture() + 0.1)


def test_contrast_spreads_around_middle_gray():
    torch.testing.assert_close(adjusted(contrast=0.5), 0.5 + (picture() - 0.5) * 0.5)


def test_gamma_above_one_lifts_the_shadows():
    torch.testing.assert_close(adjusted(gamma=2.0), picture().sqrt())


def test_saturation_zero_is_gray_and_two_is_more_colorful():
    gray = adjusted(saturation=0.0)
    torch.testing.assert_close(gray[:, 0], gray[:, 2])
    spread = (picture().amax(1) - picture().amin(1)).mean()
    vivid = adjusted(saturation=2.0)
    assert (vivid.amax(1) - vivid.amin(1)).mean() > 1.5 * spread


def test_sharpness_one_step_up_and_down_changes_fine_contrast_the_right_way():
    def fine(x):
        return (x[..., 1:] - x[..., :-1]).abs().mean()

    assert fine(adjusted(sharpness=0.0)) < fine(picture()) < fine(adjusted(sharpness=1.5))


def test_sharpening_in_bands_leaves_no_line_between_them():
    x = picture(height=600)
    whole = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    kernel = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = (kernel[:, None] * kernel).expand(3, 1, 5, 5)
    blurred = torch.nn.functional.conv2d(whole, kernel, groups=3)
    torch.testing.assert_close(adjust_(x.clone(), Adjustments(sharpness=0.0)), blurred, atol=1e-6, rtol=0)


def test_gray_world_makes_the_mean_light_neutral():
    x = picture() * torch.tensor([1.0, 0.8, 0.6]).view(1, 3, 1, 1)
    light = adjust_(x, Adjustments(white_balance="gray-world")).pow(2.2).mean((0, 2, 3))
    assert light.max() / light.min() < 1.02


def test_the_picked_color_becomes_neutral():
    x = torch.tensor([0xC8, 0xB0, 0x90]).view(1, 3, 1, 1).expand(1, 3, 4, 4) / 255
    y = adjust_(x.clone(), Adjustments(white_balance="#c8b090"))
    torch.testing.assert_close(y.amax(1), y.amin(1), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "settings",
    [{"gamma": 0.0}, {"contrast": 3}, {"brightness": -2}, {"white_balance": "#12"}, {"saturation": float("nan")}],
)
def test_settings_out_of_range_are_one_sentence(settings):
    with pytest.raises(BadRequestError) as error:
        check(Adjustments(**settings))
    assert "\n" not in str(error.value)
