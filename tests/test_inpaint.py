"""Filling holes: the fill is in the hole, and nowhere else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from ganedit.engine import Engine
from ganedit.errors import BadMaskError, BadRequestError
from ganedit.image import Picture
from ganedit.models.card import ModelCard, SizeRule
from ganedit.models.loaded import LoadedModel
from ganedit.requests import EnhanceRequest, InpaintRequest, OutpaintRequest, Progress, settings_of
from ganedit.tasks.inpaint import combine, extend, fill_window, inpaint
from ganedit.wording import parse_aspect, sides_for

FAST = "opencv-navier-stokes"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def photo() -> Picture:
    return Picture(data.astronaut())


def two_holes(height: int = 512, width: int = 512) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[180:300, 330:450] = True
    mask[40:60, 20:200] = True
    return mask


def migan(engine: Engine) -> str:
    if not engine.registry.is_installed("migan-512"):
        pytest.skip("MI-GAN's weights are not here: `python -m ganedit models fetch migan-512` brings them")
    return "migan-512"


class Painter(torch.nn.Module):
    """Fills with one color, and remembers what it was shown."""

    def __init__(self, color: float = 1.0) -> None:
        super().__init__()
        self.color, self.seen = color, []

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        self.seen.append((x.clone(), mask.clone()))
        return torch.full_like(x, self.color)


def painter(color: float = 1.0, native: int | None = 512) -> tuple[LoadedModel, Painter]:
    network = Painter(color)
    card = ModelCard("painter", "inpaint", "Painter", (), "CC0-1.0", True, size=SizeRule(native=native))
    return LoadedModel(card, "", lambda: network), network


def finish(steps) -> Picture:
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value


@pytest.mark.parametrize("model_id", [FAST, "opencv-telea", "migan-512"])
def test_known_pixels_come_back_bit_for_bit_and_what_was_under_the_mask_does_not_matter(engine, model_id):
    if model_id == "migan-512":
        migan(engine)
    mask = two_holes()
    other = photo().pixels.copy()
    other[mask] = np.random.default_rng(0).integers(0, 256, (mask.sum(), 3), np.uint8)
    fills = [
        engine.run(InpaintRequest(Picture(pixels), mask, model_id)).images[0] for pixels in (photo().pixels, other)
    ]
    assert (fills[0].pixels == fills[1].pixels).all()
    assert (fills[0].pixels[~mask] == photo().pixels[~mask]).all()
    assert (fills[0].pixels[mask] != other[mask]).any()


def test_a_hole_larger_than_the_network_leaks_nothing_either(engine):
    model_id = migan(engine)
    pixels = np.tile(data.astronaut(), (2, 2, 1))
    mask = np.zeros((1024, 1024), bool)
    mask[300:700, 300:700] = True
    fills = []
    for under in (0, 255):
        pixels[mask] = under
        fills.append(engine.run(InpaintRequest(Picture(pixels.copy()), mask, model_id)).images[0].pixels)
    assert (fills[0] == fills[1]).all()
    assert 20 < fills[0][mask].mean() < 235  # neither the black nor the white that lay there


@pytest.mark.parametrize("size", [(30, 40), (512, 512), (700, 300), (1300, 900)])
def test_a_fill_of_any_size_lands_in_the_hole_alone(size):
    model, network = painter()
    height, width = size
    mask = np.zeros(size, bool)
    mask[height // 3 : height // 2, width // 3 : width // 2] = True
    gray = Picture(np.full((*size, 3), 90, np.uint8))
    filled = finish(inpaint(gray, mask, model)).pixels
    assert (filled[mask] == 255).all() and (filled[~mask] == 90).all()
    assert all(x.shape[-2:] == (512, 512) for x, _ in network.seen)


def test_the_network_sees_black_in_the_hole_and_the_hole_in_the_mask_also_when_reduced():
    model, network = painter()
    mask = np.zeros((1600, 1600), bool)
    mask[400:1100, 400:1100] = True
    pixels = np.full((1600, 1600, 3), 200, np.uint8)
    pixels[mask] = 13
    finish(inpaint(Picture(pixels), mask, model))
    [(x, seen)] = network.seen
    assert (x[seen.expand_as(x) == 1] == 0).all()
    assert torch.allclose(x[seen.expand_as(x) == 0], torch.tensor(200 / 255), atol=1e-3)  # no gray mixed in at the rim


def test_a_picture_smaller_than_the_network_is_continued_by_its_mirror_image():
    model, network = painter()
    x = torch.rand(1, 3, 5, 7)
    fill_window(x, torch.zeros(1, 1, 5, 7), model, None)
    seen, _ = network.seen[0]
    assert torch.equal(seen[..., :5, :7], x)
    assert torch.equal(seen[..., 5:10, :7], x.flip(2))
    assert torch.equal(seen[..., :5, 7:14], x.flip(3))


def test_a_small_hole_beside_a_large_one_is_filled_first_and_then_known():
    model, network = painter()
    mask = np.zeros((1200, 1200), bool)
    mask[300:900, 300:900] = True
    mask[950:960, 600:700] = True
    finish(inpaint(Picture(np.full((1200, 1200, 3), 50, np.uint8)), mask, model))
    assert len(network.seen) == 2
    assert network.seen[0][1].sum() > 0
    large, hole = network.seen[1]
    assert large[..., 0][hole[..., 0].expand_as(large[..., 0]) == 0].min() > 0.1
    assert (large > 0.9).any()  # the white of the first fill


@pytest.mark.parametrize("feather", [1, 4, 12])
def test_the_feather_changes_nothing_beyond_its_width(feather):
    model, _ = painter()
    mask = np.zeros((200, 200), bool)
    mask[80:120, 80:120] = True
    filled = finish(inpaint(Picture(np.zeros((200, 200, 3), np.uint8)), mask, model, feather)).pixels
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert (filled[mask] == 255).all()
    assert (filled[distance > feather] == 0).all()
    band = filled[(distance > 0) & (distance <= feather)]
    assert band.min() > 0 and band.max() < 255


def test_grow_widens_the_hole_before_it_is_filled(engine):
    mask = two_holes()
    narrow, wide = (engine.run(InpaintRequest(photo(), mask, FAST, grow_px=px)).images[0].pixels for px in (0, 6))
    changed = (wide != photo().pixels).any(axis=2)
    assert not changed[cv2.dilate(mask.astype(np.uint8), np.ones((15, 15))) == 0].any()
    assert changed.sum() > (narrow != photo().pixels).any(axis=2).sum()


def test_sixteen_bits_stay_sixteen_bits_and_gray_stays_gray(engine):
    pixels = np.repeat(data.camera()[..., None], 3, axis=2).astype(np.uint16) * 257
    result = engine.run(InpaintRequest(Picture(pixels, gray=True), two_holes(), FAST)).images[0]
    assert result.pixels.dtype == np.uint16 and result.gray
    assert (result.pixels[..., 0] == result.pixels[..., 1]).all()


def test_transparency_is_continued_into_the_hole(engine):
    alpha = np.full((512, 512), 255, np.uint8)
    alpha[:, 256:] = 0
    mask = np.zeros((512, 512), bool)
    mask[100:140, 60:100] = True  # in the opaque half
    mask[300:340, 400:440] = True  # in the transparent half
    alpha[100:140, 60:100] = 0
    result = engine.run(InpaintRequest(Picture(data.astronaut(), alpha), mask, FAST)).images[0]
    assert result.alpha is not None
    assert (result.alpha[100:140, 60:100] == 255).all() and (result.alpha[300:340, 400:440] == 0).all()
    assert (result.alpha[~mask] == alpha[~mask]).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mask": np.zeros((512, 512), bool)}, "marks nothing"),
        ({"mask": np.ones((512, 512), bool)}, "whole picture"),
        ({"mask": np.ones((5, 5), bool)}, "5x5"),
        ({"grow_px": -500}, "Grow"),
        ({"grow_px": -200}, "Nothing is left of the mask 200 pixels narrower"),
        ({"feather_px": -1}, "Feather"),
        ({"model": "realesr-animevideov3"}, "another task"),
    ],
)
def test_what_cannot_be_filled_is_refused_in_one_sentence(engine, changes, says):
    with pytest.raises((BadRequestError, BadMaskError), match=says) as refusal:
        engine.run(replace(InpaintRequest(photo(), two_holes(), FAST), **changes))
    assert str(refusal.value).count(".") <= 2


def test_an_inpainting_model_is_refused_by_enhance(engine):
    with pytest.raises(BadRequestError, match="another task"):
        engine.run(EnhanceRequest(photo(), "migan-512"))


def test_progress_counts_the_windows_and_ends_in_a_result_with_a_seam_score(engine):
    steps = list(engine.stream(InpaintRequest(photo(), two_holes(), FAST)))
    progress = [step for step in steps if isinstance(step, Progress)]
    assert (progress[0].done, progress[-1].done) == (0, progress[-1].total)
    assert 0 < steps[-1].scores["seam"] < 10


def test_hairlines_are_recommended_the_classical_method(engine):
    hairline = np.zeros((512, 512), bool)
    hairline[100:103, 50:400] = True
    model_id = migan(engine)
    assert "hairlines" in engine.run(InpaintRequest(photo(), hairline, model_id)).notes[0]
    assert engine.run(InpaintRequest(photo(), two_holes(), model_id)).notes == ()
    assert engine.run(InpaintRequest(photo(), hairline, FAST)).notes == ()


def test_the_settings_hold_no_picture_and_no_mask():
    settings = settings_of(InpaintRequest(photo(), two_holes(), grow_px=3))
    assert settings == {"task": "inpaint", "model": "migan-512", "grow_px": 3, "feather_px": 0, "detail": True}


def test_outpainting_keeps_the_picture_where_it_was_put(engine):
    request = OutpaintRequest(photo(), left=20, top=30, right=0, bottom=10, model=FAST)
    result = engine.run(request).images[0].pixels
    assert result.shape == (512 + 40, 512 + 20, 3)
    assert (result[30 : 30 + 512, 20:] == photo().pixels).all()
    assert result[:30].std() > 0


def test_the_canvas_beyond_a_cut_out_is_opaque():
    picture = Picture(data.astronaut(), np.zeros((512, 512), np.uint8))
    canvas, beyond = extend(OutpaintRequest(picture, right=5))
    assert canvas.alpha is not None and (canvas.alpha[beyond] == 255).all() and not canvas.alpha[~beyond].any()


@pytest.mark.parametrize(
    ("sides", "says"),
    [({}, "at least one side"), ({"left": -3}, "0 pixels or more"), ({"right": 10**6}, "megapixels")],
)
def test_what_cannot_be_extended_is_refused(engine, sides, says):
    with pytest.raises(BadRequestError, match=says):
        engine.run(OutpaintRequest(photo(), **sides, model=FAST))


def test_an_aspect_ratio_is_reached_by_adding_on_two_sides():
    assert sides_for((600, 400), 16 / 9) == {"left": 56, "top": 0, "right": 55, "bottom": 0}
    assert sides_for((600, 400), 1.0, "bottom") == {"left": 0, "top": 200, "right": 0, "bottom": 0}
    assert parse_aspect("16:9") == pytest.approx(16 / 9) and parse_aspect("1.5") == 1.5
    for refused, says in (((1.5, "center"), "already"), ((1.0, "aside"), "center, left, right, top, bottom")):
        with pytest.raises(BadRequestError, match=says):
            sides_for((600, 400), *refused)
    for text in ("wide", "1:0", "100:1", ""):
        with pytest.raises(BadRequestError, match="16:9"):
            parse_aspect(text)


def test_each_hole_is_taken_from_the_candidate_picked_for_it(engine):
    mask = two_holes()
    candidates = [Picture(np.full((512, 512, 3), value, np.uint8)) for value in (10, 20)]
    mixed = combine(photo(), candidates, mask, [1, 0]).pixels
    assert (mixed[200, 400] == 20).all() and (mixed[50, 100] == 10).all()  # the larger hole is the first
    assert (mixed[~mask] == photo().pixels[~mask]).all()
    assert (combine(photo(), candidates, mask, [1]).pixels[mask] == 20).all()


def test_the_engine_combines_results_and_names_their_models(engine):
    results = [engine.run(InpaintRequest(photo(), two_holes(), model)) for model in (FAST, "opencv-telea")]
    mixed = engine.combine(results, [0, 1])
    assert mixed.model == f"{FAST}+opencv-telea"
    assert (mixed.images[0].pixels[200, 400] == results[0].images[0].pixels[200, 400]).all()
    assert (mixed.images[0].pixels[50, 100] == results[1].images[0].pixels[50, 100]).all()
    for given, picks in (([], [0]), (results, []), (results, [2])):
        with pytest.raises(BadRequestError, match="pick"):
            engine.combine(given, picks)
