"""A real Chromium and a running app for the browser tests, and a web server that lies for those of downloads.

Without Chromium the browser tests fail, they are never skipped.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from loopback_site import Site, serve
from playwright.sync_api import Browser, sync_playwright
from visitor import Visit

from ganedit.engine import Engine
from ganedit.models import download
from ganedit.ui import UiSettings, build_ui, launch_options

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or the one that Playwright installed.

    It ends with the module: while it runs, an event loop runs in this thread, and ``asyncio.run`` of other tests fails.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running app; no picture, preview or result of it may be left behind in its folder when it ends."""
    port, scratch = _free_port(), tmp_path_factory.mktemp("scratch")
    environment = os.environ | {
        "GANEDIT_PER_MIN": "0",
        "TMPDIR": str(scratch),
        "GRADIO_TEMP_DIR": str(scratch / "gradio"),
        "GANEDIT_RUNS": str(scratch / "runs"),
    }
    app = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=1).close()
            break
        except OSError:
            assert app.poll() is None, "the app ended before it answered"
            assert time.monotonic() < deadline, "the app did not answer"
            time.sleep(0.2)
    yield url
    app.send_signal(signal.SIGTERM)
    app.wait(timeout=20)
    assert not list(scratch.glob("ganedit-*")), "the app left pictures behind"


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    one = Visit(chromium, address)
    yield one
    one.end()


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No pauses, no settings of this machine, and no way out to a real server."""
    monkeypatch.setattr(download, "_RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    for key in list(os.environ):
        if key.upper().startswith(("GANEDIT_", "NPM_CONFIG_", "PIP_", "HF_")) or key.lower().endswith("_proxy"):
            monkeypatch.delenv(key)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    nowhere = "http://127.0.0.1:9/"
    for key in ("PIP_INDEX_URL", "npm_config_registry", "HF_ENDPOINT"):
        monkeypatch.setenv(key, nowhere)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A program that calls the page's endpoints."""
    settings = UiSettings()
    page = build_ui(Engine(), settings)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
    yield Client(url, verbose=False)
    page.close()
