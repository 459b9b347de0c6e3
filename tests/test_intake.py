"""How pictures come in: the examples, and what is pasted or dropped while one of several tabs is open."""

from collections.abc import Iterator

import gradio as gr
import pytest
from loose_picture import let_go
from mirror_tab import build_mirror_tab
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ganedit.engine import Engine
from ganedit.formats import open_picture
from ganedit.ui import launch_options
from ganedit.ui.damage import looks_damaged
from ganedit.ui.enhance import build_enhance_tab
from ganedit.ui.enhance_layout import EXAMPLES
from ganedit.ui.exchange import Exchange
from ganedit.ui.i18n import STRINGS
from ganedit.ui.settings import UiSettings


def test_the_examples_show_both_kinds_of_input() -> None:
    found = {}
    for name, path in EXAMPLES.items():
        with Image.open(path) as image:
            found[name] = looks_damaged(image, open_picture(path))
        assert path.stat().st_size <= 60_000
    assert found == {"astronaut": True, "cat": False, "coffee": True, "rocket": True}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real server with two editing tabs."""
    settings, exchange = UiSettings(), Exchange()
    with pytest.MonkeyPatch.context() as patch, gr.Blocks(analytics_enabled=False) as page:
        patch.setitem(STRINGS, "ge.tab.mirror", ("Mirror", "镜像"))
        with gr.Tabs(elem_id="ge-tabs") as tabs:
            build_enhance_tab(Engine(), settings, exchange)
            build_mirror_tab(Engine(), settings, exchange)
        exchange.connect(tabs)
        page.queue(api_open=False)
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
        yield url
        page.close(verbose=False)


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    page = chromium.new_page(locale="en-US")
    page.goto(address)
    page.wait_for_selector("#ge-tab-mirror-button")
    yield page
    page.close()


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_loose_picture_goes_to_the_tab_that_is_open(page: Page, way: str) -> None:
    page.locator("#ge-tab-mirror-button").click()
    expect(page.locator("#ge-mirror-drop")).to_be_visible()
    let_go(page, way)
    expect(page.locator("#ge-mirror-own")).to_contain_text("loose", timeout=15_000)
    page.locator("#ge-tab-enhance-button").click()
    expect(page.locator("#ge-enhance-drop")).to_be_visible()
    expect(page.locator("#ge-enhance-photo")).to_have_count(0)


def test_a_result_is_made_by_the_keyboard_and_sent_to_the_other_tab(page: Page) -> None:
    page.locator("#ge-tab-mirror-button").click()
    page.locator("#ge-mirror-examples button").nth(1).click()
    expect(page.locator("#ge-mirror-own")).to_contain_text("cat", timeout=15_000)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ge-mirror-status .done")).to_be_visible(timeout=30_000)
    page.locator(".ge-send:visible").click()
    expect(page.locator("#ge-enhance-photo")).to_contain_text("cat-mirrored", timeout=15_000)
