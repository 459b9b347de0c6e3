"""What an edit does not touch comes back bit for bit, whatever profile its file has."""

from dataclasses import replace

import numpy as np
import pytest
from picture_files import SRGB, file_of, gamma_curve, gray_profile, noise_16, png_16, rgb_profile
from PIL import Image

from ganedit.engine import Engine
from ganedit.formats import open_picture, save_picture
from ganedit.image import Picture
from ganedit.requests import EnhanceRequest, InpaintRequest, OutpaintRequest, StylizeRequest

P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
HOLE = (slice(20, 28), slice(24, 40))
PROFILES = {
    "wide": rgb_profile(P3),
    "linear": rgb_profile(P3, gamma_curve(1.0)),
    "gamma 1.8": rgb_profile(SRGB, gamma_curve(1.8)),
    "gray": gray_profile(1.8),
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def opened(profile: str, bits: int) -> Picture:
    values = noise_16(48, 64, 1 if profile == "gray" else 3)
    values[:24, :32] = 65535 if profile == "gray" else (0, 65535, 0)
    if bits == 8:
        image = Image.fromarray((values >> 8).astype(np.uint8).squeeze())
        return open_picture(file_of(image, "PNG", icc_profile=PROFILES[profile]))
    return replace(open_picture(png_16(values, 0 if profile == "gray" else 2)), icc=PROFILES[profile])


def saved_and_opened(picture: Picture, tmp_path) -> Picture:
    save_picture(picture, tmp_path / "a.png")
    return open_picture(tmp_path / "a.png")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_fill_leaves_the_known_pixels(engine, profile, bits, tmp_path):
    picture = opened(profile, bits)
    mask = np.zeros((48, 64), bool)
    mask[HOLE] = True
    filled = engine.run(InpaintRequest(picture, mask, "opencv-telea")).images[0]
    again = saved_and_opened(filled, tmp_path)
    assert np.array_equal(again.pixels[~mask], picture.pixels[~mask])
    assert again.icc == picture.icc == PROFILES[profile]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_wider_canvas_leaves_the_picture(engine, profile, tmp_path):
    picture = opened(profile, 8)
    wide = engine.run(OutpaintRequest(picture, left=8, model="opencv-telea")).images[0]
    assert np.array_equal(saved_and_opened(wide, tmp_path).pixels[:, 8:], picture.pixels)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("profile", PROFILES)
def test_no_model_and_no_strength_change_nothing(engine, profile, bits, tmp_path):
    picture = opened(profile, bits)
    for request in (EnhanceRequest(picture, "none"), StylizeRequest(picture, shares={"cartoon": 1.0}, strength=0)):
        again = saved_and_opened(engine.run(request).images[0], tmp_path)
        assert np.array_equal(again.pixels, picture.pixels)
        assert again.icc == picture.icc


@pytest.mark.parametrize("profile", PROFILES)
def test_a_fill_has_the_color_of_what_is_around_it(engine, profile):
    picture = opened(profile, 8)
    flat = replace(picture, pixels=np.full_like(picture.pixels, (180, 180, 180) if picture.gray else (200, 60, 90)))
    mask = np.zeros((48, 64), bool)
    mask[HOLE] = True
    filled = engine.run(InpaintRequest(flat, mask, "opencv-telea")).images[0]
    apart = np.asarray(filled.to_pil()).astype(int) - np.asarray(flat.to_pil())
    assert np.abs(apart).max() <= 6


def test_a_gray_picture_that_gets_the_colors_of_a_style_looks_right_without_its_gray_profile(engine):
    picture = opened("gray", 8)
    shown = Picture.from_pil(picture.to_pil())
    request = StylizeRequest(picture, shares={"cartoon": 1.0}, strength=0.01)
    painted = engine.run(request).images[0]
    assert painted.icc is None
    assert np.abs(painted.pixels.astype(int) - shown.pixels).mean() < 4
