"""Strangers who train on one page: each sees, stops, removes and opens the runs of the own browser alone."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import BadRequestError, UnknownModelError
from ganedit.models.registry import Registry
from ganedit.models.snapshots import GENERATORS, write_snapshot
from ganedit.requests import AUTO_MODEL
from ganedit.ui import UiSettings, _owners, evaluate, train
from ganedit.ui import runs as runs_module
from ganedit.ui.enhance_events import EnhanceTab
from ganedit.ui.evaluate_events import EvaluateTab
from ganedit.ui.exchange import Exchange
from ganedit.ui.generate_events import GenerateTab
from ganedit.ui.owners import Owners, OwnRuns
from ganedit.ui.run import Run, Wish
from ganedit.ui.runs import Runs
from ganedit.ui.styles import Styles
from ganedit.ui.train_events import TrainTab

PATIENCE = 300
WISH = Wish("tiny.toml", "shapes", {"schedule.kimg": "1"})
ANN, BOB = "a" * 43, "b" * 43
WAITS = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit()); time.sleep(600)"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Runs whose process trains nothing, and ends when it is told to."""
    monkeypatch.setattr(Run, "command", lambda self, out, **_: [sys.executable, "-c", WAITS, out])
    runs = Runs(tmp_path / "runs")
    yield runs
    runs.close()


@pytest.fixture
def owners(runs: Runs) -> Owners:
    return Owners(runs, apart=True)


def mine(owners: Owners, key: str) -> OwnRuns:
    own = owners.of(key)
    assert isinstance(own, OwnRuns)
    return own


def until(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_its_owners_alone_and_found_by_the_key_in_a_later_app(owners: Owners, runs: Runs) -> None:
    run = mine(owners, ANN).start(WISH)
    assert [each.name for each in mine(owners, ANN).all()] == [run.name]
    later = Owners(runs, apart=True)
    assert later.of(ANN).get(run.name) and not later.of(BOB).all() and later.of(BOB).get(run.name) is None
    for act in (BOB, "", None, "short", 7, {"a": 1}, "x" * 10_000):
        stranger = owners.of(act)
        assert not stranger.all()
        for do in (stranger.stop, stranger.resume, stranger.remove, stranger.publish):
            with pytest.raises(BadRequestError, match="This run is gone"):
                do(run.name)
    assert runs.get(run.name)


def test_the_key_stands_nowhere_on_the_disk_and_a_browser_without_one_gets_one(owners: Owners, tmp_path: Path) -> None:
    key = owners.key("")
    assert len(key) >= 32 and owners.key(key) == key and owners.key("") != key and owners.key({"no": "key"}) != key
    run = mine(owners, key).start(WISH)
    assert key not in (run.folder / "job.json").read_text()


def test_what_waits_is_bounded_for_each_and_for_all(
    owners: Owners, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        mine(owners, ANN).start(WISH)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for act in (lambda: mine(owners, ANN).start(WISH), lambda: mine(owners, ANN).take_uploads([tmp_path / "a.png"])):
        with pytest.raises(BadRequestError, match="2 runs of yours go on or wait already"):
            act()
    waits = mine(owners, ANN).all()[0]
    mine(owners, ANN).stop(waits.name)
    mine(owners, ANN).start(WISH)
    with pytest.raises(BadRequestError, match="2 runs of yours"):
        mine(owners, ANN).resume(waits.name)
    monkeypatch.setattr(runs_module, "_ALL_AT_ONCE", 2)
    with pytest.raises(BadRequestError, match="Too many runs wait here"):
        mine(owners, BOB).start(WISH)
    assert not list((tmp_path / "runs").glob("uploads/*"))


def test_keys_that_are_invented_at_one_address_do_not_take_all_places(owners: Owners) -> None:
    for number in range(4):
        owners.of(f"{number}" * 43, "192.0.2.1").start(WISH)
    for act in (lambda own: own.start(WISH), lambda own: own.take_uploads([])):
        with pytest.raises(BadRequestError, match="4 runs of your address go on or wait"):
            act(owners.of(ANN, "192.0.2.1"))
    owners.of(ANN, "192.0.2.2").start(WISH)
    for number in range(2):  # behind an unknown proxy all share one address
        owners.of(f"{number}x" * 30).start(WISH)
    stopped = owners.of("3" * 43).all()[0].name
    owners.of("3" * 43).stop(stopped)
    owners.of(BOB, "192.0.2.1").start(WISH)
    with pytest.raises(BadRequestError, match="4 runs of your address"):
        owners.of("3" * 43, "192.0.2.1").resume(stopped)


def test_a_strangers_run_trains_for_a_while_then_it_is_the_next_ones_turn(
    owners: Owners, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "_TURN_SECONDS", 0.0)
    first, second = mine(owners, ANN).start(WISH), mine(owners, BOB).start(WISH)
    until(lambda: all((run := runs.get(each.name)) and run.state == "stopped" for each in (first, second)))
    ended = runs.get(first.name)
    assert ended and "for an hour at a time" in ended.message
    mine(owners, ANN).resume(first.name)
    until(lambda: (again := runs.get(first.name)) and again.state == "stopped")
    shared = Owners(runs, apart=False).of("").start(WISH)
    until(lambda: (run := runs.get(shared.name)) and run.state == "training")
    assert not runs._training or runs._training.is_running()


def test_of_strangers_ended_runs_the_newest_are_kept_and_those_with_a_model_longest(
    owners: Owners, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "_KEPT", 2)
    shared = runs.start(WISH)
    runs.stop(shared.name)
    trained = mine(owners, ANN).start(WISH)
    (trained.folder / "snapshot-000000001.safetensors").touch()
    mine(owners, ANN).stop(trained.name)
    until(lambda: not any(run.is_live for run in runs.all()))
    names = []
    for _ in range(4):
        names.append(mine(owners, BOB).start(WISH).name)
        runs.stop(names[-1])
        until(lambda: (run := runs.get(names[-1])) and not run.is_live)
    mine(owners, BOB).start(WISH)
    assert [name for name in names if runs.get(name)] == names[-1:]
    assert runs.get(trained.name) and runs.get(shared.name)


def test_uploads_for_a_run_that_may_not_begin_are_not_kept(owners: Owners, runs: Runs, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    data = mine(owners, ANN).take_uploads([tmp_path / "a.png"])
    for _ in range(2):
        mine(owners, ANN).start(WISH)
    with pytest.raises(BadRequestError):
        mine(owners, ANN).start(Wish(WISH.recipe, data, WISH.settings))
    assert not Path(data).exists()


def test_where_nobody_is_a_stranger_all_runs_are_everybodys_without_a_bound(runs: Runs) -> None:
    shared = Owners(runs, apart=False)
    for _ in range(4):
        shared.of("").start(WISH)
    assert len(shared.of(ANN).all()) == 4 and shared.key("") == "" and runs.all()[0].model == runs.all()[0].name


@pytest.fixture
def page(owners: Owners, monkeypatch: pytest.MonkeyPatch) -> tuple[gr.Blocks, TrainTab]:
    """A Train tab, and what its events do."""
    tabs: list[TrainTab] = []

    class Noted(TrainTab):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told)
            tabs.append(self)

    monkeypatch.setattr(train, "TrainTab", Noted)
    with gr.Blocks(analytics_enabled=False) as page:
        train.build_train_tab(owners, gr.BrowserState(""), Exchange(), by_path=False)
    return page, tabs[0]


def test_no_event_of_the_page_shows_or_does_anything_to_a_strangers_run(
    page: tuple[gr.Blocks, TrainTab], owners: Owners, runs: Runs
) -> None:
    run, tab = mine(owners, ANN).start(WISH), page[1]
    parts = tab.parts

    def told(key: str) -> dict[Any, Any]:
        return {parts.key: key, parts.chosen: run.name, parts.live: True, parts.moment: 0, parts.seen: ""}

    click = gr.EventData(None, {"run": run.name})
    for show in (tab.refresh, tab.tick, lambda values: tab.choose(values, click)):
        assert run.name in str(show(told(ANN))) and run.name not in str(show(told(BOB)))
    for act in (tab.stop, tab.resume, tab.remove, tab.publish, tab.give_snapshot):
        with pytest.raises(gr.Error):
            act(told(BOB))
    left = runs.get(run.name)
    assert left and left.state in ("waiting", "training")
    tab.stop(told(ANN))
    until(lambda: (ended := runs.get(run.name)) and not ended.is_live)
    tab.remove(told(ANN))
    assert runs.get(run.name) is None


def test_a_run_begins_with_a_length_and_for_an_address(page: tuple[gr.Blocks, TrainTab], owners: Owners) -> None:
    parts = page[1].parts
    values: dict[Any, Any] = {parts.key: ANN, parts.source: "shapes", parts.recipe: "quickstart"}
    values |= dict.fromkeys([*parts.knobs.values(), parts.path, parts.files], "")
    with pytest.raises(gr.Error, match="must be a number"):
        page[1].start(values | {parts.knobs["kimg"]: "long"})
    assert not owners.of(ANN).all()
    caller: Any = SimpleNamespace(client=SimpleNamespace(host="192.0.2.1"))
    for number in range(4):
        values[parts.key] = f"{number}" * 43
        page[1].start(values, caller)
    values[parts.key] = ANN
    with pytest.raises(gr.Error, match="4 runs of your address"):
        page[1].start(values, caller)


@pytest.mark.parametrize(("arch", "task"), [("r3gan", "generate"), ("painter", "stylize"), ("span", "enhance")])
def test_a_run_is_offered_to_the_tab_that_its_model_is_for(
    page: tuple[gr.Blocks, TrainTab], owners: Owners, arch: str, task: str
) -> None:
    run, parts = mine(owners, ANN).start(Wish("tiny.toml", "shapes", {"generator.arch": arch})), page[1].parts
    (run.folder / "snapshot-000000004.safetensors").touch()
    shown = page[1].refresh({parts.key: ANN, parts.chosen: run.name, parts.live: True})
    assert [each for each, button in parts.opens.items() if shown[button]["visible"]] == [task]


def test_every_event_that_is_told_a_run_is_told_the_key_too(page: tuple[gr.Blocks, TrainTab]) -> None:
    blocks, parts = page[0], page[1].parts
    for event in blocks.fns.values():
        name = getattr(event.fn, "__name__", "")
        if parts.chosen in event.inputs or parts.chosen in event.outputs:
            assert parts.key in event.inputs or name == "ask", name


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("GANEDIT_RUNS", str(tmp_path / "all-runs"))
    return Engine(Registry((), weights=tmp_path / "weights", cache=tmp_path / "cache"))


@pytest.mark.parametrize("arch", ["r3gan", "painter", "span"])
def test_a_strangers_model_is_in_no_list_and_opens_for_who_has_its_id(
    engine: Engine, runs: Runs, tmp_path: Path, arch: str
) -> None:
    owners = _owners(engine, UiSettings(public=True, training=True))
    assert owners
    run = mine(owners, ANN).start(Wish("tiny.toml", "shapes", {"schedule.kimg": "1", "generator.arch": arch}))
    until(lambda: (begun := owners.of(ANN).get(run.name)) and begun.state == "training")
    arguments = {"z_dim": 8, "resolution": 8, "width": 8} if arch == "r3gan" else {"width": 4}
    network = GENERATORS[arch](**arguments)
    write_snapshot(run.folder / "snapshot-000000004.safetensors", network, arch, {"class_names": []})
    owners.of(ANN).publish(run.name)
    registry = engine.registry
    assert not registry.cards() and not registry.rows() and not registry.problems
    with pytest.raises(UnknownModelError):
        registry.get(run.name)
    assert registry.get(run.model).arch == arch and run.name in run.model and len(run.model) > 32
    if arch == "painter":
        assert run.model not in str(Styles(engine).all()) and run.model in str(Styles(engine).all([run.model]))
    elif arch == "span":
        with gr.Blocks(analytics_enabled=False):
            tab = EnhanceTab(engine, UiSettings(public=True))
        assert run.model not in str(tab.refresh_models(AUTO_MODEL)["choices"])
        assert tab.refresh_models(run.model)["value"] == run.model
    else:
        assert GenerateTab(engine, None).refresh(None)["choices"] == []
        assert GenerateTab(engine, None).refresh(run.model)["value"] == run.model
        assert mine_in_evaluate(engine, owners, ANN) == [(run.name, run.model)]
        assert mine_in_evaluate(engine, owners, BOB) == []
    owners.of(ANN).stop(run.name)
    until(lambda: (ended := owners.of(ANN).get(run.name)) and not ended.is_live)
    owners.of(ANN).remove(run.name)
    assert not registry.has(run.model) and not list((tmp_path / "weights").rglob("*.safetensors"))


def mine_in_evaluate(engine: Engine, owners: Owners, key: str) -> list[tuple[str, str]]:
    """The models that Evaluate lists for a browser."""
    tabs: list[EvaluateTab] = []

    class Noted(EvaluateTab):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told)
            tabs.append(self)

    with pytest.MonkeyPatch.context() as patch, gr.Blocks(analytics_enabled=False):
        patch.setattr(evaluate, "EvaluateTab", Noted)
        evaluate.build_evaluate_tab(engine, UiSettings(public=True), owners, gr.BrowserState(""))
    (update,) = tabs[0].refresh(None, key).values()
    return update["choices"]
