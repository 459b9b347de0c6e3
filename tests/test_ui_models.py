"""The Models tab: what it lists, how a download moves and stops, and the page itself in a real browser."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from spandrel.architectures.Compact import Compact

from ganedit.engine import Engine
from ganedit.errors import BadCheckpointError, LicenseNotAcceptedError, WeightsUnavailableError
from ganedit.image import Picture
from ganedit.models.card import ModelCard, Source
from ganedit.models.catalog import CATALOG
from ganedit.models.registry import Registry
from ganedit.models.sources import FetchProgress
from ganedit.requests import EnhanceRequest
from ganedit.ui.downloads import Pace, Step, fetch_steps, progress_html
from ganedit.ui.i18n import STRINGS, translations
from ganedit.ui.model_table import Filters, ModelRow, details_html, origin_of, read_rows, size_text, table_html
from ganedit.ui.models import ModelsPage, build_models_tab
from ganedit.ui.settings import UiSettings
from ganedit.ui.theme import GaneditTheme, style_sheet

FREE = ModelCard(
    "free-x4", "enhance", "Compact", (Source("https://example.org/free.pth", "ab" * 32, "pth", 4_900_000),),
    "MIT", True, scale=4, paper="Someone 2020", notes="Photos of cats. Says more.", trained_on="cats",
)  # fmt: skip
BOUND = ModelCard(
    "bound-x2", "enhance", "SwinIR", (Source("hf:a/b@c/d.safetensors", "cd" * 32, "safetensors", None),),
    "CC-BY-NC-4.0", False, scale=2, kind="other",
)  # fmt: skip


class _Registry(Registry):
    """The two models above, a download that moves in small steps, and an upload that knows one good name."""

    def __init__(self, folder: Path) -> None:
        super().__init__((FREE, BOUND), weights=folder / "weights", cache=folder / "cache")
        self.here: set[str] = set()
        self.own: list[ModelCard] = []
        self.accepted: list[bool] = []
        self.pace_seconds = 0.0
        self.failure: Exception | None = None
        self.interrupted = threading.Event()

    def is_installed(self, model_id: str) -> bool:
        return model_id in self.here

    def rows(self, task: Any = None) -> list[dict[str, Any]]:
        return [{"id": card.id, "installed": card.id in self.here} for card in self.cards(task)]

    def cards(self, task: Any = None, *, commercial_only: bool = False) -> list[ModelCard]:
        return [*super().cards(task, commercial_only=commercial_only), *(() if commercial_only else self.own)]

    def get(self, model_id: str) -> ModelCard:
        return next((card for card in self.own if card.id == model_id), None) or super().get(model_id)

    def fetch(
        self, model_id: str, *, accept_license: bool = False, on_progress: Callable[[FetchProgress], None] | None = None
    ) -> None:
        self.accepted.append(accept_license)
        if not self.get(model_id).commercial_use and not accept_license:
            raise LicenseNotAcceptedError("Confirm the license first.")
        if self.failure:
            raise self.failure
        assert on_progress
        try:
            for done in range(1, 101):
                time.sleep(self.pace_seconds)
                on_progress(FetchProgress("free.pth", done * 49_000, 4_900_000))
        except BaseException:
            self.interrupted.set()
            raise
        self.here.add(model_id)

    def remove(self, model_id: str) -> None:
        self.here.discard(model_id)

    def add(self, path: Path, name: str | None = None) -> ModelCard:
        if path.stem != "mine":
            raise BadCheckpointError(f"{path.name} is damaged; export it again.")
        source = Source(f"file:/home/someone/weights/{path.name}", "ef" * 32, "pth", 1000)
        card = ModelCard("mine", "enhance", "ESRGAN", (source,), "unknown", False, kind="unknown")
        self.own.append(card)
        self.here.add("mine")
        return card


@pytest.fixture
def registry(tmp_path: Path) -> _Registry:
    return _Registry(tmp_path)


# ------------------------------------------------------------------ the list


def _found(registry: Registry, **filters: Any) -> list[str]:
    return [row.card.id for row in read_rows(Engine(registry), Filters(**filters))]


def test_filters_and_words_narrow_the_list(registry: _Registry) -> None:
    assert _found(registry) == ["free-x4", "bound-x2"]
    assert _found(registry, commercial_only=True) == ["free-x4"]
    assert _found(registry, task="generate") == []
    assert _found(registry, words="SWINIR nc-4") == ["bound-x2"]
    assert _found(registry, words="swinir cats") == []


def test_search_understands_both_languages(registry: _Registry) -> None:
    catalogue = Registry(CATALOG, weights=registry._cache, cache=registry._cache)
    assert "realesrgan-x4plus-anime-6b" in _found(catalogue, words="插画")
    assert "realesrgan-x4plus-anime-6b" in _found(catalogue, words="anime drawings")


def test_every_model_of_the_catalogue_says_in_both_languages_what_it_is_for() -> None:
    missing = [card.id for card in CATALOG if not all(STRINGS.get(f"ge.models.for.{card.id}", ("", "")))]
    assert missing == []


def test_the_table_shows_what_is_needed_to_choose() -> None:
    row = table_html([ModelRow(FREE, installed=True), ModelRow(BOUND, installed=False)], "free-x4")
    for shown in ("free-x4", "Photos of cats", "MIT", "4.9 MB", "installed", "GAN", "example.org", ">abababab<"):
        assert shown in row
    for shown in ("bound-x2", "CC-BY-NC-4.0", "?", "not fetched", "not a GAN", "huggingface.co"):
        assert shown in row
    assert row.count("class=selected") == 1
    assert row.count('aria-pressed="true"') == 1


def test_an_empty_list_says_why() -> None:
    assert "No model fits these filters" in table_html([])


def test_the_details_tell_everything_and_the_whole_hash() -> None:
    card = details_html(ModelRow(FREE, installed=False))
    for shown in ("Says more.", "Someone 2020", "cats", "Compact", "4×", "ab" * 32, "https://example.org/free.pth"):
        assert shown in card
    assert "Commercial use OK" in card
    assert "No commercial use" in details_html(ModelRow(BOUND, installed=False))
    assert "<a " not in card


def test_no_model_chosen_is_an_invitation() -> None:
    assert "Choose a model" in details_html(None)


def test_names_from_files_are_never_read_as_html() -> None:
    hostile = ModelCard("<img src=x>", "enhance", "<b>", (), "<i>", False, notes="<script>. a", paper="<u>")
    drawn = table_html([ModelRow(hostile, installed=True)]) + details_html(ModelRow(hostile, installed=True))
    assert not any(tag in drawn for tag in ("<img", "<b>", "<i>", "<script", "<u>"))


def test_an_own_file_hides_its_folder_and_claims_no_license(registry: _Registry) -> None:
    card = registry.add(Path("mine.pth"))
    drawn = table_html([ModelRow(card, installed=True)]) + details_html(ModelRow(card, installed=True))
    assert "/home/someone" not in drawn
    assert "mine.pth" in drawn
    assert "No commercial use" not in drawn


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "?"),
        (3119, "3 kB"),
        (999_400, "999 kB"),
        (1_247_368, "1.2 MB"),
        (142_473_939, "142 MB"),
        (2_470_000_000, "2.5 GB"),
    ],
)
def test_sizes_are_written_for_people(size: int | None, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("locator", "host"),
    [
        ("https://a.org/x", "a.org"),
        ("hf:a/b@c/d", "huggingface.co"),
        ("pypi:a==1#b", "PyPI"),
        ("weights/x.pth", ""),
        ("file:/x", ""),
    ],
)
def test_the_origin_is_a_host(locator: str, host: str) -> None:
    assert origin_of(locator) == host


# ------------------------------------------------------------------ downloads


def test_a_download_tells_its_bytes_and_ends(registry: _Registry) -> None:
    registry.pace_seconds = 0.012
    steps = [step for step in fetch_steps(Engine(registry), "free-x4", accept_license=False) if step]
    assert len(steps) >= 2
    assert steps[0].done_bytes < steps[-1].done_bytes == 4_900_000 == steps[-1].total_bytes
    assert registry.is_installed("free-x4")


def test_closing_a_download_stops_it(registry: _Registry) -> None:
    registry.pace_seconds = 0.05
    steps = fetch_steps(Engine(registry), "free-x4", accept_license=False)
    next(steps)
    steps.close()
    assert registry.interrupted.wait(5)
    assert not registry.is_installed("free-x4")


def test_a_download_that_fails_says_why(registry: _Registry) -> None:
    registry.failure = WeightsUnavailableError("No source has it.")
    with pytest.raises(WeightsUnavailableError, match="No source has it"):
        list(fetch_steps(Engine(registry), "free-x4", accept_license=False))


def test_the_rest_is_estimated_from_this_try_alone() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.step("a", 800, 1000) == Step(800, 1000, None)
    now[0] = 2.0
    assert pace.step("a", 900, 1000) == Step(900, 1000, 2.0)
    assert pace.step("b", 10, 100).seconds_left is None
    now[0] = 4.0
    assert pace.step("b", 60, None).seconds_left is None


def test_the_progress_line_has_bytes_and_time() -> None:
    assert "Starting" in progress_html(None)
    line = progress_html(Step(1_000_000, 4_000_000, 75.0))
    assert "1.0 MB of 4.0 MB" in line
    assert "1 min 15 s" in line
    assert 'aria-valuenow="25"' in line
    assert "1.0 MB so far" in progress_html(Step(1_000_000, None, None))


# ------------------------------------------------------------------ the events


@pytest.fixture
def events(registry: _Registry) -> ModelsPage:
    page = ModelsPage(Engine(registry), manages=True)
    with gr.Blocks(analytics_enabled=False):
        page.build_list()
        page.build_details()
        page.build_actions()
    return page


def test_the_server_asks_for_the_license_even_if_the_page_does_not(events: ModelsPage, registry: _Registry) -> None:
    with pytest.raises(gr.Error, match="Confirm the license"):
        list(events.fetch("", False, "", "bound-x2", False))
    assert registry.accepted == [False]
    assert not registry.is_installed("bound-x2")


@pytest.mark.parametrize("name", ["mine.pth", "broken.pth"])
def test_no_copy_of_an_upload_stays_behind(events: ModelsPage, tmp_path: Path, name: str) -> None:
    upload = tmp_path / name
    upload.write_bytes(b"weights")
    with contextlib.suppress(gr.Error):
        events.add(str(upload), "", False, "")
    assert not upload.exists()


def test_a_model_that_does_not_exist_is_a_toast(events: ModelsPage) -> None:
    with pytest.raises(gr.Error, match="no model called nowhere"):
        events.show("nowhere")


# ------------------------------------------------------------------ the page


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
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[_Registry, str]]:
    registry = _Registry(tmp_path_factory.mktemp("models"))
    demo, url = _serve(registry, UiSettings())
    yield registry, url
    demo.close(verbose=False)


def _open(chromium: Browser, url: str, **context: Any) -> Page:
    page = chromium.new_context(**{"locale": "en-US", **context}).new_page()
    page.goto(url)
    page.get_by_role("tab").nth(1).click()
    expect(page.locator("tr[data-model='free-x4']")).to_be_visible()
    return page


@pytest.fixture
def page(chromium: Browser, served: tuple[_Registry, str]) -> Iterator[Page]:
    registry, url = served
    registry.here.clear()
    registry.own.clear()
    registry.accepted.clear()
    registry.interrupted.clear()
    registry.pace_seconds, registry.failure = 0.0, None
    page = _open(chromium, url)
    yield page
    page.context.close()


def test_a_model_is_fetched_and_removed_again(page: Page, served: tuple[_Registry, str]) -> None:
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


def test_stop_ends_a_download(page: Page, served: tuple[_Registry, str]) -> None:
    served[0].pace_seconds = 0.2
    page.click("tr[data-model='free-x4']")
    page.click("#ge-model-fetch")
    page.click("#ge-model-stop")
    expect(page.locator("#ge-model-status")).to_contain_text("Stopped")
    assert served[0].interrupted.wait(10)
    expect(page.locator("#ge-model-fetch")).to_be_visible()


def test_a_license_must_be_confirmed_first_by_keyboard_too(page: Page, served: tuple[_Registry, str]) -> None:
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


def test_a_failed_download_is_a_toast_and_can_be_tried_again(page: Page, served: tuple[_Registry, str]) -> None:
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


def test_a_phone_in_chinese_needs_no_sideways_scrolling(chromium: Browser, served: tuple[_Registry, str]) -> None:
    page = _open(chromium, served[1], locale="zh-CN", viewport={"width": 390, "height": 844})
    expect(page.locator("tr[data-model='free-x4']")).to_contain_text("未下载")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("tr[data-model='free-x4']")
    expect(page.locator("#ge-model-details")).to_be_in_viewport()
    assert page.evaluate("document.querySelector('.ge-models').scrollWidth <= window.innerWidth")
    page.context.close()


def test_a_public_page_can_look_and_not_touch(chromium: Browser, tmp_path: Path) -> None:
    demo, url = _serve(_Registry(tmp_path), UiSettings(public=True))
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
    demo, url = _serve(_Registry(tmp_path), UiSettings())
    try:
        page = _open(chromium, url)
        expect(page.locator(".ge-offline")).to_contain_text("Offline mode is on")
        page.click("tr[data-model='free-x4']")
        expect(page.locator("#ge-model-details")).to_contain_text("ab" * 32)
        expect(page.locator("#ge-model-fetch")).to_be_hidden()
        page.context.close()
    finally:
        demo.close(verbose=False)
