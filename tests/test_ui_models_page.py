"""The Models tab in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from spandrel.architectures.Compact import Compact
from two_models import FREE, TwoModels

from ganedit.engine import Engine
from ganedit.errors import WeightsUnavailableError
from ganedit.image import Picture
from ganedit.models.registry import Registry
from ganedit.requests import EnhanceRequest
from ganedit.ui.i18n import translations
from ganedit.ui.models import build_models_tab
from ganedit.ui.settings import UiSettings
from ganedit.ui.theme import GaneditTheme, style_sheet


def _serve(registry: Registry, settings: UiSettings) -> tuple[gr.Blocks, str]:
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tabs():
        with gr.Tab("Other"):
            gr.Markdown("other")
        build_models_tab(Engine(registry), settings)
    demo.queue(api_open=False)
    look: dict[str, Any] = {"theme": GaneditTheme(), "css": style_sheet(), "i18n": translations()}
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **look)
    return demo, url


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TwoModels, str]]:
    registry = TwoModels(tmp_path_factory.mktemp("models"))
    demo, url = _serve(registry, UiSettings())
    yield registry, url
    demo.close(verbose=False)


def _open(chromium: Browser, url: str, **context: Any) -> Page:
    page = chromium.new_context(**{"locale": "en-US", **context}).new_page()
    page.goto(url)
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("tr[data-model='free-x4']")).to_be_visible()
    page.wait_for_timeout(300)  # opening the tab lists the models once more, before anybody can have done anything
    return page


@pytest.fixture
def page(chromium: Browser, served: tuple[TwoModels, str]) -> Iterator[Page]:
    registry, url = served
    registry.here.clear()
    registry.own.clear()
    registry.accepted.clear()
    registry.interrupted.clear()
    registry.pace_seconds, registry.failure = 0.0, None
    page = _open(chromium, url)
    yield page
    page.context.close()


def test_a_model_is_fetched_and_removed_again(page: Page, served: tuple[TwoModels, str]) -> None:
    served[0].pace_seconds = 0.012
    page.click("tr[data-model='free-x4']")
    expect(page.locator("#ge-model-details")).to_contain_text("ab" * 32)
    page.click("#ge-model-fetch")
    expect(page.locator("#ge-model-status")).to_contain_text("of 4.9 MB")
    expect(page.locator("#ge-model-status")).to_contain_text("has been fetched and checked")
    expect(page.locator("tr[data-model='free-x4']")).to_contain_text("installed")
    page.click("#ge-model-remove")
    expect(page.locator("#ge-model-question")).to_contain_text("Remove free-x4 from this machine?")
    assert "free-x4" in served[0].here
    page.click("#ge-model-remove-yes")
    expect(page.locator("tr[data-model='free-x4']")).to_contain_text("not fetched")
    assert "free-x4" not in served[0].here


def test_stop_ends_a_download(page: Page, served: tuple[TwoModels, str]) -> None:
    served[0].pace_seconds = 0.2
    page.click("tr[data-model='free-x4']")
    page.click("#ge-model-fetch")
    page.click("#ge-model-stop")
    expect(page.locator("#ge-model-status")).to_contain_text("Stopped")
    assert served[0].interrupted.wait(10)
    expect(page.locator("#ge-model-fetch")).to_be_visible()


def test_a_license_must_be_confirmed_first_by_keyboard_too(page: Page, served: tuple[TwoModels, str]) -> None:
    page.locator("tr[data-model='bound-x2'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ge-model-fetch")).to_be_disabled()
    page.check("#ge-model-accept input")
    expect(page.locator("#ge-model-fetch")).to_be_enabled()
    page.click("#ge-model-fetch")
    expect(page.locator("#ge-model-status")).to_contain_text("bound-x2 has been fetched")
    assert served[0].accepted == [True]


def test_an_upload_appears_at_once_and_a_bad_one_is_a_toast(page: Page, tmp_path: Path) -> None:
    for name in ("broken.pth", "mine.pth"):
        (tmp_path / name).write_bytes(b"weights")
    page.set_input_files("input[type=file]", tmp_path / "broken.pth")
    expect(page.locator(".toast-body")).to_contain_text("broken.pth is damaged; export it again.")
    page.set_input_files("input[type=file]", tmp_path / "mine.pth")
    expect(page.locator("tr[data-model='mine']")).to_have_class("selected")
    expect(page.locator("#ge-model-details")).to_contain_text("mine")


def test_a_failed_download_is_a_toast_and_can_be_tried_again(page: Page, served: tuple[TwoModels, str]) -> None:
    served[0].failure = WeightsUnavailableError("No source has it; try later.")
    page.click("tr[data-model='free-x4']")
    page.click("#ge-model-fetch")
    expect(page.locator(".toast-body")).to_contain_text("No source has it; try later.")
    expect(page.locator("#ge-model-fetch")).to_be_visible()


def test_filters_and_search_work_in_the_page(page: Page) -> None:
    page.check("#ge-models-commercial input")
    expect(page.locator("tr[data-model]")).to_have_count(1)
    page.uncheck("#ge-models-commercial input")
    expect(page.locator("tr[data-model]")).to_have_count(2)
    page.fill("#ge-models-search input, #ge-models-search textarea", "nothing like this")
    expect(page.locator("#ge-models-table")).to_contain_text("No model fits")


def test_a_phone_in_chinese_needs_no_sideways_scrolling(chromium: Browser, served: tuple[TwoModels, str]) -> None:
    page = _open(chromium, served[1], locale="zh-CN", viewport={"width": 390, "height": 844})
    expect(page.locator("tr[data-model='free-x4']")).to_contain_text("未下载")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("tr[data-model='free-x4']")
    expect(page.locator("#ge-model-details")).to_be_in_viewport()
    assert page.evaluate("document.querySelector('.ge-models').scrollWidth <= window.innerWidth")
    page.context.close()


def test_a_public_page_can_look_and_not_touch(chromium: Browser, tmp_path: Path) -> None:
    demo, url = _serve(TwoModels(tmp_path), UiSettings(public=True))
    try:
        page = _open(chromium, url)
        page.click("tr[data-model='free-x4']")
        expect(page.locator("#ge-model-details")).to_contain_text("ab" * 32)
        assert page.locator("#ge-model-fetch, #ge-model-remove, #ge-model-upload").count() == 0
        page.context.close()
        assert {function.name for function in demo.fns.values()} <= {"listed", "choose"}
    finally:
        demo.close(verbose=False)


def test_an_uploaded_network_can_be_used_at_once(chromium: Browser, tmp_path: Path) -> None:
    registry = Registry((FREE,), weights=tmp_path / "weights", cache=tmp_path / "cache")
    network = Compact(num_feat=8, num_conv=1, upscale=2)
    torch.save(network.state_dict(), tmp_path / "tiny.pth")
    demo, url = _serve(registry, UiSettings())
    try:
        page = _open(chromium, url)
        page.set_input_files("input[type=file]", tmp_path / "tiny.pth")
        expect(page.locator("#ge-model-status")).to_contain_text("tiny is ready to use", timeout=20_000)
        expect(page.locator("tr[data-model='tiny']")).to_contain_text("installed")
        page.context.close()
    finally:
        demo.close(verbose=False)
    picture = Picture.from_pil(Image.new("RGB", (12, 10)))
    result = Engine(registry).run(EnhanceRequest(picture, model="tiny"))
    assert (result.images[0].width, result.images[0].height) == (24, 20)


def test_offline_mode_is_said_and_offers_no_download(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_OFFLINE", "1")
    demo, url = _serve(TwoModels(tmp_path), UiSettings())
    try:
        page = _open(chromium, url)
        expect(page.locator(".ge-offline")).to_contain_text("Offline mode is on")
        page.click("tr[data-model='free-x4']")
        expect(page.locator("#ge-model-details")).to_contain_text("ab" * 32)
        expect(page.locator("#ge-model-fetch")).to_be_hidden()
        page.context.close()
    finally:
        demo.close(verbose=False)
