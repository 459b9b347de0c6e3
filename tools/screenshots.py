"""Take the README's screenshots of the real app: ``python tools/screenshots.py`` while ``make run`` serves it."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs"


def main(address: str) -> None:
    """Enhance the first example, paint two rocks out of the second, and photograph each tab."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US")
        page.goto(address)
        page.locator("#ge-enhance-examples button").first.click()
        page.wait_for_selector("#ge-enhance-preview img")
        page.locator("#ge-enhance-run").click()
        page.wait_for_selector("#ge-enhance-status .done", timeout=120_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=FOLDER / "enhance.jpg", quality=85)
        _inpaint(page)
        page.locator("#ge-tab-models-button").click()
        page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / "models.jpg", quality=85)
        browser.close()


def _inpaint(page: Page) -> None:
    page.locator("#ge-tab-inpaint-button").click()
    page.locator("#ge-inpaint-examples button").nth(1).click()
    canvas = page.locator("#ge-painter canvas")
    canvas.wait_for()
    page.wait_for_timeout(1500)
    box = canvas.bounding_box()
    assert box is not None
    for _ in range(6):
        page.keyboard.press("]")  # a wider brush
    for stroke in (((0.715, 0.31), (0.745, 0.33)), ((0.02, 0.42), (0.08, 0.43))):
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()
    page.locator("#ge-inpaint-try").click()
    page.wait_for_selector("#ge-inpaint-candidates img", timeout=120_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "inpaint.jpg", quality=85)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860")
