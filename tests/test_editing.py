"""The course of an edit that all editing tabs share, on the smallest of them."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from mirror_tab import MirrorTab, build_mirror_tab
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.formats import open_picture
from ganedit.image import Picture
from ganedit.requests import EditResult, EnhanceRequest, Progress, Request
from ganedit.ui import watch
from ganedit.ui.editing import HISTORY_LENGTH, Updates, Values
from ganedit.ui.enhance import build_enhance_tab
from ganedit.ui.exchange import Exchange
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.result_view import COMPARE, EDIT
from ganedit.ui.session import Outcome, Photo
from ganedit.ui.settings import UiSettings


@pytest.fixture
def tab() -> Iterator[MirrorTab]:
    with gr.Blocks(), gr.Tabs():
        yield build_mirror_tab(Engine(), UiSettings(), Exchange())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(values).save(tmp_path / "holiday.png")
    return tmp_path / "holiday.png"


def _values(tab: MirrorTab, updates: Updates | None = None, **file: Any) -> Values:
    """What the page would send: how it starts, then what ``updates`` made of it, and the choices for the file."""
    memory, start = tab.desk.memory, FileChoices(**file)
    values: Values = {memory.photo: None, memory.outcome: None, memory.history: [], memory.stopped: False}
    values |= {part: getattr(start, name) for name, part in tab.desk.file.items()}
    return values | {block: value for block, value in (updates or {}).items() if block in values}


def _photo(tab: MirrorTab, file: Path) -> Photo:
    return tab.take(str(file), _values(tab))[tab.desk.memory.photo]


def _run(tab: MirrorTab, photo: Photo, history: tuple[Outcome, ...] = (), **file: Any) -> Updates:
    memory = tab.desk.memory
    *_, last = tab.run(_values(tab, {memory.photo: photo, memory.history: [*history]}, **file))
    return last


def _visible(updates: Updates) -> dict[Any, bool]:
    return {block: update["visible"] for block, update in updates.items() if "visible" in _fields(update)}


def _fields(update: Any) -> dict[str, Any]:
    return update if isinstance(update, dict) else {}


def test_a_new_picture_is_shown_on_the_tabs_own_stage(tab: MirrorTab, file: Path) -> None:
    updates = tab.take(str(file), _values(tab))
    (own,), view = tab.desk.stage, tab.desk.view
    assert updates[own]["value"] == "<b>holiday</b>"
    visible = _visible(updates)
    assert visible[own] and not visible[view.slider] and not visible[view.row] and not visible[view.empty]
    assert updates[tab.desk.memory.outcome] is None
    assert set(updates) <= set(tab.intake_outputs)


def test_the_picture_before_is_forgotten_only_when_the_new_one_is_good(tab: MirrorTab, file: Path) -> None:
    old = _photo(tab, file)
    values = _values(tab, {tab.desk.memory.photo: old})
    (file.parent / "bad.png").write_text("no picture")
    with pytest.raises(gr.Error):
        tab.take(str(file.parent / "bad.png"), values)
    assert old.path.exists()
    tab.take(str(file), values)
    assert not old.path.exists()


def test_a_tab_that_cannot_show_a_picture_leaves_the_one_before(
    tab: MirrorTab, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _photo(tab, file)

    def refuse(photo: Photo, values: Values) -> Updates:
        raise BadRequestError("Not this one.")

    monkeypatch.setattr(tab, "picture_in", refuse)
    with pytest.raises(gr.Error, match="Not this one"):
        tab.take(str(file), _values(tab, {tab.desk.memory.photo: old}))
    assert old.path.exists()


def test_a_result_can_be_gone_on_with_as_the_next_picture(tab: MirrorTab, file: Path) -> None:
    outcome = _run(tab, _photo(tab, file))[tab.desk.memory.outcome]
    picture = tab.recent.get(outcome.token).images[0]
    photo = tab.take_picture(picture, "holiday", _values(tab))[tab.desk.memory.photo]
    again = _run(tab, photo)[tab.desk.memory.outcome]
    assert again.download.name == "holiday-mirrored.png"
    assert np.array_equal(open_picture(again.download).pixels, open_picture(file).pixels)


def test_a_run_ends_with_the_comparison_and_a_file_named_by_the_tab(tab: MirrorTab, file: Path) -> None:
    updates = _run(tab, _photo(tab, file), format="webp")
    view, outcome = tab.desk.view, updates[tab.desk.memory.outcome]
    assert updates[view.switch]["value"] == COMPARE
    visible = _visible(updates)
    assert visible[view.slider] and visible[view.row] and visible[tab.desk.stage[0]] is False
    assert Path(updates[view.download]).name == outcome.download.name == "holiday-mirrored.webp"
    assert "32 × 24" in updates[view.status]
    assert set(updates) <= set(tab.run_outputs)


def test_a_stage_that_must_not_lose_what_is_drawn_is_only_hidden(
    tab: MirrorTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MirrorTab, "put_away", "hidden")
    (own,) = tab.desk.stage
    assert _visible(tab.switch_stage(COMPARE))[own] == "hidden"
    assert _visible(tab.switch_stage(EDIT))[own] is True


def test_without_a_picture_the_button_says_what_to_do(tab: MirrorTab) -> None:
    with pytest.raises(gr.Error, match="Choose a picture"):
        tab.wait(None)


def test_a_request_that_the_tab_refuses_is_a_toast(tab: MirrorTab, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(image: Picture, values: Values) -> Any:
        raise BadRequestError("Paint something first.")

    monkeypatch.setattr(tab, "request", refuse)
    with pytest.raises(gr.Error, match="Paint something first"):
        _run(tab, _photo(tab, file))


class _SlowEngine(Engine):
    """Says how long it will take, and notes whether it was stopped."""

    def __init__(self, seconds_left: float) -> None:
        super().__init__()
        self.seconds_left, self.stopped = seconds_left, False

    def stream(self, request: Request) -> Iterator[Progress | EditResult]:
        try:
            for done in range(1000):
                yield Progress(done, 1000, self.seconds_left, "upscale")
            yield EditResult((cast(EnhanceRequest, request).image,), request, "none", 0.1)
        finally:
            self.stopped = True


def test_progress_is_told_at_most_five_times_in_two_seconds(
    tab: MirrorTab, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.engine = _SlowEngine(5.0)
    photo = _photo(tab, file)
    clock = itertools.count(1.0, 0.001)
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(watch._Worker, "answer", lambda worker: worker._answers.get())  # no step takes long
    told = list(tab.run(_values(tab, {tab.desk.memory.photo: photo})))
    assert 5 <= len(told) - len(("load", "save", "result")) <= next(clock) / 0.4 + 1


def test_closing_a_run_stops_the_engine(tab: MirrorTab, file: Path) -> None:
    engine = tab.engine = _SlowEngine(5.0)
    steps = cast(Any, tab.run(_values(tab, {tab.desk.memory.photo: _photo(tab, file)})))
    next(steps)
    next(steps)
    steps.close()
    assert engine.stopped


def test_a_public_page_refuses_an_edit_that_takes_too_long(file: Path) -> None:
    with gr.Blocks(), gr.Tabs():
        tab = build_mirror_tab(_SlowEngine(1200.0), UiSettings(public=True), Exchange())
    with pytest.raises(gr.Error, match="about 20 minutes"):
        _run(tab, _photo(tab, file))


def test_the_history_is_bounded_and_what_leaves_it_is_removed(tab: MirrorTab, file: Path) -> None:
    photo = _photo(tab, file)
    first = _run(tab, photo)[tab.desk.memory.outcome]
    history = [first]
    for _ in range(HISTORY_LENGTH):
        history = _run(tab, photo, tuple(history))[tab.desk.memory.history]
    assert len(history) == HISTORY_LENGTH and first not in history
    assert not first.download.exists() and all(outcome.download.exists() for outcome in history)


def test_an_earlier_result_is_shown_again_until_it_is_gone(tab: MirrorTab, file: Path) -> None:
    outcome = _run(tab, _photo(tab, file))[tab.desk.memory.outcome]
    clicked = cast(gr.SelectData, SimpleNamespace(index=0))
    assert tab.reopen([outcome], clicked)[tab.desk.memory.outcome] is outcome
    tab.forget_history([outcome])
    with pytest.raises(gr.Error):
        tab.reopen([outcome], clicked)


def test_the_file_is_written_again_as_chosen_and_cannot_be_had_meanwhile(tab: MirrorTab, file: Path) -> None:
    memory, download = tab.desk.memory, tab.desk.view.download
    outcome = _run(tab, _photo(tab, file))[memory.outcome]
    shown: Updates = {memory.outcome: outcome, memory.history: [outcome]}
    closed, opened = tab.rewrite(_values(tab, shown, format="jpeg"))
    assert closed == {download: gr.update(interactive=False)}
    assert opened[download]["value"].endswith("holiday-mirrored.jpg") and opened[download]["interactive"]
    assert opened[memory.history] == [opened[memory.outcome]]
    with Image.open(opened[memory.outcome].download) as image:
        assert image.format == "JPEG"


def test_a_file_that_can_no_longer_be_written_again_can_still_be_had(tab: MirrorTab, file: Path) -> None:
    memory, download = tab.desk.memory, tab.desk.view.download
    outcome = _run(tab, _photo(tab, file))[memory.outcome]
    tab.recent.drop(outcome.token)
    steps = tab.rewrite(_values(tab, {memory.outcome: outcome, memory.history: [outcome]}, format="jpeg"))
    assert [next(steps)[download]["interactive"], next(steps)[download]["interactive"]] == [False, True]
    with pytest.raises(gr.Error):
        next(steps)


def test_after_a_stop_it_is_said_and_after_an_error_the_old_status_is_back(tab: MirrorTab, file: Path) -> None:
    outcome = _run(tab, _photo(tab, file))[tab.desk.memory.outcome]
    status = tab.desk.view.status
    assert "Stopped" in tab.broken_off(True, outcome)[status]
    assert tab.broken_off(False, outcome)[status] == outcome.status
    assert "Ready" in tab.broken_off(False, None)[status]
    assert tab.broken_off(False, None)[tab.desk.actions.run]["interactive"] is True


def test_no_two_components_of_two_tabs_share_an_id() -> None:
    with gr.Blocks() as page, gr.Tabs():
        build_enhance_tab(Engine(), UiSettings(), Exchange())
        build_mirror_tab(Engine(), UiSettings(), Exchange())
    ids = Counter(block.elem_id for block in page.blocks.values() if block.elem_id)
    assert [name for name, times in ids.items() if times > 1] == []
    assert {"ge-enhance-run", "ge-mirror-run", "ge-enhance-drop", "ge-mirror-drop"} <= set(ids)
