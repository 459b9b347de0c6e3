"""Take the README's screenshots: ``python tools/screenshots.py [ADDRESS [TAB ...]]`` while the app is served."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs"
TRAINING_MS = 3_600_000


def main(address: str, *tabs: str) -> None:
    """Photograph the tabs that are named, or all; each in use: training takes minutes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US")
        page.goto(address)
        for tab in tabs or SHOTS:
            page.locator(f"#ge-tab-{tab}-button").click()
            SHOTS[tab](page)
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"{tab}.jpg", quality=85, full_page=tab == "train")
        browser.close()


def _enhance(page: Page) -> None:
    page.locator("#ge-enhance-examples button").first.click()
    page.wait_for_selector("#ge-enhance-preview img")
    page.locator("#ge-enhance-run").click()
    page.wait_for_selector("#ge-enhance-status .done", timeout=120_000)


def _inpaint(page: Page) -> None:
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


def _train(page: Page) -> None:
    page.locator("#ge-train-start").click()
    running = page.locator("#ge-train-status .ge-pill")
    expect(running).to_contain_text("finished", timeout=TRAINING_MS)


def _models(page: Page) -> None:
    page.wait_for_selector(".ge-models")


SHOTS = {"enhance": _enhance, "inpaint": _inpaint, "train": _train, "models": _models}


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["http://127.0.0.1:7860"]))
