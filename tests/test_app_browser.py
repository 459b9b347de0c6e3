"""What a visitor does, in a real browser against the real app: ``python app.py`` in a process of its own."""

import io
import json
import re
import time
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from loose_picture import let_go
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from visitor import Visit

from ganedit.formats import read_recipe


def _photo(path: Path, width: int = 96, height: int = 64, hue: int = 0) -> Path:
    values = np.random.default_rng(hue).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


def _upload(page: Page, path: Path) -> None:
    taker = "#ge-enhance-change" if page.locator("#ge-enhance-change").is_visible() else "#ge-enhance-drop"
    page.set_input_files(f"{taker} input[type=file]", path)


def _await_photo(page: Page, name: str) -> None:
    expect(page.locator("#ge-enhance-photo")).to_contain_text(name, timeout=15_000)
    expect(page.locator("#ge-enhance-preview img")).to_be_visible(timeout=15_000)


def _choose_model(page: Page, model_id: str) -> None:
    page.locator("#ge-enhance-model input").click()
    page.get_by_role("option", name=model_id, exact=True).click()


def _run(page: Page) -> None:
    page.locator("#ge-enhance-run").click()
    expect(page.locator("#ge-enhance-status .done")).to_be_visible(timeout=60_000)
    page.wait_for_function(
        "[...document.querySelectorAll('#ge-enhance-slider img')].filter(i => i.complete && i.naturalWidth).length >= 2"
    )


def _download(page: Page, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.locator("#ge-enhance-download").click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def test_a_photo_is_uploaded_enhanced_compared_and_downloaded_at_exactly_four_times_its_size(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "holiday.png"))
    _await_photo(page, "holiday.png")
    _choose_model(page, "realesr-animevideov3")
    expect(page.locator("#ge-enhance-estimate")).to_contain_text("384 × 256", timeout=30_000)
    _run(page)
    expect(page.locator("#ge-enhance-status")).to_contain_text("realesr-animevideov3")
    target = _download(page, tmp_path)
    assert target.name.startswith("holiday") and target.suffix == ".png"
    with Image.open(target) as image:
        assert (image.format, image.size) == ("PNG", (384, 256))
    assert json.loads(read_recipe(target) or "")["settings"]["scale"] == 4


def test_the_progress_moves_and_tells_the_time_left(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "a.png", 700, 500))
    _await_photo(page, "a.png")
    _choose_model(page, "realesr-animevideov3")
    page.locator("#ge-enhance-advanced").click()
    page.locator("#ge-enhance-tile input").fill("64")
    page.locator("#ge-enhance-tile input").press("Tab")
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
             const bar = document.querySelector('#ge-enhance-status [role=progressbar]');
             if (bar) window.seen.push([Number(bar.getAttribute('aria-valuenow') || 0),
                                        document.querySelector('#ge-enhance-status').innerText]);
           }).observe(document.querySelector('#ge-enhance-status'),
                      {childList: true, subtree: true, characterData: true, attributes: true}); }"""
    )
    _run(page)
    seen = page.evaluate("window.seen")
    shares = [share for share, _ in seen]
    assert len(set(shares)) >= 3 and max(shares) > 20, shares
    assert any(re.search(r"\d.*(left|remaining)", text) for _, text in seen), seen


def test_a_long_run_stops_when_told_and_the_page_goes_on(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "long.png", 1500, 1200))
    _await_photo(page, "long.png")
    _choose_model(page, "realesrgan-x4plus")
    page.locator("#ge-enhance-advanced").click()
    page.locator("#ge-enhance-tile input").fill("64")
    page.locator("#ge-enhance-tile input").press("Tab")
    page.locator("#ge-enhance-run").click()
    expect(page.locator("#ge-enhance-status [role=progressbar][aria-valuenow]")).to_be_visible(timeout=60_000)
    page.locator("#ge-enhance-stop").click()
    expect(page.locator("#ge-enhance-stop")).to_be_hidden(timeout=60_000)
    expect(page.locator("#ge-enhance-run")).to_be_enabled()
    expect(page.locator("#ge-enhance-download")).to_be_hidden()
    _upload(page, _photo(tmp_path / "short.png"))
    _await_photo(page, "short.png")
    _choose_model(page, "realesr-animevideov3")
    _run(page)  # within its time: the stopped edit does not hold the engine


def test_a_bad_file_is_one_sentence_and_what_was_there_stays(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "good.png"))
    _await_photo(page, "good.png")
    (tmp_path / "bad.png").write_text("this is no picture")
    _upload(page, tmp_path / "bad.png")
    toast = page.locator(".toast-body")
    expect(toast).to_contain_text("not a picture", timeout=15_000)
    assert "Traceback" not in toast.inner_text()
    expect(page.locator("#ge-enhance-photo")).to_contain_text("good.png")
    _run(page)


def test_running_without_a_picture_says_what_to_do(visit: Visit) -> None:
    visit.page.locator("#ge-enhance-run").click()
    expect(visit.page.locator(".toast-body")).to_be_visible(timeout=15_000)


def test_the_preview_follows_a_slider(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "a.png"))
    _await_photo(page, "a.png")
    before = page.locator("#ge-enhance-preview img").get_attribute("src")
    page.locator("#ge-enhance-tones").click()
    page.locator("#ge-enhance-brightness input[type=number]").fill("0.5")
    page.locator("#ge-enhance-brightness input[type=number]").press("Enter")
    expect(page.locator("#ge-enhance-preview img")).not_to_have_attribute("src", before or "", timeout=15_000)


def test_an_example_is_one_click_away_and_ctrl_enter_runs_it(visit: Visit) -> None:
    page = visit.page
    page.locator("#ge-enhance-examples button").nth(1).click()
    expect(page.locator("#ge-enhance-preview img")).to_be_visible(timeout=15_000)
    expect(page.locator("#ge-enhance-estimate")).to_contain_text("×", timeout=30_000)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ge-enhance-status .done")).to_be_visible(timeout=60_000)


def test_what_the_model_invented_is_shown_on_demand(visit: Visit) -> None:
    page = visit.page
    page.locator("#ge-enhance-examples button").nth(1).click()
    expect(page.locator("#ge-enhance-preview img")).to_be_visible(timeout=15_000)
    _run(page)
    page.locator("#ge-enhance-invented").click()
    expect(page.locator("#ge-enhance-heat img")).to_be_visible(timeout=20_000)


def test_a_heic_file_of_a_phone_comes_in(visit: Visit, tmp_path: Path) -> None:
    pillow_heif.from_pillow(Image.open(_photo(tmp_path / "phone.png"))).save(tmp_path / "phone.heic")
    _upload(visit.page, tmp_path / "phone.heic")
    _await_photo(visit.page, "phone.heic")
    expect(visit.page.locator("#ge-enhance-photo")).to_contain_text("96 × 64")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_is_taken_from_anywhere_on_the_page(visit: Visit, way: str) -> None:
    expect(visit.page.locator("#ge-enhance-drop")).to_be_visible()
    let_go(visit.page, way)
    _await_photo(visit.page, "loose.png")


def test_the_file_is_written_again_in_a_format_chosen_after_the_run(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "a.png"))
    _await_photo(page, "a.png")
    _run(page)
    page.locator("#ge-enhance-file > button").click()
    page.locator("#ge-enhance-embed input").uncheck()
    page.locator("#ge-enhance-format input[value=jpeg]").check()
    expect(page.locator("#ge-enhance-quality")).to_be_visible()
    deadline = time.monotonic() + 15
    while (target := _download(page, tmp_path)).suffix != ".jpg":
        assert time.monotonic() < deadline, target
    with Image.open(target) as image:
        assert (image.format, image.size) == ("JPEG", (384, 256))
    assert read_recipe(target) is None


def test_an_earlier_result_of_the_session_is_shown_again(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    for width in (96, 64):
        _upload(page, _photo(tmp_path / f"w{width}.png", width))
        _await_photo(page, f"w{width}.png")
        _run(page)
        expect(page.locator("#ge-enhance-status")).to_contain_text(f"{4 * width} × 256", timeout=60_000)
    page.locator("#ge-enhance-history button.thumbnail-item").nth(1).click()
    expect(page.locator("#ge-enhance-status")).to_contain_text("384 × 256", timeout=15_000)


def test_the_spot_that_is_clicked_becomes_gray(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    Image.new("RGB", (96, 64), (200, 150, 100)).save(tmp_path / "orange.png")
    _upload(page, tmp_path / "orange.png")
    _await_photo(page, "orange.png")
    page.locator("#ge-enhance-tones > button").click()
    page.locator("#ge-enhance-balance input[value=pick]").check()
    deadline = time.monotonic() + 15
    while (spread := _color_spread(page)) > 2:
        assert time.monotonic() < deadline, spread
        page.locator("#ge-enhance-preview img").click(position={"x": 40, "y": 40})
        page.wait_for_timeout(500)


def _color_spread(page: Page) -> int:
    """How far the channels are apart in the middle of the preview: 0 is gray."""
    shown = page.context.request.get(page.locator("#ge-enhance-preview img").get_attribute("src") or "").body()
    with Image.open(io.BytesIO(shown)) as image:
        values = np.asarray(image.convert("RGB")).astype(int)
    middle = values[values.shape[0] // 2, values.shape[1] // 2]
    return int(middle.max() - middle.min())


def test_a_photo_of_a_phone_is_set_to_the_scale_that_fits_and_a_larger_one_is_refused_in_time(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit.page
    _upload(page, _photo(tmp_path / "phone.jpg", 4000, 3000))
    _await_photo(page, "phone.jpg")
    hint, estimate = page.locator("#ge-enhance-hint"), page.locator("#ge-enhance-estimate")
    expect(hint).to_contain_text("4× would be 192 megapixels, and at most 80 are made here: 2× is set.", timeout=60_000)
    expect(estimate).to_contain_text("8000 × 6000", timeout=30_000)
    expect(page.locator("#ge-enhance-better")).to_contain_text(re.compile(r"realesrgan-x4plus, about \d+ min"))
    page.locator("#ge-enhance-scale label").filter(has_text="4×").click()
    expect(estimate).to_contain_text("choose a scale of 2 at most", timeout=30_000)
    _upload(page, _photo(tmp_path / "small.png"))
    _await_photo(page, "small.png")
    expect(estimate).to_contain_text("384 × 256", timeout=30_000)


def test_two_visitors_never_see_each_others_pictures(chromium: Browser, address: str, tmp_path: Path) -> None:
    first, second = Visit(chromium, address), Visit(chromium, address)
    for number, one in enumerate((first, second)):
        _upload(one.page, _photo(tmp_path / f"visitor{number}.png", 64 + 32 * number, 64, hue=number))
        _await_photo(one.page, f"visitor{number}.png")
    first.page.locator("#ge-enhance-run").click()
    second.page.locator("#ge-enhance-run").click()
    for number, one in enumerate((first, second)):
        expect(one.page.locator("#ge-enhance-status .done")).to_be_visible(timeout=60_000)
        with Image.open(_download(one.page, tmp_path)) as image:
            assert image.size == (256 + 128 * number, 256)
        assert f"visitor{1 - number}" not in one.page.content()
    first.end()
    second.end()


def test_the_page_speaks_the_browsers_language_and_switches(chromium: Browser, address: str) -> None:
    chinese = Visit(chromium, address, locale="zh-CN")
    expect(chinese.page.locator("#ge-enhance-run")).to_have_text("开始增强")
    chinese.page.locator("[data-ge=language]").click()
    expect(chinese.page.locator("#ge-enhance-run")).to_have_text("Enhance", timeout=10_000)
    chinese.end()


def test_dark_is_one_click_and_remembered(visit: Visit) -> None:
    page = visit.page
    page.locator("[data-ge=theme]").click()
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    page.reload()
    page.wait_for_selector("#ge-enhance-run")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))


def test_a_phone_shows_every_tab_and_scrolls_in_one_direction_only(chromium: Browser, address: str) -> None:
    phone = Visit(chromium, address, viewport={"width": 393, "height": 851}, has_touch=True, is_mobile=True)
    page = phone.page
    names = page.locator("[data-ge-tab]").evaluate_all("spans => spans.map(span => span.dataset.geTab)")
    assert {"enhance", "models"} <= set(names)
    for name in names:
        page.locator(f"#ge-tab-{name}-button").tap()
        expect(page.locator(f"#ge-tab-{name}")).to_be_visible()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    phone.end()


def test_every_control_can_be_reached_by_keyboard(visit: Visit) -> None:
    page, reached = visit.page, set()
    page.locator("body").click(position={"x": 2, "y": 2})
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[id^=ge-]')?.id"))
    assert {"ge-enhance-model", "ge-enhance-scale", "ge-enhance-run", "ge-enhance-guard"} <= reached, reached
