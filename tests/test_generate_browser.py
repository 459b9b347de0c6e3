"""New faces in a real browser: drawn, chosen, downloaded, sent on; what is not here is not offered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from visitor import Visit

from ganedit.engine import Engine
from ganedit.models.registry import Registry
from ganedit.ui import build_ui, launch_options
from ganedit.ui.settings import UiSettings

PATIENCE = 60_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_RUNS", str(folder / "runs"))
        patch.setenv("GANEDIT_PER_MIN", "0")
        page = build_ui(Engine(Registry(weights=folder / "weights", cache=folder / "cache")), UiSettings())
        options: dict[str, Any] = launch_options(UiSettings()) | {"quiet": True, "prevent_thread_lock": True}
        _, url, _ = page.launch(**options)
        yield url.rstrip("/")
        page.close()


def draw(page: Page, count: int) -> None:
    page.locator("#ge-tab-generate-button").click()
    expect(page.locator("#ge-generate-text textarea")).to_be_visible(timeout=PATIENCE)
    page.locator("#ge-generate-count input[type=number]").fill(str(count))
    page.locator("#ge-generate-upscale input").uncheck()
    page.locator("#ge-generate-text textarea").fill("red hair, round glasses")
    page.locator("#ge-generate-run").click()
    expect(page.locator("#ge-generate-gallery button.thumbnail-item")).to_have_count(count, timeout=PATIENCE)


def test_faces_are_drawn_from_words_and_the_chosen_one_is_downloaded(
    chromium: Browser, served: str, tmp_path: Path
) -> None:
    visit = Visit(chromium, served)
    draw(visit.page, 3)
    expect(visit.page.locator("#ge-generate-status")).to_contain_text("hair color: red, glasses: round")
    visit.page.locator("#ge-generate-gallery button.thumbnail-item").nth(1).click()
    for _ in range(10):  # nothing on the page shows when the choice has reached the button
        with visit.page.expect_download() as downloading:
            visit.page.locator("#ge-generate-download").click()
        if downloading.value.suggested_filename != "ganedit-avatar-0.png":
            break
        visit.page.wait_for_timeout(300)
    assert downloading.value.suggested_filename == "ganedit-avatar-1.png"
    downloading.value.save_as(tmp_path / "face.png")
    with Image.open(tmp_path / "face.png") as face:
        assert face.size == (64, 64)
    visit.end()


def test_only_models_that_are_here_are_offered(chromium: Browser, served: str) -> None:
    visit = Visit(chromium, served)
    visit.page.locator("#ge-tab-generate-button").click()
    expect(visit.page.locator("#ge-generate-model input")).to_have_value("ganedit-avatar")
    visit.page.locator("#ge-generate-model input").click()
    expect(visit.page.get_by_role("option")).to_have_count(3)
    visit.end()


def test_a_refusal_leaves_no_bar_that_runs_on(chromium: Browser, served: str) -> None:
    visit = Visit(chromium, served)
    draw(visit.page, 1)
    visit.page.locator("#ge-generate-seed input").fill("99999999999")
    visit.page.locator("#ge-generate-run").click()
    expect(visit.page.locator(".toast-body")).to_contain_text("A seed goes from 0")
    expect(visit.page.locator("#ge-generate-status")).to_have_text("")
    expect(visit.page.locator("#ge-generate-gallery button.thumbnail-item")).to_have_count(1)
    visit.end()


def test_a_phone_shows_every_picture_whole(chromium: Browser, served: str) -> None:
    visit = Visit(chromium, served, viewport={"width": 390, "height": 844})
    draw(visit.page, 4)
    for item in visit.page.locator("#ge-generate-gallery button.thumbnail-item").all():
        box = item.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    visit.end()


def painted(page: Page) -> str:
    return page.locator("#ge-explore-painted img").get_attribute("src") or ""


def explore(page: Page) -> None:
    draw(page, 2)
    page.locator("#ge-explore > button").click()
    expect(page.locator("#ge-explore-painted img")).to_be_visible()


def test_a_direction_repaints_the_picture_and_keeps_the_name_it_is_given(chromium: Browser, served: str) -> None:
    visit = Visit(chromium, served)
    explore(visit.page)
    before, slider = painted(visit.page), visit.page.locator("#ge-explore-move-2")
    slider.locator("input[type=range]").focus()
    visit.page.keyboard.press("End")
    expect(visit.page.locator("#ge-explore-painted img")).not_to_have_attribute("src", before)
    visit.page.locator("#ge-explore-names :is(input, textarea)").fill("smile, age")
    visit.page.keyboard.press("Enter")
    expect(slider).to_contain_text("age")
    visit.page.locator("#ge-explore-take").click()
    expect(visit.page.locator("#ge-generate-gallery button.thumbnail-item")).to_have_count(1, timeout=PATIENCE)
    later = visit.context.new_page()
    later.goto(served)
    explore(later)
    expect(later.locator("#ge-explore-move-2")).to_contain_text("age")
    visit.end()


def test_more_like_the_chosen_one_are_drawn_and_the_way_to_another_is_a_clip(
    chromium: Browser, served: str, tmp_path: Path
) -> None:
    visit = Visit(chromium, served)
    explore(visit.page)
    visit.page.locator("#ge-generate-count input[type=number]").fill("3")
    visit.page.locator("#ge-explore-near").click()
    expect(visit.page.locator("#ge-generate-gallery button.thumbnail-item")).to_have_count(3, timeout=PATIENCE)
    visit.page.locator("#ge-explore-frames input[type=number]").fill("4")
    visit.page.locator("#ge-explore-way").click()
    expect(visit.page.locator("#ge-explore-clip img")).to_be_visible(timeout=PATIENCE)
    with visit.page.expect_download() as downloading:
        visit.page.locator("#ge-explore-download").click()
    downloading.value.save_as(tmp_path / "way.gif")
    with Image.open(tmp_path / "way.gif") as clip:
        assert clip.size == (64, 64) and getattr(clip, "n_frames", 1) == 6
    visit.end()


def test_a_photo_that_it_cannot_draw_is_said_to_be_outside(chromium: Browser, served: str) -> None:
    visit = Visit(chromium, served)
    explore(visit.page)
    photo = Path(__file__).parents[1] / "ganedit/ui/examples/cat.jpg"
    visit.page.locator("#ge-explore input[type=file]").set_input_files(photo)
    expect(visit.page.locator("#ge-explore-error img")).to_be_visible(timeout=PATIENCE)
    expect(visit.page.locator("#ge-generate-status")).to_contain_text("outside of what ganedit-avatar can draw")
    visit.end()
