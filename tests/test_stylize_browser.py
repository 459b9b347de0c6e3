"""What a visitor does on the Stylize tab, in a real browser against the real app."""

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect
from visitor import Visit

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"


def open_tab(visit: Visit) -> Page:
    page = visit.page
    page.locator("#ge-tab-stylize-button").click()
    page.set_input_files("#ge-stylize-drop input[type=file]", EXAMPLES / "cat.jpg")
    expect(page.locator("#ge-stylize-photo")).to_contain_text("cat.jpg", timeout=15_000)
    return page


def run(page: Page, folder: Path) -> np.ndarray:
    page.locator("#ge-stylize-run").click()
    expect(page.locator("#ge-stylize-stop")).to_be_visible(timeout=15_000)
    expect(page.locator("#ge-stylize-stop")).to_be_hidden(timeout=60_000)
    with page.expect_download(timeout=15_000) as waiting:
        page.locator("#ge-stylize-download").click()
    assert waiting.value.suggested_filename == "cat-painted.png"
    waiting.value.save_as(folder / "painted.png")
    with Image.open(folder / "painted.png") as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_photo_is_painted_in_the_chosen_style_and_in_ones_own(visit: Visit, tmp_path: Path) -> None:
    page = open_tab(visit)
    page.locator("#ge-stylize-styles button.thumbnail-item").nth(5).click()
    page.wait_for_timeout(500)
    by_painting = run(page, tmp_path)
    page.set_input_files("#ge-stylize-own input[type=file]", EXAMPLES / "shore.jpg")
    expect(page.locator("#ge-stylize-own")).to_contain_text("shore", timeout=15_000)
    page.wait_for_timeout(500)
    by_own = run(page, tmp_path)
    with Image.open(EXAMPLES / "cat.jpg") as photo:
        size = photo.size
    assert by_painting.shape == by_own.shape == (size[1], size[0], 3)
    assert np.abs(by_painting - by_own).mean() > 5


def test_all_styles_are_shown_on_the_picture(visit: Visit) -> None:
    page = open_tab(visit)
    pictures = page.locator("#ge-stylize-styles button.thumbnail-item img")
    before = pictures.first.get_attribute("src") or ""
    page.locator("#ge-stylize-sheet").click()
    expect(pictures.first).not_to_have_attribute("src", before, timeout=60_000)
    expect(pictures).to_have_count(6)
