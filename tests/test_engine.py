"""The engine: sizes, alpha, depth, limits, progress, notes, and the record of what was done."""

import json

import numpy as np
import pytest
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError, UnknownModelError, WeightsUnavailableError
from ganedit.image import Picture
from ganedit.provenance import make_recipe
from ganedit.requests import Adjustments, Compute, EditResult, EnhanceRequest, OutpaintRequest, Progress

FAST = "realesr-animevideov3"


@pytest.fixture(scope="module")
def engine():
    return Engine()


def picture(height: int = 40, width: int = 56, dtype: type = np.uint8, **parts):
    full = np.iinfo(dtype).max
    ramp = np.linspace(0, full, height * width * 3).reshape(height, width, 3).astype(dtype)
    return Picture(ramp, **parts)


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ({}, (160, 224)),
        ({"scale": 2}, (80, 112)),
        ({"scale": 3}, (120, 168)),
        ({"scale": 1.5}, (60, 84)),
        ({"scale": 6}, (240, 336)),
        ({"size": (100, 90)}, (90, 100)),
        ({"size": (20, 10)}, (10, 20)),
    ],
)
def test_the_result_has_the_size_asked_for(engine, wanted, size):
    [image] = engine.run(EnhanceRequest(picture(), FAST, **wanted)).images
    assert (image.height, image.width) == size


def test_no_model_at_the_own_size_changes_no_pixel(engine):
    result = engine.run(EnhanceRequest(picture(), "none"))
    assert (result.images[0].pixels == picture().pixels).all()
    assert result.model == "none"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(112, 80), (130, 70), (20, 15)])
def test_no_model_resizes_as_lanczos_filter_does(engine, size, dtype):
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(1).integers(top // 4, top - top // 4, (40, 56, 3)).astype(dtype)
    [result] = engine.run(EnhanceRequest(Picture(pixels), "none", size=size)).images
    for channel in range(3):
        plane = Image.fromarray(pixels[..., channel].astype(np.float32)).resize(size, Image.Resampling.LANCZOS)
        assert np.abs(result.pixels[..., channel] - np.asarray(plane).clip(0, top)).max() < 1


def test_adjustments_reach_the_result_and_the_preview_alike(engine):
    adjust = Adjustments(brightness=0.3, saturation=0.5)
    full = engine.run(EnhanceRequest(picture(), "none", adjust=adjust)).images[0].pixels
    assert (full == engine.preview(picture(), adjust).pixels).all()
    assert full.mean() > picture().pixels.mean()


def test_alpha_is_resized_apart_and_hidden_colors_make_no_halo(engine):
    pixels = np.full((40, 40, 3), 200, np.uint8)
    alpha = np.zeros((40, 40), np.uint8)
    alpha[10:30, 10:30] = 255
    pixels[alpha == 0] = 0
    [image] = engine.run(EnhanceRequest(Picture(pixels, alpha), FAST, scale=2)).images
    assert image.alpha is not None and image.alpha.shape == (80, 80)
    assert image.pixels[image.alpha > 8].min() > 180, "the black under the transparent part must not darken the edge"


def test_16_bit_pictures_stay_16_bit_and_use_float32(engine):
    result = engine.run(EnhanceRequest(picture(dtype=np.uint16), FAST))
    assert result.images[0].bit_depth == 16
    assert len(np.unique(result.images[0].pixels)) > 1000
    assert result.request.compute.precision == "float32"


def test_an_8_bit_picture_can_be_asked_for_16_bits(engine):
    [image] = engine.run(EnhanceRequest(picture(), FAST, compute=Compute(bit_depth=16))).images
    assert image.bit_depth == 16
    assert (image.pixels % 257 != 0).any(), "the extra bits carry something"


def test_a_gray_picture_comes_back_gray(engine):
    gray = picture().pixels.mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)
    [image] = engine.run(EnhanceRequest(Picture(gray, gray=True), FAST)).images
    assert image.gray and (image.pixels[..., 0] == image.pixels[..., 2]).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"scale": 0.5}, "from 1 to 8"),
        ({"scale": 9}, "from 1 to 8"),
        ({"scale": float("nan")}, "from 1 to 8"),
        ({"size": (0, 5)}, "1x1"),
        ({"size": (20_000, 20_000)}, "megapixels"),
        ({"denoise": 2}, "from 0 to 1"),
        ({"denoise": 0.5}, "no denoise"),
        ({"compute": Compute(tile_px=4)}, "too small"),
        ({"adjust": Adjustments(gamma=99)}, "Gamma goes from"),
    ],
)
def test_bad_settings_are_one_sentence_before_any_work(engine, settings, words):
    with pytest.raises(BadRequestError, match=words) as error:
        next(engine.stream(EnhanceRequest(picture(), FAST, **settings)))
    assert "\n" not in str(error.value)


def test_unknown_and_absent_models_are_told(engine):
    with pytest.raises(UnknownModelError):
        engine.run(EnhanceRequest(picture(), "nope"))
    with pytest.raises(WeightsUnavailableError, match="models fetch"):
        Engine().run(EnhanceRequest(picture(), "aurasr-v2"))


def test_the_output_limit_can_be_raised():
    request = EnhanceRequest(picture(), "none", scale=4)
    with pytest.raises(BadRequestError, match="limit"):
        Engine(max_output_megapixels=0.01).run(request)
    assert Engine(max_output_megapixels=1).run(request).images[0].width == 224


STRIP = Picture(np.zeros((1, 20_000, 3), np.uint8))


@pytest.mark.parametrize("wider", [EnhanceRequest(STRIP, scale=4), OutpaintRequest(STRIP, right=60_000)])
def test_a_result_that_could_not_be_opened_again_is_refused_before_the_work(engine, wider):
    with pytest.raises(BadRequestError, match=r"80000x.*65500 a side are the limit"):
        next(engine.stream(wider))


def test_the_stream_begins_with_an_estimate_and_ends_with_the_result(engine):
    steps = list(engine.stream(EnhanceRequest(picture(64, 96), FAST, compute=Compute(tile_px=48))))
    first, last = steps[0], steps[-1]
    assert isinstance(first, Progress) and first.done == 0 and first.seconds_left is not None and first.seconds_left > 0
    assert isinstance(last, EditResult)
    done = [step.done for step in steps if isinstance(step, Progress) and step.stage == "upscale"]
    assert done == sorted(set(done)) and done[-1] == 4


def test_what_a_progress_callback_raises_stops_the_run(engine):
    def stop(step):
        if step.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run(EnhanceRequest(picture(), FAST), stop)


def test_tiles_do_not_change_the_picture(engine):
    def run(tile_px):
        compute = Compute("float32", tile_px)
        return engine.run(EnhanceRequest(picture(80, 90), FAST, compute=compute)).images[0].pixels.astype(int)

    assert np.abs(run(40) - run(None)).max() <= 1


def test_notes_tell_what_was_done_differently(engine):
    result = engine.run(EnhanceRequest(picture(notes=("Only the first frame is used.",)), FAST, scale=6))
    assert result.notes[0] == "Only the first frame is used."
    assert any("cubic" in note for note in result.notes)


def test_the_map_of_inventions_ignores_the_users_own_adjustments(engine):
    flat = Picture(np.full((64, 64, 3), 120, np.uint8))
    result = engine.run(EnhanceRequest(flat, "none", scale=2, adjust=Adjustments(brightness=0.4)))
    heat = engine.invented(result)
    assert (heat.height, heat.width) == (64, 64)
    assert np.ptp(heat.pixels.astype(int), axis=2).max() <= 2, "no color: nothing was invented"


def test_the_recipe_is_json_and_tells_model_weights_and_settings(engine):
    recipe = json.loads(make_recipe(engine.run(EnhanceRequest(picture(), FAST, scale=2))))
    assert recipe["model"].startswith(f"{FAST}@548a36f9")
    assert recipe["ai_edited"] is True
    assert recipe["settings"]["scale"] == 2
    assert recipe["settings"]["adjust"]["gamma"] == 1.0
    assert "image" not in recipe["settings"]


def test_the_same_request_gives_the_same_bytes(engine):
    request = EnhanceRequest(picture(), FAST)
    assert (engine.run(request).images[0].pixels == engine.run(request).images[0].pixels).all()
