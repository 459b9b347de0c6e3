"""What a visitor does on the Inpaint tab, in a real browser against the real app."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from visitor import Visit

from ganedit.formats import read_recipe

WIDTH, HEIGHT = 900, 600


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A smooth scene, so that every fill differs from the marks that are painted over."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    values = np.stack([rows * 0.3 + 40, columns * 0.2 + 30, (rows + columns) * 0.1], axis=2)
    values[200:260, 300:420] = (250, 20, 20)
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


def open_tab(visit: Visit, photo: Path | None = None) -> Page:
    page = visit.page
    page.locator("#ge-tab-inpaint-button").click()
    if photo is not None:
        page.set_input_files("#ge-inpaint-drop input[type=file]", photo)
        expect(page.locator("#ge-inpaint-photo")).to_contain_text(photo.name, timeout=15_000)
        expect(page.locator("#ge-painter canvas")).to_be_visible(timeout=15_000)
        page.wait_for_timeout(300)  # the picture is drawn when it has been fetched
    return page


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Paint with the mouse; points are shares of the canvas."""
    box = page.locator("#ge-painter canvas").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def choose(page: Page, model_id: str) -> None:
    page.locator("#ge-inpaint-model input").click()
    page.get_by_role("option", name=model_id, exact=True).click()


def set_number(page: Page, selector: str, value: int) -> None:
    page.locator(f"{selector} input[type=number]").fill(str(value))
    page.locator(f"{selector} input[type=number]").press("Tab")


def run(page: Page, button: str = "#ge-inpaint-run") -> None:
    page.locator(button).click()
    expect(page.locator("#ge-inpaint-stop")).to_be_visible(timeout=15_000)
    expect(page.locator("#ge-inpaint-stop")).to_be_hidden(timeout=60_000)
    expect(page.locator("#ge-inpaint-status .done")).to_be_visible()


def download(page: Page, folder: Path, button: str = "#ge-inpaint-download") -> Path:
    with page.expect_download(timeout=15_000) as waiting:
        page.locator(button).click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_the_painted_stroke_changes_and_every_other_pixel_stays(visit: Visit, photo: Path, tmp_path: Path) -> None:
    page = open_tab(visit, photo)
    set_number(page, "#ge-inpaint-grow", 0)
    stroke(page, (0.32, 0.38), (0.48, 0.40))
    run(page)
    result = download(page, tmp_path)
    assert result.name == "scene-filled.png"
    changed = (pixels(result) != pixels(photo)).any(axis=2)
    page.locator("#ge-inpaint-mask > button").click()
    mask = np.asarray(Image.open(download(page, tmp_path, "#ge-inpaint-mask-out"))) > 0
    assert mask.shape == (HEIGHT, WIDTH) and 0.005 < mask.mean() < 0.05
    assert mask[round(0.39 * HEIGHT), round(0.40 * WIDTH)] and not mask[: HEIGHT // 4].any()
    assert not changed[~mask].any()
    assert changed[mask].mean() > 0.9
    assert json.loads(read_recipe(result) or "")["settings"]["task"] == "inpaint"


def test_what_was_erased_again_is_not_filled(visit: Visit, photo: Path, tmp_path: Path) -> None:
    page = open_tab(visit, photo)
    choose(page, "opencv-telea")
    set_number(page, "#ge-inpaint-grow", 0)
    stroke(page, (0.35, 0.40), (0.45, 0.40))
    stroke(page, (0.35, 0.80), (0.45, 0.80))
    page.keyboard.press("Control+z")
    run(page)
    changed = (pixels(download(page, tmp_path)) != pixels(photo)).any(axis=2)
    assert changed[: HEIGHT // 2].any() and not changed[HEIGHT * 2 // 3 :].any()


def test_without_anything_painted_the_page_says_what_to_do(visit: Visit, photo: Path) -> None:
    page = open_tab(visit, photo)
    page.locator("#ge-inpaint-run").click()
    expect(page.locator(".toast-body")).to_contain_text("Paint over", timeout=15_000)
    expect(page.locator("#ge-inpaint-run")).to_be_enabled(timeout=15_000)
    expect(page.locator("#ge-inpaint-stop")).to_be_hidden()


def test_a_mask_file_is_taken_at_full_size_and_a_wrong_one_is_one_sentence(visit: Visit, tmp_path: Path) -> None:
    large = np.random.default_rng(0).integers(0, 255, (1000, 2400, 3), np.uint8)
    Image.fromarray(large).save(tmp_path / "large.png")
    wanted = np.zeros((1000, 2400), np.uint8)
    wanted[501, 100:2000] = 255  # one pixel thin, and the preview has less than half the pixels
    Image.fromarray(wanted).save(tmp_path / "mask.png")
    Image.fromarray(wanted[:300]).save(tmp_path / "small.png")
    page = open_tab(visit, tmp_path / "large.png")
    choose(page, "opencv-telea")
    set_number(page, "#ge-inpaint-grow", 0)
    page.locator("#ge-inpaint-mask > button").click()
    page.set_input_files("#ge-inpaint-mask-in input[type=file]", tmp_path / "small.png")
    expect(page.locator(".toast-body")).to_contain_text("2400x300", timeout=15_000)
    page.set_input_files("#ge-inpaint-mask-in input[type=file]", tmp_path / "mask.png")
    page.wait_for_timeout(1500)
    run(page)
    changed = (pixels(download(page, tmp_path)) != large).any(axis=2)
    assert not changed[wanted == 0].any() and changed[wanted > 0].mean() > 0.9


def test_scratches_are_proposed_corrected_and_filled(visit: Visit, tmp_path: Path) -> None:
    page = open_tab(visit)
    page.locator("#ge-inpaint-examples button").nth(0).click()
    expect(page.locator("#ge-painter canvas")).to_be_visible(timeout=15_000)
    page.locator("#ge-inpaint-scratches > button").click()
    page.locator("#ge-inpaint-find").click()
    expect(page.locator("#ge-inpaint-status")).to_contain_text("Marked", timeout=30_000)
    choose(page, "opencv-navier-stokes")
    run(page)
    expect(page.locator("#ge-inpaint-status")).to_contain_text("seam")


def test_all_models_are_tried_and_each_hole_takes_its_own(visit: Visit, photo: Path, tmp_path: Path) -> None:
    page = open_tab(visit, photo)
    stroke(page, (0.30, 0.30), (0.50, 0.32))
    stroke(page, (0.70, 0.75), (0.75, 0.75))
    run(page, "#ge-inpaint-try")
    shown = page.locator("#ge-inpaint-candidates button.thumbnail-item")
    expect(shown.first).to_be_visible(timeout=15_000)
    captions = shown.all_inner_texts()
    assert any("opencv-telea" in text for text in captions)
    assert all(re.search(r"\d\.\d s · \d+\.\d\d", text) for text in captions), captions  # seconds and seam
    first = pixels(download(page, tmp_path))
    every_hole = shown.first.locator("img").get_attribute("src") or ""
    page.locator("#ge-inpaint-hole label").nth(2).click()  # all, 1, 2: the smaller hole, below
    expect(shown.first.locator("img")).not_to_have_attribute("src", every_hole, timeout=15_000)  # close up
    telea = next(number for number, text in enumerate(captions) if "opencv-telea" in text)
    shown.nth(telea).click()
    expect(page.locator("#ge-inpaint-status")).to_contain_text("+ opencv-telea", timeout=30_000)
    second = pixels(download(page, tmp_path))
    changed = (first != second).any(axis=2)
    assert changed[HEIGHT // 2 :].any() and not changed[: HEIGHT // 2].any()


def test_the_picture_is_extended_to_an_aspect_ratio(visit: Visit, photo: Path, tmp_path: Path) -> None:
    page = open_tab(visit, photo)
    choose(page, "opencv-navier-stokes")
    page.locator("#ge-inpaint-extend > button").click()
    expect(page.locator("#ge-inpaint-sides")).to_be_visible()
    expect(page.locator("#ge-inpaint-position")).to_be_hidden()
    page.locator("#ge-inpaint-aspect input[value='16:9']").check()
    expect(page.locator("#ge-inpaint-sides")).to_be_hidden()
    page.locator("#ge-inpaint-position input[value='right']").check()
    run(page, "#ge-inpaint-extend-run")
    result = pixels(download(page, tmp_path))
    assert result.shape[:2] == (600, 1067)
    assert (result[:, 167:] == pixels(photo)).all()


def test_going_on_with_a_result_makes_it_the_picture_with_nothing_painted(
    visit: Visit, photo: Path, tmp_path: Path
) -> None:
    page = open_tab(visit, photo)
    choose(page, "opencv-telea")
    stroke(page, (0.30, 0.35), (0.50, 0.45))
    run(page)
    filled = pixels(download(page, tmp_path))
    page.locator("#ge-inpaint-keep").click()
    expect(page.locator("#ge-painter canvas")).to_be_visible(timeout=15_000)
    expect(page.locator("#ge-inpaint-view")).to_be_hidden()
    page.locator("#ge-inpaint-run").click()
    expect(page.locator(".toast-body")).to_contain_text("Paint over", timeout=15_000)
    stroke(page, (0.70, 0.80), (0.75, 0.80))
    run(page)
    again = pixels(download(page, tmp_path))
    assert (again[: HEIGHT // 2] == filled[: HEIGHT // 2]).all() and (again != filled).any()


def test_while_a_key_is_held_the_comparison_shows_the_original_alone(visit: Visit, photo: Path) -> None:
    page = open_tab(visit, photo)
    choose(page, "opencv-telea")
    stroke(page, (0.30, 0.35), (0.50, 0.45))
    run(page)
    original, result = page.locator("#ge-inpaint-slider img").all()
    expect(result).to_be_visible()
    page.keyboard.down("o")
    expect(result).to_be_hidden()
    expect(original).to_be_visible()
    page.keyboard.up("o")
    expect(result).to_be_visible()


def test_what_suits_scratches_does_not_stay_for_the_next_picture(visit: Visit, photo: Path) -> None:
    page = open_tab(visit)
    grow = page.locator("#ge-inpaint-grow input[type=number]")
    page.locator("#ge-inpaint-examples button").nth(0).click()
    expect(page.locator("#ge-painter canvas")).to_be_visible(timeout=15_000)
    page.locator("#ge-inpaint-scratches > button").click()
    page.locator("#ge-inpaint-find").click()
    expect(grow).to_have_value("1", timeout=30_000)
    page.locator("#ge-inpaint-examples button").nth(1).click()
    expect(grow).to_have_value("4", timeout=15_000)


def test_a_result_of_enhance_is_sent_here(visit: Visit) -> None:
    page = visit.page
    page.locator("#ge-enhance-examples button").nth(1).click()
    expect(page.locator("#ge-enhance-preview img")).to_be_visible(timeout=15_000)
    page.locator("#ge-enhance-run").click()
    expect(page.locator("#ge-enhance-status .done")).to_be_visible(timeout=60_000)
    page.locator("#ge-tab-enhance .ge-send", has_text="Inpaint").click()
    expect(page.locator("#ge-painter canvas")).to_be_visible(timeout=20_000)
    expect(page.locator("#ge-inpaint-photo")).to_contain_text("cat-x4")


def test_the_tab_speaks_chinese_and_fits_a_phone(chromium: Browser, address: str, photo: Path) -> None:
    phone = Visit(
        chromium, address, locale="zh-CN", viewport={"width": 393, "height": 851}, has_touch=True, is_mobile=True
    )
    page = open_tab(phone, photo)
    expect(page.locator("#ge-inpaint-run")).to_have_text("填充涂抹部分")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    phone.end()
