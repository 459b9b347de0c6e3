"""The loop that runs work: a time limit and Stop in every door, also in the middle of a step."""

import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.generation import _enlarged
from ganedit.image import Picture
from ganedit.requests import EditResult, EnhanceRequest, GenerateRequest, Progress, Request
from ganedit.ui import UiSettings, measuring, watch
from ganedit.ui.api_inpaint import InpaintCalls
from ganedit.ui.evaluate_events import EvaluateTab
from ganedit.ui.explore_events import Explorer
from ganedit.ui.fair import use_fair_queue
from ganedit.ui.generate_events import GenerateTab
from ganedit.ui.inpaint_events import InpaintTab
from ganedit.ui.measuring import Measurement
from ganedit.ui.styles import Style
from ganedit.ui.stylize_events import StylizeTab
from ganedit.ui.watch import EVALUATIONS, GoneError, once, result_of, watched

PICTURE = Picture(np.zeros((8, 8, 3), np.uint8))


class Step:
    """A step that takes as long as the test wants."""

    def __init__(self) -> None:
        self.begun, self.over, self.closed = threading.Event(), threading.Event(), threading.Event()

    def steps(self) -> Iterator[str]:
        try:
            self.begun.set()
            self.over.wait(60)
            yield "done"
        finally:
            self.closed.set()


@pytest.fixture
def step() -> Iterator[Step]:
    one = Step()
    yield one
    one.over.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0.005)


def test_a_step_that_takes_too_long_is_answered_at_once_and_its_lane_stays_taken(step: Step) -> None:
    lane = threading.Lock()
    with pytest.raises(BadRequestError, match="more than the"):
        result_of(watched(step.steps(), 0.02, lane))
    assert lane.locked() and not step.closed.is_set()
    step.over.set()
    with lane:
        assert step.closed.is_set()


def test_a_step_can_be_stopped_in_its_middle(step: Step) -> None:
    lane = threading.Lock()
    watching = watched(step.steps(), None, lane)
    assert next(watching) is None and step.begun.is_set()
    watching.close()
    step.over.set()
    with lane:
        assert step.closed.is_set()


def test_work_that_nobody_waits_for_is_given_up(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "is_wanted", lambda: lambda: not step.begun.is_set())
    with pytest.raises(GoneError):
        result_of(watched(step.steps(), None))


def test_one_piece_of_work_runs_in_a_lane_and_waiting_for_it_is_not_counted(step: Step) -> None:
    lane = threading.Lock()
    first, second = watched(step.steps(), None, lane), watched(once(lambda: "second"), 0.5, lane)
    next(first)
    assert next(second) is None
    step.over.set()
    assert [each for each in first if each] == ["done"]
    assert next(each for each in second if each) == "second"
    second.close()
    assert not lane.locked()


def test_an_error_of_the_work_comes_out_and_leaves_the_lane_free() -> None:
    lane = threading.Lock()
    with pytest.raises(ZeroDivisionError):
        result_of(watched(once(lambda: 1 / 0), None, lane))
    assert not lane.locked()


class SlowEngine(Engine):
    """Says that every edit takes twenty minutes, and finds nothing before it is let."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    def memory_bytes(self, request: Request) -> float:
        return 0.0

    def stream(self, request: Request) -> Iterator[Progress | EditResult]:
        yield Progress(0, 10, 1200.0, "upscale")
        yield EditResult((PICTURE,), request, "none", 0.1)

    def find_scratches(self, picture: Picture, sensitivity: float = 0.5) -> np.ndarray:
        self.step.over.wait(60)
        return np.zeros((8, 8), bool)


def _generate_tab(step: Step) -> GenerateTab:
    tab = GenerateTab(SlowEngine(step), 600.0)
    tab.parts = cast(Any, SimpleNamespace(status="status", model="model", drawn="drawn"))
    return tab


def _explorer(step: Step, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    monkeypatch.setattr(Explorer, "_worked", lambda *_: GenerateRequest("any"))
    tools = SimpleNamespace(way_to="way_to", frames="frames", kind="kind", photo="photo")
    tab = _generate_tab(step)
    return Explorer(tab._engine, tab, cast(Any, tools))


def _file(folder: Path) -> Path:
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    return folder / "a.png"


@pytest.mark.parametrize("door", ["generate", "way", "find", "paint"])
def test_drawing_has_a_time_limit(door: str, step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = _explorer(step, monkeypatch)
    values: Any = {"model": "any", "way_to": 1, "frames": 3, "kind": "GIF", "photo": _file(tmp_path)}
    doors: dict[str, Callable[[], Any]] = {
        "generate": lambda: list(explorer.tab.run(GenerateRequest("any"), None)),
        "way": lambda: list(explorer.way(values)),
        "find": lambda: list(explorer.find(values)),
        "paint": lambda: explorer.paint(values),
    }
    with pytest.raises((gr.Error, BadRequestError), match="about 20 minutes, more than the 10 allowed"):
        doors[door]()


def test_a_search_without_a_photo_is_told(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(gr.Error, match="Choose a photo"):
        list(_explorer(step, monkeypatch).find(cast(Any, {"model": "any", "photo": None})))


def test_the_scratch_endpoint_has_a_time_limit(step: Step, tmp_path: Path) -> None:
    with pytest.raises(gr.Error, match="more than the"):
        InpaintCalls(SlowEngine(step), 0.02).scratches(_file(tmp_path).read_bytes())


def test_the_search_for_scratches_on_the_page_has_a_time_limit_and_can_be_stopped(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = InpaintTab(SlowEngine(step), UiSettings(public=True))
    tab.desk = cast(Any, SimpleNamespace(view=SimpleNamespace(status="status")))
    monkeypatch.setattr(tab, "_photo", lambda values: None)
    monkeypatch.setattr(tab, "_scratches", lambda *_: step.over.wait(60))
    tab.limit_seconds = None
    steps = cast(Generator, tab.find_scratches({}))
    assert [next(steps), next(steps), next(steps)]
    steps.close()
    tab.limit_seconds = 0.02
    step.over.set()
    step.over = threading.Event()
    with pytest.raises(gr.Error, match="more than the"):
        list(tab.find_scratches({}))
    step.over.set()


def test_the_sheet_of_styles_has_a_time_limit(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = StylizeTab(SlowEngine(step), UiSettings(public=True))
    memory = SimpleNamespace(photo="photo")
    tab.desk = cast(Any, SimpleNamespace(view=SimpleNamespace(status="status"), memory=memory))
    tab.controls = cast(Any, SimpleNamespace(styles="styles", brush="brush", mixed="mixed", faces="faces"))
    monkeypatch.setattr("ganedit.ui.stylize_events.stage.preview_of", lambda *_: PICTURE)
    monkeypatch.setattr(type(tab.engine.registry), "is_installed", lambda *_: True)
    monkeypatch.setattr(tab, "_request", lambda *_: GenerateRequest("any"))
    values: Any = {"photo": SimpleNamespace(width=8), "styles": (Style("any", "a"),), "brush": 1.0}
    with pytest.raises(gr.Error, match="about 20 minutes"):
        list(tab.sheet(values))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Measurement:
    """A measurement whose process says nothing and does not end."""
    command = [sys.executable, "-c", "import time; time.sleep(601)"]
    monkeypatch.setattr(Measurement, "command", lambda *_: command)
    return Measurement("silent", "silent", "quick", "auto")


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "time.sleep(601)" in " ".join(child.cmdline())]


def test_an_evaluation_that_says_nothing_can_be_stopped_and_its_process_ends(
    silent: Measurement, tmp_path: Path
) -> None:
    steps = measuring.run(silent, tmp_path)
    assert next(steps) == {"stage": "start", "done": 0, "total": None}
    (child,) = _children()
    steps.close()
    assert not child.is_running()


def test_an_evaluation_has_a_time_limit_and_its_process_ends_with_it(
    silent: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = SimpleNamespace(status="s", report="r", sheet="sheet", download="d", command="c")
    tab = EvaluateTab(Engine(), None, cast(Any, parts), 0.05)
    monkeypatch.setattr(tab, "_measurement", lambda *_: silent)
    with pytest.raises(gr.Error, match="more than the"):
        list(tab.measure({}))
    with EVALUATIONS:
        assert not _children()


def test_enlarging_new_pictures_can_be_stopped_between_tiles() -> None:
    def enhance(request: EnhanceRequest) -> Iterator[Progress | EditResult]:
        for tile in range(4):
            yield Progress(tile, 4, 2.0, "upscale")
        yield EditResult((PICTURE,), request, "none", 1.0)

    def drawn() -> Generator[Progress, None, tuple[tuple[Picture, ...], tuple[str, ...]]]:
        yield Progress(2, 2, 0.0, "generate")
        return (PICTURE, PICTURE), ()

    steps = [*_enlarged(drawn(), 4, enhance)]
    assert len(steps) == 1 + 2 * 4 + 1
    assert steps[1].seconds_left == 4.0  # for both pictures, known before the first is begun
    assert [step.done for step in steps] == [2, *[0] * 4, *[1] * 4, 2]


def test_a_caller_who_leaves_ends_the_work_in_the_middle_of_a_step(step: Step) -> None:
    lane, gone = threading.Lock(), threading.Event()

    def call() -> str:
        try:
            return result_of(watched(step.steps(), None, lane))
        except GoneError:
            gone.set()
            raise

    with gr.Blocks() as page:
        gr.Button().click(call, None, gr.Textbox(visible=False), api_name="call", concurrency_id="gpu")
    use_fair_queue(page)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True)
    try:
        joined = httpx.post(f"{url}gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "a"})
        assert step.begun.wait(60)
        leaving = {"session_hash": "a", "fn_index": 0, "event_id": joined.json()["event_id"]}
        assert httpx.post(f"{url}gradio_api/cancel", json=leaving).status_code == 200
        assert gone.wait(60) and lane.locked()  # nothing else starts beside the step
        step.over.set()
        assert step.closed.wait(60)
    finally:
        page.close()
