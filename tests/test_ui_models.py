"""The Models tab: what it lists, how a download moves and stops, what its events answer."""

import contextlib
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from two_models import BOUND, FREE, TwoModels

from ganedit.engine import Engine
from ganedit.errors import WeightsUnavailableError
from ganedit.models.card import ModelCard
from ganedit.models.catalog import CATALOG
from ganedit.models.registry import Registry
from ganedit.ui.downloads import Pace, Step, fetch_steps, progress_html
from ganedit.ui.i18n import STRINGS
from ganedit.ui.model_table import Filters, ModelRow, details_html, origin_of, read_rows, size_text, table_html
from ganedit.ui.models import ModelsPage


@pytest.fixture
def registry(tmp_path: Path) -> TwoModels:
    return TwoModels(tmp_path)


# ------------------------------------------------------------------ the list


def _found(registry: Registry, **filters: Any) -> list[str]:
    return [row.card.id for row in read_rows(Engine(registry), Filters(**filters))]


def test_filters_and_words_narrow_the_list(registry: TwoModels) -> None:
    assert _found(registry) == ["free-x4", "bound-x2"]
    assert _found(registry, commercial_only=True) == ["free-x4"]
    assert _found(registry, task="generate") == []
    assert _found(registry, words="SWINIR nc-4") == ["bound-x2"]
    assert _found(registry, words="swinir cats") == []


def test_search_understands_both_languages(registry: TwoModels) -> None:
    catalogue = Registry(CATALOG, weights=registry.cache, cache=registry.cache)
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


def test_an_own_file_hides_its_folder_and_claims_no_license(registry: TwoModels) -> None:
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


def test_a_download_tells_its_bytes_and_ends(registry: TwoModels) -> None:
    registry.pace_seconds = 0.012
    steps = [step for step in fetch_steps(Engine(registry), "free-x4", accept_license=False) if step]
    assert len(steps) >= 2
    assert steps[0].done_bytes < steps[-1].done_bytes == 4_900_000 == steps[-1].total_bytes
    assert registry.is_installed("free-x4")


def test_closing_a_download_stops_it(registry: TwoModels) -> None:
    registry.pace_seconds = 0.05
    steps = fetch_steps(Engine(registry), "free-x4", accept_license=False)
    next(steps)
    steps.close()
    assert registry.interrupted.wait(5)
    assert not registry.is_installed("free-x4")


def test_a_download_that_fails_says_why(registry: TwoModels) -> None:
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
def events(registry: TwoModels) -> ModelsPage:
    page = ModelsPage(Engine(registry), manages=True)
    with gr.Blocks(analytics_enabled=False):
        page.build_list()
        page.build_details()
        page.build_actions()
    return page


def test_the_server_asks_for_the_license_even_if_the_page_does_not(events: ModelsPage, registry: TwoModels) -> None:
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
