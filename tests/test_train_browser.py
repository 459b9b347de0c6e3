"""Training and measuring in a real browser: a visitor's pictures become a generator that is judged at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from visitor import Visit

from ganedit.engine import Engine
from ganedit.models.registry import Registry
from ganedit.ui import build_ui, launch_options
from ganedit.ui.settings import UiSettings

PATIENCE = 300_000


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(24):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{number:02d}.png")
    return folder


def _serve(folder: Path, settings: UiSettings) -> tuple[gr.Blocks, str]:
    page = build_ui(Engine(Registry(weights=folder / "weights", cache=folder / "cache")), settings)
    options: dict[str, Any] = launch_options(settings) | {"quiet": True, "prevent_thread_lock": True}
    _, url, _ = page.launch(**options)
    return page, url.rstrip("/")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_RUNS", str(folder / "runs"))
        patch.setenv("GANEDIT_PER_MIN", "0")
        page, url = _serve(folder, UiSettings())
        yield url
        page.close()


@pytest.fixture
def visit_here(chromium: Browser, served: str) -> Iterator[Visit]:
    one = Visit(chromium, served)
    yield one
    one.end()


def set_knobs(page: Page, *, unfold: bool = True, **values: str) -> None:
    if unfold:
        page.locator("#ge-train-settings button").first.click()
    page.wait_for_timeout(300)  # gradio shows fields a moment before they take what is typed
    for name, value in values.items():
        page.locator(f"#ge-train-{name} :is(input, textarea)").fill(value)


def train(page: Page, pictures: Path, kimg: str, *, resolution: str = "") -> None:
    page.locator("#ge-tab-train-button").click()
    page.get_by_role("radio", name="From a path").check(force=True)
    page.locator("#ge-train-path :is(input, textarea)").fill(str(pictures))
    set_knobs(page, kimg=kimg, batch="4")
    if resolution:
        page.locator("#ge-train-resolution input").click()
        page.get_by_role("option", name=resolution, exact=True).click()
    page.locator("#ge-train-start").click()


def state(page: Page) -> Any:
    return page.locator("#ge-train-status .ge-pill")


@pytest.fixture(scope="module")
def trained(chromium: Browser, served: str, pictures: Path) -> str:
    """A finished run, made on the page; gives its name."""
    visit = Visit(chromium, served)
    train(visit.page, pictures, "0.064")
    expect(state(visit.page)).to_contain_text("finished", timeout=PATIENCE)
    name = visit.page.locator("#ge-train-status h3").inner_text()
    visit.end()
    return name


def test_a_finished_run_shows_its_samples_its_command_and_hands_out_the_snapshot(
    visit_here: Visit, trained: str, tmp_path: Path
) -> None:
    page = visit_here.page
    page.locator("#ge-tab-train-button").click()
    expect(page.locator("#ge-train-status h3")).to_have_text(trained)
    expect(page.locator("#ge-train-grid img")).to_be_visible()
    expect(page.locator("#ge-train-command")).to_contain_text("schedule.kimg=0.064")
    with page.expect_download() as download:
        page.locator("#ge-train-snapshot").click()
    download.value.save_as(tmp_path / "snapshot.safetensors")
    assert (tmp_path / "snapshot.safetensors").stat().st_size > 100_000


def test_the_timeline_goes_back_to_the_first_samples(visit_here: Visit, trained: str) -> None:
    page = visit_here.page
    page.locator("#ge-tab-train-button").click()
    last = page.locator("#ge-train-grid img").get_attribute("src")
    slider = page.locator("#ge-train-moment input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("#ge-train-moment")).to_contain_text("0 kimg")
    expect(page.locator("#ge-train-grid img")).not_to_have_attribute("src", last or "")
    expect(page.locator("#ge-train-live input")).not_to_be_checked()


def test_a_stopped_run_is_found_again_after_a_reload_and_goes_on(visit_here: Visit, pictures: Path) -> None:
    page = visit_here.page
    train(page, pictures, "500")
    expect(state(page)).to_contain_text("training", timeout=PATIENCE)
    name = page.locator("#ge-train-status h3").inner_text()
    page.reload()
    page.locator("#ge-tab-train-button").click()
    expect(page.locator("#ge-train-status h3")).to_have_text(name)
    page.locator("#ge-train-stop").click()
    expect(state(page)).to_contain_text("stopped", timeout=PATIENCE)
    page.locator("#ge-train-resume").click()
    expect(state(page)).to_contain_text("training", timeout=PATIENCE)
    page.locator("#ge-train-stop").click()
    expect(state(page)).to_contain_text("stopped", timeout=PATIENCE)
    page.locator("#ge-train-remove").click()
    expect(page.locator("#ge-train-question")).to_contain_text(name)
    page.locator("#ge-train-remove-yes").click()
    expect(page.locator(f'#ge-train-runs [data-run="{name}"]')).to_have_count(0)


def test_a_run_in_the_list_is_shown_at_a_click(visit_here: Visit, trained: str, pictures: Path) -> None:
    page = visit_here.page
    train(page, pictures, "0.004")
    expect(page.locator("#ge-train-status h3")).not_to_have_text(trained)
    page.locator(f'#ge-train-runs [data-run="{trained}"]').click()
    expect(page.locator("#ge-train-status h3")).to_have_text(trained)


def test_a_painter_of_ones_own_paints(visit_here: Visit, tmp_path: Path) -> None:
    page, rng = visit_here.page, np.random.default_rng(1)
    for name in ("photos", "chalk", "ink"):
        (tmp_path / "styles" / name).mkdir(parents=True)
        for number in range(4):
            picture = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
            picture.save(tmp_path / "styles" / name / f"{number}.png")
    page.locator("#ge-tab-train-button").click()
    page.locator("#ge-train-recipe input").click()
    page.get_by_role("option", name="ganedit-painter").click()
    train(page, tmp_path / "styles", "0.008", resolution="32")
    expect(state(page)).to_contain_text("finished", timeout=PATIENCE)
    page.locator("#ge-train-stylize").click()
    chosen = page.locator("#ge-stylize-styles button.selected")
    expect(chosen).to_contain_text("chalk", timeout=PATIENCE)
    expect(page.locator("#ge-stylize-styles button.thumbnail-item")).to_contain_text(["chalk", "ink"])
    page.set_input_files("#ge-stylize-drop input[type=file]", next((tmp_path / "styles" / "photos").glob("*.png")))
    expect(page.locator("#ge-stylize-photo")).to_contain_text("32 × 32", timeout=PATIENCE)
    page.locator("#ge-stylize-run").click()
    expect(page.locator("#ge-stylize-status")).to_contain_text("ganedit-painter-", timeout=PATIENCE)


def test_a_wrong_setting_is_told_in_the_sentence_of_the_program(visit_here: Visit, pictures: Path) -> None:
    page = visit_here.page
    train(page, pictures, "often")
    expect(page.locator(".toast-body")).to_contain_text("must be a number of thousand pictures")
    set_knobs(page, kimg="0.008", batch="many", unfold=False)
    page.locator("#ge-train-start").click()
    expect(page.locator("#ge-train-status")).to_contain_text("schedule.batch", timeout=PATIENCE)
    expect(state(page)).to_contain_text("failed")


def test_no_pictures_is_one_kind_sentence(visit_here: Visit) -> None:
    page = visit_here.page
    page.locator("#ge-tab-train-button").click()
    page.get_by_role("radio", name="Upload").first.check(force=True)
    page.locator("#ge-train-start").click()
    expect(page.locator(".toast-body")).to_contain_text("Choose the pictures first")


def test_uploaded_pictures_are_trained_on(visit_here: Visit, pictures: Path) -> None:
    page = visit_here.page
    page.locator("#ge-tab-train-button").click()
    page.get_by_role("radio", name="Upload").first.check(force=True)
    page.locator("#ge-train-files input[type=file]").set_input_files(sorted(pictures.iterdir()))
    # The row is there once the file is; the text of the list shows names while they are still on their way.
    expect(page.locator("#ge-train-files").get_by_role("row", name="23.png")).to_have_count(1)
    set_knobs(page, kimg="0.008", batch="4")
    page.locator("#ge-train-start").click()
    expect(state(page)).to_contain_text("finished", timeout=PATIENCE)


def test_a_trained_model_is_measured_against_its_own_data(visit_here: Visit, trained: str, pictures: Path) -> None:
    page = visit_here.page
    page.locator("#ge-tab-evaluate-button").click()
    page.locator("#ge-evaluate-fake-model input").click()
    page.get_by_role("option", name=trained, exact=True).click()
    expect(page.locator("#ge-evaluate-real-path :is(input, textarea)")).to_have_value(str(pictures))
    page.locator("#ge-evaluate-run").click()
    table = page.locator(".ge-scores")
    expect(table).to_be_visible(timeout=PATIENCE)
    for name in ("kd_effnet24", "precision_effnet24", "vendi_effnet24", "copies_effnet24"):
        expect(table).to_contain_text(name)
    expect(table.locator("tr.grayed")).to_contain_text("fd_effnet24")
    expect(page.locator("#ge-evaluate-report")).to_contain_text(f"24 pictures drawn from {trained}.safetensors")
    expect(page.locator("#ge-evaluate-sheet img")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#ge-evaluate-download").click()
    assert '"numbers"' in Path(download.value.path()).read_text()


def test_a_measurement_can_be_stopped_and_started_again(visit_here: Visit) -> None:
    page = visit_here.page
    page.locator("#ge-tab-evaluate-button").click()
    page.locator("#ge-evaluate-run").click()
    page.locator("#ge-evaluate-stop").click()
    expect(page.locator("#ge-evaluate-status")).to_contain_text("Stopped", timeout=PATIENCE)
    expect(page.locator("#ge-evaluate-run")).to_be_enabled()


def test_what_cannot_be_measured_is_said(visit_here: Visit, trained: str) -> None:
    page = visit_here.page
    page.locator("#ge-tab-evaluate-button").click()
    expect(page.locator("#ge-evaluate-real-path")).to_be_visible()  # the data of the model that is listed first
    page.locator("#ge-evaluate-real").get_by_role("radio", name="Upload").check(force=True)
    page.locator("#ge-evaluate-run").click()
    expect(page.locator(".toast-body")).to_contain_text("Choose the real pictures first")
    expect(page.locator("#ge-evaluate-run")).to_be_enabled()


def test_strangers_can_neither_train_nor_name_paths(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_RUNS", str(tmp_path / "runs"))
    demo, url = _serve(tmp_path, UiSettings(public=True))
    visit = Visit(chromium, url)
    try:
        visit.page.locator("#ge-tab-train-button").click()
        expect(visit.page.locator(".ge-offline")).to_contain_text("training is switched off here")
        visit.page.locator("#ge-tab-evaluate-button").click()
        expect(visit.page.locator("#ge-evaluate-run")).to_be_visible()
        assert visit.page.locator("#ge-train-start, #ge-evaluate-tier").count() == 0
        ways = visit.page.locator("#ge-evaluate-real input[type=radio], #ge-evaluate-fake input[type=radio]")
        assert not re.search("path", " ".join(ways.nth(i).get_attribute("value") or "" for i in range(ways.count())))
    finally:
        visit.end()
        demo.close()
