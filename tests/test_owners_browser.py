"""Two strangers on one page, in a real browser: a run is its browser's alone, and still there after a reload."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from visitor import Visit

from ganedit.engine import Engine
from ganedit.models.registry import Registry
from ganedit.ui import UiSettings, build_ui, launch_options
from ganedit.ui.run import Run

PATIENCE = 300_000
WAITS = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit()); time.sleep(600)"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A page on which strangers may train; what they train takes for ever."""
    monkeypatch.setattr(Run, "command", lambda self, out, **_: [sys.executable, "-c", WAITS, out])
    monkeypatch.setenv("GANEDIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("GANEDIT_PER_MIN", "0")
    settings = UiSettings(public=True, training=True)
    page = build_ui(Engine(Registry(weights=tmp_path / "weights", cache=tmp_path / "cache")), settings)
    options: dict[str, Any] = launch_options(settings) | {"quiet": True, "prevent_thread_lock": True}
    _, url, _ = page.launch(**options)
    yield url.rstrip("/")
    page.close()


def listed(page: Page) -> Any:
    page.locator("#ge-tab-train-button").click()
    return page.locator("#ge-train-runs [data-run]")


def test_a_run_is_seen_in_the_browser_that_began_it_alone_and_still_after_a_reload(
    chromium: Browser, served: str
) -> None:
    ann, bob = Visit(chromium, served), Visit(chromium, served)
    expect(listed(ann.page)).to_have_count(0)
    ann.page.locator("#ge-train-start").click()
    expect(listed(ann.page)).to_have_count(1, timeout=PATIENCE)
    ann.page.reload()
    expect(listed(ann.page)).to_have_count(1, timeout=PATIENCE)
    bob.page.locator("#ge-tab-train-button").click()
    expect(bob.page.locator("#ge-train-status")).to_contain_text("No run yet", timeout=PATIENCE)
    bob.page.locator("#ge-train-start").click()
    expect(bob.page.locator("#ge-train-status h3")).to_have_text("quickstart-2", timeout=PATIENCE)
    expect(bob.page.locator("#ge-train-runs [data-run]")).to_have_count(1)
    ann.page.locator("#ge-train-stop").click()
    expect(ann.page.locator("#ge-train-status .ge-pill")).to_contain_text("stopped", timeout=PATIENCE)
    ann.page.locator("#ge-train-remove").click()
    ann.page.locator("#ge-train-remove-yes").click()
    expect(ann.page.locator("#ge-train-runs [data-run]")).to_have_count(0, timeout=PATIENCE)
    expect(bob.page.locator("#ge-train-runs [data-run]")).to_have_count(1)
    bob.page.locator("#ge-train-stop").click()  # or its process would outlive the page
    expect(bob.page.locator("#ge-train-status .ge-pill")).to_contain_text("stopped", timeout=PATIENCE)
    ann.end()
    bob.end()
