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
    expect(page.locator("#ge-generate-text textarea")).to_be_visible()
    page.locator("#ge-generate-count input[type=number]").fill(str(count))
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
    expect(visit.page.get_by_role("option")).to_have_count(1)
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
