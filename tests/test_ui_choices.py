"""What the controls say, and the request and file that follow from it."""

import pytest

from ganedit.errors import BadRequestError
from ganedit.models.card import ModelCard
from ganedit.requests import Adjustments, EditResult, EnhanceRequest
from ganedit.ui.enhance_choices import Choices, download_stem, scales_for
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.model_choice import listed_again
from ganedit.ui.stage import blank_picture

RESTORER = ModelCard("restore", "enhance", "SCUNet", (), "Apache-2.0", True, scale=1)
UPSCALER = ModelCard("up", "enhance", "ESRGAN", (), "CC-BY-NC-4.0", False, scale=4)
TWINNED = ModelCard("two", "enhance", "Compact", (), "BSD-3-Clause", True, scale=4, twin="other")


def test_a_size_is_taken_instead_of_a_factor() -> None:
    request = Choices(scale="size", width=300, height=200).request(blank_picture(10, 10), None)
    assert request.size == (300, 200)


@pytest.mark.parametrize("width", [None, 0, -4])
def test_a_missing_size_is_told_in_one_sentence(width: float | None) -> None:
    with pytest.raises(BadRequestError):
        Choices(scale="size", width=width).request(blank_picture(10, 10), None)


def test_denoise_goes_only_to_models_with_a_twin() -> None:
    picture = blank_picture(4, 4)
    assert Choices(denoise=0.3).request(picture, TWINNED).denoise == 0.3
    assert Choices(denoise=0.3).request(picture, UPSCALER).denoise is None


def test_a_spot_that_was_not_clicked_changes_nothing() -> None:
    assert Choices(balance="pick").adjustments == Adjustments()
    assert Choices(balance="pick", spot="#102030").adjustments.white_balance == "#102030"
    assert Choices(balance="none", spot="#102030").adjustments.white_balance == "none"


def test_sixteen_bits_are_for_png_alone() -> None:
    assert FileChoices(depth=16).save_options.bit_depth == 16
    assert FileChoices(depth=16, format="jpeg").save_options.bit_depth == 8


def test_the_location_is_removed_unless_kept_on_purpose() -> None:
    assert not FileChoices().save_options.keep_location
    assert FileChoices(strip=False).save_options.keep_location


def test_a_restorer_is_not_offered_as_an_upscaler() -> None:
    assert scales_for(RESTORER) == ("1",)
    assert "4" in scales_for(UPSCALER) and "4" in scales_for(None)


def test_an_estimate_needs_no_memory() -> None:
    picture = blank_picture(50_000, 50_000)
    assert (picture.width, picture.height, picture.pixels.strides) == (50_000, 50_000, (0, 0, 1))


@pytest.mark.parametrize(
    ("request_", "stem"),
    [({"scale": 2.5}, "a-x2.5"), ({"size": (30, 20)}, "a-30x20"), ({"scale": 1.0}, "a-edited"), ({}, "a-x4")],
)
def test_downloads_are_named_after_what_was_done(request_: dict, stem: str) -> None:
    before, after = blank_picture(8, 6), blank_picture(32, 24)
    result = EditResult((after,), EnhanceRequest(before, model="none", **request_), "none", 1.5)
    assert download_stem("a", result) == stem


def test_a_model_that_was_removed_is_no_longer_chosen() -> None:
    choices = [("One", "one"), ("Two", "two")]
    assert listed_again(choices, "two", "one")["value"] == "two"
    assert listed_again(choices, "gone", "one")["value"] == "one"
