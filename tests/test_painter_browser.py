"""Painting a mask with mouse, keys and fingers, in a real browser on a page that holds nothing but the painter."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from starlette.middleware import Middleware

from ganedit.ui import painter
from ganedit.ui.http import Harden, Rules
from ganedit.ui.i18n import translations
from ganedit.ui.session import Previews
from ganedit.ui.theme import GaneditTheme, style_sheet

# Gradio counts its events with a part of pandas that will be gone.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

HEIGHT, WIDTH = 640, 1024
GRAY = (120, 130, 140)
BRUSH_PX = 32
FOUND_PX = 60  # radius of what the smart selection of this page finds around the middle of a stroke
# Two pixels of the picture to one of the page: the mouse stops at whole ones, and so is exactly where a test says.
CSS = Path(painter.__file__).with_name("painter.css").read_text(encoding="utf-8") + (
    "@media (min-width: 721px) { #ge-painter { width: 512px; } .ge-paint-stage { max-height: none; } }"
)


def _disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def _band(start: float, end: float, across: float, radius: float, *, upright: bool = False) -> np.ndarray:
    """What a level or upright stroke paints: all pixels nearer than ``radius`` to a line."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    along, away = (rows, columns) if upright else (columns, rows)
    beyond = np.maximum(np.maximum(start - along, along - end), 0)
    return beyond**2 + (away - across) ** 2 <= radius**2


def _assert_alike(mask: np.ndarray, expected: np.ndarray, slack_px: float = 1) -> None:
    """Equal but for a rim of ``slack_px``, where a pixel is covered in part."""
    wrong = np.argwhere(mask != expected)
    edge = np.zeros_like(expected)
    for axis in (0, 1):
        step = np.diff(expected.astype(np.int8), axis=axis) != 0
        rim = [slice(None), slice(None)]
        rim[axis] = slice(0, -1)
        edge[tuple(rim)] |= step
    rims = np.argwhere(edge) + 0.5
    assert expected.any() == mask.any()
    for row, column in wrong:
        assert np.hypot(*(rims - (row, column)).T).min() <= slack_px + 0.5, f"({row}, {column}) is {mask[row, column]}"


@dataclass
class App:
    """The page, and what its events got."""

    address: str = ""
    reads: list[np.ndarray] = field(default_factory=list)
    strokes: list[np.ndarray] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)


def _page_of(app: App, pictures: list[str]) -> gr.Blocks:
    def read(value: Any) -> str:
        app.reads.append(painter.painted(value, HEIGHT, WIDTH))
        return str(len(app.reads))

    def select(value: Any) -> dict[str, Any]:
        app.strokes.append(painter.last_stroke(value, HEIGHT, WIDTH))
        row, column = np.argwhere(app.strokes[-1]).mean(axis=0) + 0.5
        mask = painter.painted(value, HEIGHT, WIDTH) | _disc(column, row, FOUND_PX)
        assert app.may_answer.wait(20)
        return painter.show(pictures[0], mask, undoable=True, answers=value)

    answers: dict[str, Callable[[], dict[str, Any]]] = {
        "open": lambda: painter.show(pictures[0], None, undoable=False),
        "other": lambda: painter.show(pictures[1], None, undoable=False),
        "disc": lambda: painter.show(pictures[0], _disc(300, 200, 80), undoable=True),
        "close": lambda: painter.EMPTY,
    }
    with gr.Blocks(analytics_enabled=False) as page:
        paint: Any = painter.build_painter()
        paint.select(select, paint, paint, show_progress="hidden", trigger_mode="multiple")
        with gr.Row():
            for name, answer in answers.items():
                gr.Button(name, elem_id=name).click(answer, None, paint, show_progress="hidden")
            count = gr.Textbox("0", interactive=True, elem_id="count")
            gr.Button("read", elem_id="read").click(read, paint, count, show_progress="hidden")
    return page


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    one, settings = App(), pytest.MonkeyPatch()
    settings.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
    sizes = [(WIDTH, HEIGHT), (500, 1024)]
    page = _page_of(one, [Previews().write(f"p{i}", Image.new("RGB", size, GRAY)) for i, size in enumerate(sizes)])
    page.launch(
        prevent_thread_lock=True,
        quiet=True,
        server_name="127.0.0.1",
        theme=GaneditTheme(),
        css=style_sheet() + CSS,
        i18n=translations(),
        app_kwargs={"middleware": [Middleware(Harden, Rules(per_minute=0))]},
        ssr_mode=False,
    )
    one.address = page.local_url or ""
    yield one
    page.close()
    settings.undo()


class Desk:
    """One visit: the mouse in pixels of the picture, and the mask as an event of the page gets it."""

    def __init__(self, browser: Browser, app: App, **settings: Any) -> None:
        self.app = app
        self.context = browser.new_context(**({"viewport": {"width": 900, "height": 660}, "locale": "en"} | settings))
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.goto(app.address)

    def start(self) -> None:
        """Put the picture in anew, without paint, and all tools back to how they were."""
        self.app.may_answer.set()
        self.page.locator("#close").click()
        self.canvas.wait_for(state="hidden")
        self.page.locator("#open").click()
        self.canvas.wait_for(state="visible")
        self.page.locator(".ge-paint input[type=range]").fill("65.4")
        self.tool("brush").click()
        # Where the whole picture is in the canvas as long as nobody zooms.
        self.box = self.canvas.bounding_box() or {}
        self.scale = min(self.box["width"] / WIDTH, self.box["height"] / HEIGHT)

    @property
    def canvas(self) -> Any:
        return self.page.locator(".ge-paint canvas")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Give the place on the page of a place in the picture that is shown whole."""
        left = self.box["x"] + (self.box["width"] - WIDTH * self.scale) / 2
        top = self.box["y"] + (self.box["height"] - HEIGHT * self.scale) / 2
        return left + x * self.scale, top + y * self.scale

    def stroke(self, *places: tuple[float, float], button: Any = "left") -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*places[0]))
        mouse.down(button=button)
        for place in places[1:]:
            mouse.move(*self.at(*place), steps=5)
        mouse.up(button=button)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tool(self, name: str) -> Any:
        return self.page.locator(f'[data-paint="{name}"]')

    def mask(self) -> np.ndarray:
        with self.reading():
            self.page.locator("#read").click()
        return self.app.reads[-1]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wait at the end until one more event has read the painter."""
        reads = len(self.app.reads)
        yield
        # Looks at every frame, where ``expect`` would sleep between its looks.
        shown = "count => document.querySelector('#count textarea').value === count"
        self.page.wait_for_function(shown, arg=str(reads + 1))

    def color(self, x: float, y: float) -> list[int]:
        """Give the color that the canvas shows at a place of the picture, after what is due has been drawn."""
        return self.page.evaluate(
            """([x, y]) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
                const canvas = document.querySelector(".ge-paint canvas"), box = canvas.getBoundingClientRect();
                const ratio = canvas.width / box.width;
                done([...canvas.getContext("2d").getImageData((x - box.x) * ratio, (y - box.y) * ratio, 1, 1).data]);
            })))""",
            list(self.at(x, y)),
        )[:3]

    def wait_for_paint_at(self, x: float, y: float) -> None:
        deadline = time.monotonic() + 10
        while not _is_red(self.color(x, y)):
            assert time.monotonic() < deadline, "the server's mask did not arrive"


def _is_red(color: list[int]) -> bool:
    return color[0] > GRAY[0] + 40 and color[1] < GRAY[1] - 30


@pytest.fixture(scope="module")
def wide_page(app: App, chromium: Browser) -> Iterator[Desk]:
    one = Desk(chromium, app)
    yield one
    one.context.close()


@pytest.fixture
def desk(wide_page: Desk) -> Iterator[Desk]:
    wide_page.page.set_viewport_size({"width": 900, "height": 660})
    wide_page.start()
    yield wide_page
    assert not wide_page.faults


def test_a_stroke_paints_where_the_mouse_went_and_nowhere_else(desk: Desk) -> None:
    desk.stroke((200, 300), (500, 300))
    _assert_alike(desk.mask(), _band(200, 500, 300, BRUSH_PX / 2))
    assert _is_red(desk.color(350, 300)) and not _is_red(desk.color(350, 340))


def test_a_click_paints_one_round_dot_and_shift_a_straight_line_to_the_next(desk: Desk) -> None:
    desk.stroke((200, 300))
    _assert_alike(desk.mask(), _disc(200, 300, BRUSH_PX / 2))
    desk.page.keyboard.down("Shift")
    desk.stroke((600, 300))
    desk.page.keyboard.up("Shift")
    _assert_alike(desk.mask(), _band(200, 600, 300, BRUSH_PX / 2))


def test_a_stroke_goes_on_outside_the_canvas_and_comes_back(desk: Desk) -> None:
    desk.stroke((900, 300), (1300, 300), (1300, 400), (900, 400))
    mask = desk.mask()
    assert mask[300, 1023] and mask[400, 1023] and mask[400, 905] and not mask[350, 950]


def test_the_eraser_and_the_right_button_remove_paint(desk: Desk) -> None:
    desk.stroke((200, 300), (800, 300))
    desk.press("e")
    expect(desk.tool("eraser")).to_have_attribute("aria-pressed", "true")
    expect(desk.tool("brush")).to_have_attribute("aria-pressed", "false")
    desk.stroke((400, 300))
    desk.press("b")
    desk.stroke((600, 300), button="right")
    expected = _band(200, 800, 300, BRUSH_PX / 2) & ~_disc(400, 300, BRUSH_PX / 2) & ~_disc(600, 300, BRUSH_PX / 2)
    _assert_alike(desk.mask(), expected)


def test_undo_and_redo_go_through_the_strokes_by_keys_and_buttons(desk: Desk) -> None:
    for x in (200, 400, 600):
        desk.stroke((x, 300))
    desk.press("Control+z", "Control+z")
    _assert_alike(desk.mask(), _disc(200, 300, BRUSH_PX / 2))
    desk.press("Control+Shift+Z")
    mask = desk.mask()
    assert mask[300, 400] and not mask[300, 600]
    desk.press("Control+y")
    expect(desk.tool("redo")).to_be_disabled()
    assert desk.mask()[300, 600]
    for _ in range(3):
        desk.tool("undo").click()
    expect(desk.tool("undo")).to_be_disabled()
    assert not desk.mask().any()


def test_fifty_strokes_can_be_taken_back(desk: Desk) -> None:
    for i in range(51):
        desk.stroke((100 + 12 * i, 300))
    desk.press(*["Control+z"] * 50)
    _assert_alike(desk.mask(), _disc(100, 300, BRUSH_PX / 2))


def test_brackets_and_the_slider_change_the_size_of_the_brush(desk: Desk) -> None:
    desk.press("[", "[", "[")
    shown = desk.page.locator(".ge-paint output")
    thin = int(shown.inner_text().removesuffix(" px"))
    assert thin < BRUSH_PX
    desk.stroke((200, 300))
    _assert_alike(desk.mask(), _disc(200, 300, thin / 2))
    desk.press("]")
    assert int(shown.inner_text().removesuffix(" px")) > thin
    desk.page.locator(".ge-paint input[type=range]").fill("100")
    expect(shown).to_have_text("200 px")
    desk.press("]")
    expect(shown).to_have_text("200 px")
    desk.page.locator(".ge-paint input[type=range]").fill("0")
    desk.press("[")
    expect(shown).to_have_text("1 px")


def test_the_thinnest_brush_paints_lines_without_gaps(desk: Desk) -> None:
    desk.page.locator(".ge-paint input[type=range]").fill("0")
    desk.stroke((100, 100), (700, 330))
    mask = desk.mask()
    columns = np.flatnonzero(mask.any(axis=0))
    assert columns.size == columns[-1] - columns[0] + 1 > 590
    assert mask.sum(axis=0).max() <= 3


def test_invert_and_clear_are_steps_that_can_be_undone(desk: Desk) -> None:
    desk.stroke((200, 300))
    dot = desk.mask()
    desk.tool("invert").click()
    np.testing.assert_array_equal(desk.mask(), ~dot)
    desk.tool("clear").click()
    expect(desk.tool("clear")).to_be_disabled()
    assert not desk.mask().any()
    desk.press("Control+z", "Control+z")
    np.testing.assert_array_equal(desk.mask(), dot)


def test_keys_typed_into_a_text_field_are_no_commands(desk: Desk) -> None:
    desk.stroke((200, 300))
    desk.page.locator("#count textarea").focus()
    desk.press("e", "Control+z", "o", "[")
    expect(desk.tool("brush")).to_have_attribute("aria-pressed", "true")
    expect(desk.page.locator(".ge-paint output")).to_have_text(f"{BRUSH_PX} px")
    expect(desk.tool("undo")).to_be_enabled()


def test_an_event_right_after_the_stroke_gets_what_is_on_the_canvas(desk: Desk) -> None:
    desk.stroke((200, 300))
    # Pressed within the very event that ends the stroke: no later is possible for the page to be late.
    desk.page.evaluate(
        """() => document.querySelector(".ge-paint canvas").addEventListener(
            "pointerup", () => document.querySelector("#read").click(), { once: true })"""
    )
    with desk.reading():
        desk.stroke((600, 300), (800, 300))
    _assert_alike(desk.app.reads[-1], _disc(200, 300, BRUSH_PX / 2) | _band(600, 800, 300, BRUSH_PX / 2))


def test_painting_sends_nothing_to_the_server(desk: Desk) -> None:
    desk.mask()
    sent: list[str] = []
    desk.page.on("request", lambda request: sent.append(request.url))
    for x in (200, 400, 600):
        desk.stroke((x, 300), (x + 100, 350))
    desk.press("Control+z")
    desk.tool("invert").click()
    desk.page.wait_for_timeout(300)
    assert not [url for url in sent if not url.startswith("data:")]


def test_a_mask_from_the_server_is_one_more_step(desk: Desk) -> None:
    desk.stroke((700, 500))
    desk.page.evaluate("void (window.kept = document.querySelector('.ge-paint canvas'))")
    desk.page.locator("#disc").click()
    desk.wait_for_paint_at(300, 200)
    np.testing.assert_array_equal(desk.mask(), _disc(300, 200, 80))
    assert _is_red(desk.color(300, 200)) and not _is_red(desk.color(700, 500))
    desk.press("Control+z")
    _assert_alike(desk.mask(), _disc(700, 500, BRUSH_PX / 2))
    desk.press("Control+z")
    assert not desk.mask().any()
    desk.press("Control+y", "Control+y")
    np.testing.assert_array_equal(desk.mask(), _disc(300, 200, 80))
    assert desk.page.evaluate("window.kept === document.querySelector('.ge-paint canvas')")


def test_another_picture_forgets_what_was_painted_and_none_hides_the_painter(desk: Desk) -> None:
    desk.stroke((200, 300))
    desk.page.locator("#other").click()
    expect(desk.tool("undo")).to_be_disabled()
    assert desk.page.evaluate("getComputedStyle(document.querySelector('.ge-paint-stage')).aspectRatio") == "500 / 1024"
    desk.page.locator("#close").click()
    expect(desk.canvas).to_be_hidden()
    desk.page.locator("#open").click()
    expect(desk.canvas).to_be_visible()
    assert not desk.mask().any()


def test_a_stroke_of_the_smart_selection_is_handed_over_and_not_painted(desk: Desk) -> None:
    desk.stroke((200, 500))
    desk.press("s")
    before = len(desk.app.strokes)
    desk.stroke((400, 300), (600, 300))
    expect(desk.tool("select")).to_have_attribute("aria-pressed", "true")
    desk.wait_for_paint_at(500, 350)
    assert len(desk.app.strokes) == before + 1
    _assert_alike(desk.app.strokes[-1], _band(400, 600, 300, BRUSH_PX / 2))
    _assert_alike(desk.mask(), _disc(200, 500, BRUSH_PX / 2) | _disc(500, 300, FOUND_PX))
    desk.press("Control+z")
    _assert_alike(desk.mask(), _disc(200, 500, BRUSH_PX / 2))


def test_what_is_painted_while_the_server_thinks_stays(desk: Desk) -> None:
    desk.app.may_answer.clear()
    desk.press("s")
    desk.stroke((400, 300), (600, 300))
    desk.press("b")
    desk.stroke((200, 500))
    desk.page.mouse.move(*desk.at(800, 100))
    desk.page.mouse.down()  # and the answer comes in the middle of a stroke
    desk.app.may_answer.set()
    desk.page.wait_for_timeout(400)
    desk.page.mouse.move(*desk.at(800, 200))
    desk.page.mouse.up()
    desk.wait_for_paint_at(500, 350)
    painted = _disc(200, 500, BRUSH_PX / 2) | _band(100, 200, 800, BRUSH_PX / 2, upright=True)
    _assert_alike(desk.mask(), painted | _disc(500, 300, FOUND_PX))
    desk.press("Control+z")
    _assert_alike(desk.mask(), painted)


def test_two_things_selected_quickly_are_both_in_the_mask(desk: Desk) -> None:
    desk.app.may_answer.clear()
    desk.press("s")
    desk.stroke((200, 300), (240, 300))
    desk.stroke((700, 300), (740, 300))
    desk.app.may_answer.set()
    desk.wait_for_paint_at(220, 340)
    desk.wait_for_paint_at(720, 340)
    _assert_alike(desk.mask(), _disc(220, 300, FOUND_PX) | _disc(720, 300, FOUND_PX))


def test_holding_a_key_or_the_button_shows_the_original(desk: Desk) -> None:
    desk.stroke((300, 300), (400, 300))
    for key in ("o", "\\"):
        desk.page.keyboard.down(key)
        assert desk.color(350, 300) == list(GRAY)
        desk.page.keyboard.up(key)
        assert _is_red(desk.color(350, 300))
    desk.tool("original").hover()
    desk.page.mouse.down()
    assert desk.color(350, 300) == list(GRAY)
    desk.page.mouse.up()
    assert _is_red(desk.color(350, 300))


def test_after_zooming_at_the_pointer_paint_lands_on_the_same_pixels(desk: Desk) -> None:
    mouse = desk.page.mouse
    mouse.move(*desk.at(300, 200))
    desk.page.keyboard.down("Control")
    for _ in range(4):
        mouse.wheel(0, -120)
    desk.page.keyboard.up("Control")
    desk.page.wait_for_timeout(100)
    desk.stroke((300, 200))  # the pixel under the pointer has stayed there
    _assert_alike(desk.mask(), _disc(300, 200, BRUSH_PX / 2))
    desk.press("0")
    desk.stroke((700, 400))
    _assert_alike(desk.mask(), _disc(300, 200, BRUSH_PX / 2) | _disc(700, 400, BRUSH_PX / 2))


def test_a_plain_wheel_scrolls_the_page_and_does_not_zoom(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 900, "height": 400})
    desk.canvas.hover()
    desk.page.mouse.wheel(0, 200)
    desk.page.wait_for_function("window.scrollY > 50")


def test_space_and_the_middle_button_move_the_picture_and_do_not_paint(desk: Desk) -> None:
    desk.canvas.hover()
    desk.tool("in").click()
    desk.tool("in").click()
    desk.page.mouse.move(*desk.at(512, 320))
    desk.page.keyboard.down("Space")
    desk.stroke((512, 320), (612, 320))
    desk.page.keyboard.up("Space")
    desk.stroke((512, 320), (512, 420), button="middle")
    assert not desk.mask().any()
    zoom = 1.5**2
    desk.stroke((612, 420))  # the picture's middle was dragged here
    _assert_alike(desk.mask(), _disc(512, 320, BRUSH_PX / 2), slack_px=zoom)


def test_the_mask_outlives_a_change_of_the_windows_size(desk: Desk) -> None:
    desk.stroke((300, 300), (400, 300))
    painted = desk.mask()
    desk.page.set_viewport_size({"width": 700, "height": 700})
    desk.page.wait_for_timeout(200)
    desk.box = desk.canvas.bounding_box() or {}
    desk.scale = min(desk.box["width"] / WIDTH, desk.box["height"] / HEIGHT)
    assert _is_red(desk.color(350, 300)) and not _is_red(desk.color(350, 400))
    np.testing.assert_array_equal(desk.mask(), painted)
    desk.stroke((600, 300))
    _assert_alike(desk.mask() & ~painted, _disc(600, 300, BRUSH_PX / 2))


@pytest.fixture(scope="module")
def narrow_page(app: App, chromium: Browser) -> Iterator[Desk]:
    size = {"width": 390, "height": 800}
    one = Desk(chromium, app, viewport=size, has_touch=True, is_mobile=True, device_scale_factor=2)
    yield one
    one.context.close()


@pytest.fixture
def phone(narrow_page: Desk) -> Iterator[Desk]:
    narrow_page.start()
    yield narrow_page
    assert not narrow_page.faults


def _touch(desk: Desk, *moments: list[tuple[float, float]]) -> None:
    """Put fingers down at the places of the first moment, move them through the others, and lift them."""
    session = desk.context.new_cdp_session(desk.page)
    for i, places in enumerate(moments):
        points = [dict(zip("xy", desk.at(*place), strict=True), id=n) for n, place in enumerate(places)]
        kind = "touchStart" if i == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_one_finger_paints_and_does_not_scroll(phone: Desk) -> None:
    _touch(phone, [(300, 100)], [(300, 300)], [(300, 500)])
    mask = phone.mask()
    assert mask[110:490, 300].all() and not mask[:, 400].any()
    assert phone.page.evaluate("window.scrollY") == 0


def test_two_fingers_zoom_and_do_not_paint(phone: Desk) -> None:
    _touch(phone, [(462, 320), (562, 320)], [(412, 320), (612, 320)], [(362, 320), (662, 320)])
    assert not phone.mask().any()
    phone.page.locator('[data-paint="brush"]').tap()
    _touch(phone, [(512 + 100, 320)])  # three times as close, 100 pixels from the middle are 33
    _assert_alike(phone.mask(), _disc(512 + 100 / 3, 320, BRUSH_PX / 2), slack_px=4)


def test_the_bar_of_tools_fits_a_phone_with_fingers_room(phone: Desk) -> None:
    bar = phone.page.locator(".ge-paint-bar").bounding_box() or {}
    for tool in phone.page.locator(".ge-paint-bar button").all():
        box = tool.bounding_box() or {}
        assert box["height"] >= 44 and box["width"] >= 34
        assert bar["x"] <= box["x"] and box["x"] + box["width"] <= bar["x"] + bar["width"]
    assert bar["height"] < 120


def test_the_tools_have_names_in_the_pages_language_alone(desk: Desk) -> None:
    expect(desk.page.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    desk.page.evaluate("document.documentElement.lang = 'zh-CN'")
    expect(desk.page.get_by_role("button", name="撤销", exact=True)).to_be_visible()
    desk.page.evaluate("document.documentElement.lang = 'en'")
