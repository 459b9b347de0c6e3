"""What a visitor does on the Stylize tab, in a real browser against the real app."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visitor import Visit

from ganedit.clips import read_clip
from ganedit.models import sources
from ganedit.models.feature_cards import MTCNN

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"


def open_tab(visit: Visit, photo: str = "cat.jpg") -> Page:
    page = visit.page
    page.locator("#ge-tab-stylize-button").click()
    expect(page.locator("#ge-stylize-styles button.thumbnail-item")).to_have_count(10, timeout=30_000)
    page.set_input_files("#ge-stylize-drop input[type=file]", EXAMPLES / photo)
    expect(page.locator("#ge-stylize-photo")).to_contain_text(photo, timeout=300_000)
    return page


def run(page: Page, folder: Path) -> np.ndarray:
    page.locator("#ge-stylize-run").click()
    expect(page.locator("#ge-stylize-stop")).to_be_visible(timeout=300_000)
    expect(page.locator("#ge-stylize-stop")).to_be_hidden(timeout=300_000)
    with page.expect_download(timeout=300_000) as waiting:
        page.locator("#ge-stylize-download").click()
    assert waiting.value.suggested_filename == "cat-painted.png"
    waiting.value.save_as(folder / "painted.png")
    with Image.open(folder / "painted.png") as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_photo_is_painted_in_the_chosen_style_and_in_ones_own(visit: Visit, tmp_path: Path) -> None:
    page = open_tab(visit)
    page.locator("#ge-stylize-styles button.thumbnail-item").nth(9).click()
    page.wait_for_timeout(500)
    by_painting = run(page, tmp_path)
    page.set_input_files("#ge-stylize-own input[type=file]", EXAMPLES / "shore.jpg")
    expect(page.locator("#ge-stylize-own")).to_contain_text("shore", timeout=300_000)
    page.wait_for_timeout(500)
    by_own = run(page, tmp_path)
    with Image.open(EXAMPLES / "cat.jpg") as photo:
        size = photo.size
    assert by_painting.shape == by_own.shape == (size[1], size[0], 3)
    assert np.abs(by_painting - by_own).mean() > 5


def test_a_face_is_found_and_painted_on_its_own_unless_it_is_not_to_be(visit: Visit) -> None:
    if not sources.is_cached(MTCNN, sources.cache_dir()):
        pytest.skip("the face finder is not on this machine: `make test` fetches it")
    page = open_tab(visit, "astronaut.jpg")
    page.locator("#ge-stylize-run").click()
    told = page.get_by_text("Faces found and painted on their own: 1.")
    expect(told).to_be_visible(timeout=300_000)
    page.locator("#ge-stylize-faces input").click()
    page.get_by_role("option", name="Like the rest").click()
    page.wait_for_timeout(500)
    page.locator("#ge-stylize-run").click()
    expect(told).to_be_hidden(timeout=300_000)
    expect(page.locator("#ge-stylize-stop")).to_be_hidden(timeout=300_000)


def test_all_styles_are_shown_on_the_picture(visit: Visit) -> None:
    page = open_tab(visit)
    pictures = page.locator("#ge-stylize-styles button.thumbnail-item img")
    before = pictures.first.get_attribute("src") or ""
    page.locator("#ge-stylize-sheet").click()
    expect(pictures.first).not_to_have_attribute("src", before, timeout=300_000)
    expect(pictures).to_have_count(10)


def test_learned_styles_differ_and_are_mixed(visit: Visit, tmp_path: Path) -> None:
    page = open_tab(visit)
    styles = page.locator("#ge-stylize-styles button.thumbnail-item")
    results = []
    for number in (0, 3):
        styles.nth(number).click()
        page.wait_for_timeout(500)
        results.append(run(page, tmp_path))
    page.locator("#ge-stylize-mixed input").click()
    page.get_by_role("option", name="cartoon").click()
    page.wait_for_timeout(500)
    mixed = run(page, tmp_path)
    apart = np.abs(results[0] - results[1]).mean()
    assert apart > 3
    assert 0.05 * apart < np.abs(mixed - results[1]).mean() < apart


def test_a_clip_is_painted_and_handed_out(visit: Visit, tmp_path: Path) -> None:
    page = open_tab(visit)
    frames = [Image.new("RGB", (64, 48), (40 * number, 90, 160)) for number in range(4)]
    frames[0].save(tmp_path / "sky.gif", save_all=True, append_images=frames[1:], duration=[1500, 60, 60, 60])
    page.get_by_role("button", name="A clip").click()
    page.wait_for_timeout(500)
    page.locator("#ge-stylize-clip-run").click()
    expect(page.locator(".toast-body")).to_contain_text("Choose a GIF or a video first")
    expect(page.locator("#ge-stylize-clip-run")).to_be_enabled()
    page.set_input_files("#ge-stylize-clip-source input[type=file]", tmp_path / "sky.gif")
    expect(page.locator("#ge-stylize-clip-source")).to_contain_text("sky", timeout=300_000)
    page.locator("#ge-stylize-clip-run").click()
    expect(page.locator("#ge-stylize-clip img")).to_be_visible(timeout=300_000)
    with page.expect_download(timeout=300_000) as waiting:
        page.locator("#ge-stylize-clip-download").click()
    assert waiting.value.suggested_filename == "sky-painted.gif"
    waiting.value.save_as(tmp_path / "painted.gif")
    with Image.open(tmp_path / "painted.gif") as painted:
        assert (painted.size, getattr(painted, "n_frames", 1)) == ((64, 48), 4)
    assert list(read_clip(tmp_path / "painted.gif", 4).pauses_ms) == [1500, 60, 60, 60]
