"""Take the README's screenshots of the real app: ``python tools/screenshots.py`` while ``make run`` serves it."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "docs"


def main(address: str) -> None:
    """Enhance the first example and photograph the page, then the Models tab."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
        page.goto(address)
        page.locator("#ge-enhance-examples button").first.click()
        page.wait_for_selector("#ge-enhance-preview img")
        page.locator("#ge-enhance-run").click()
        page.wait_for_selector("#ge-enhance-status .done", timeout=120_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=FOLDER / "enhance.jpg", quality=85)
        page.locator("#ge-tab-models-button").click()
        page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / "models.jpg", quality=85)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860")
