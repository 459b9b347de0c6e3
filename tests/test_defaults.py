"""What an enhancement does where its request leaves it open: the same for every door."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganedit.defaults import PHOTO_MODEL, Settled, fitting_scale, settle
from ganedit.engine import Engine
from ganedit.errors import TooLargeError, UnknownModelError
from ganedit.image import Picture
from ganedit.models.registry import Registry
from ganedit.models.trials import Trials
from ganedit.requests import AUTO_MODEL, EnhanceRequest

PHONE = (4000, 3000)


def blank(width: int, height: int) -> Picture:
    """A picture that has a size and takes no memory."""
    return Picture(np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3)))


def settled(
    photo: tuple[int, int] = (400, 300), seconds: float = 5.0, registry: Registry | None = None, **asked: object
) -> Settled:
    took: Callable[[EnhanceRequest], float] = lambda request: seconds  # noqa: E731
    request = EnhanceRequest(blank(*photo), **asked)  # pyright: ignore[reportArgumentType]
    return settle(request, registry or Registry(), 80.0, took)


def test_a_photo_gets_the_photo_network_where_that_is_quick() -> None:
    done = settled(seconds=19.9)
    assert (done.request.model, done.request.scale) == (PHOTO_MODEL, 4.0)
    assert (done.notes, done.seconds) == ((), None)


def test_a_photo_gets_no_network_where_that_takes_long_and_is_told_how_to_have_it() -> None:
    done = settled(seconds=360.0)
    assert (done.request.model, done.request.scale) == ("none", 4.0)
    assert done.seconds == 360.0
    [note] = done.notes
    assert "6 minutes" in note and f"ask for {PHOTO_MODEL}" in note


def test_a_photo_network_that_is_not_here_is_never_waited_for() -> None:
    catalog = [card for card in Registry().cards() if card.id == "realesr-animevideov3"]
    done = settled(registry=Registry(catalog))
    assert done.request.model == "none"
    assert "fetch" in done.notes[0]


@pytest.mark.parametrize("model", ["none", "realesr-animevideov3", PHOTO_MODEL])
def test_a_model_that_is_named_stays(model: str) -> None:
    assert settled(model=model, seconds=1e9).request.model == model


def test_an_unknown_model_is_still_unknown() -> None:
    with pytest.raises(UnknownModelError):
        settled(model="no-such-model")


@pytest.mark.parametrize(
    ("size", "scale"), [((400, 300), 4), ((2236, 2236), 4), ((2582, 2582), 3), (PHONE, 2), ((8000, 6000), 1)]
)
def test_the_default_scale_always_fits_the_limit(size: tuple[int, int], scale: int) -> None:
    for model in (AUTO_MODEL, PHOTO_MODEL):
        done = settled(size, model=model)
        assert done.request.scale == scale
        assert bool(done.notes) == (scale < 4)
    if scale < 4:
        assert "the limit is 80" in done.notes[0] and f"{scale} times" in done.notes[0]


def test_a_scale_or_size_that_is_named_stays() -> None:
    assert settled(PHONE, scale=4.0).request.scale == 4.0
    assert settled(PHONE, size=(10, 20)).request.size == (10, 20)
    assert settled(PHONE, size=(10, 20)).request.scale is None


def test_a_scale_fits_up_to_the_last_pixel() -> None:
    assert fitting_scale((1000, 1000), 8, 16.0) == 4
    assert fitting_scale((1000, 1001), 8, 16.0) == 3
    assert fitting_scale((9000, 9000), 8, 16.0) == 1


@pytest.mark.parametrize(
    ("size", "asked", "advice"),
    [
        (PHONE, {"scale": 4.0}, "choose a scale of 2 at most"),
        (PHONE, {"size": (16000, 12000)}, "choose a smaller size"),
        ((8000, 6000), {"scale": 2.0}, "choose a scale of 1"),
        ((12000, 9000), {}, "make the picture smaller first"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_helps_there(
    size: tuple[int, int], asked: dict[str, object], advice: str
) -> None:
    request = EnhanceRequest(blank(*size), "none", **asked)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TooLargeError, match=advice) as caught:
        Engine().run(request)
    assert "raise" not in str(caught.value)


def test_the_record_names_what_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = Engine(Registry(cache=tmp_path))
    engine._trials.keep(PHOTO_MODEL, "auto", 1.0)  # a machine on which nothing is quick
    monkeypatch.setattr(Registry, "is_installed", lambda self, model_id: True)
    result = engine.run(EnhanceRequest(Picture(np.full((6, 8, 3), 90, np.uint8))))
    assert (result.model, result.request.model, result.request.scale) == ("none", "none", 4.0)  # pyright: ignore
    assert result.images[0].width == 32
    assert any(PHOTO_MODEL in note for note in result.notes)


def test_a_network_is_tried_once_on_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(self: Registry, *asked: object) -> None:
        raise AssertionError("the network was tried again")

    first = Engine(Registry(cache=tmp_path))
    first._trials.keep(PHOTO_MODEL, "auto", 2e-6)
    monkeypatch.setattr(Registry, "is_installed", lambda self, model_id: True)
    monkeypatch.setattr(Registry, "load", loads)
    again = Engine(Registry(cache=tmp_path))
    assert again.estimate(EnhanceRequest(blank(1000, 1000))) == pytest.approx(2.0)


def test_what_another_machine_took_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Trials(tmp_path / "speeds.json").keep("a", "auto", 0.5)
    assert Trials(tmp_path / "speeds.json").seconds_per_px("a", "auto") == 0.5
    assert Trials(tmp_path / "speeds.json").seconds_per_px("a", "float32") is None
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    assert Trials(tmp_path / "speeds.json").seconds_per_px("a", "auto") is None


@pytest.mark.parametrize("content", ["", "[]", '{"x": 3}', "\0"])
def test_a_damaged_file_of_speeds_costs_another_trial_only(tmp_path: Path, content: str) -> None:
    file = tmp_path / "speeds.json"
    file.write_text(content)
    assert Trials(file).seconds_per_px("a", "auto") is None
    Trials(file).keep("a", "auto", 0.25)
    assert Trials(file).seconds_per_px("a", "auto") == 0.25


def test_where_no_file_can_be_written_a_speed_is_known_while_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trials = Trials(tmp_path / "file" / "speeds.json")
    trials.keep("a", "auto", 0.5)
    assert trials.seconds_per_px("a", "auto") == 0.5
