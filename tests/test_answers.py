"""Every malformed call, to the endpoints and to the page's own events, ends in one sentence and one line of the log."""

import asyncio
import inspect
import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.state_holder import SessionState

from ganedit.engine import Engine
from ganedit.ui import UiSettings, build_ui, launch_options

HOSTILE: list[Any] = [
    "false", "x" * 5000, True, -1, 1e308, [], [[1]], {}, {"path": 5}, "data:image/png;base64,AAAA", "http://127.0.0.1:9/a.png",
    {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}},
]  # fmt: skip
CLICKS: list[Any] = [None, "x", [], {"example": "../../x"}, {"example": {}}, {"index": -9, "value": 1}, {"index": {}}]
GRADIOS_OWN = re.compile(r"not in the list|Traceback|Wanted inputs|Expected|validation error|\(type:")


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """The whole page, being served; files are only believed to be uploaded if they are."""
    settings = UiSettings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_PER_MIN", "0")
        page = build_ui(Engine(), settings)
        page.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
        yield page
        page.close(verbose=False)


@pytest.fixture
def client(page: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[httpx.Client]:
    """Calls the server; each test makes one call, after which the log has at most one line, and no traceback."""
    with httpx.Client(base_url=page.local_url, timeout=60) as client:
        yield client
    assert "Traceback" not in "".join(capfd.readouterr()) + caplog.text
    assert len(caplog.text.splitlines()) <= 1 and len(caplog.text) < 800


def told(answer: httpx.Response) -> str:
    """Give the sentence of a refusal, which must be one."""
    detail = answer.json()["detail"]
    assert isinstance(detail, str) and 8 < len(detail) <= 800, detail
    return detail


@cache
def session(page: Any) -> SessionState:
    return SessionState(page)


def outcome(page: Any, fn: Any, data: list[Any], click: Any = None) -> str | None:
    """Give the sentence that a call ends with; None for a result. Gradio prints no traceback for what it raises."""
    told = {"state": session(page), "event_data": gr.EventData(None, click)}

    async def whole() -> None:
        step = await page.process_api(fn, data, **told)
        while step["is_generating"]:
            step = await page.process_api(fn, data, **told, iterator=step["iterator"])

    try:
        asyncio.run(whole())
    except gr.Error as error:
        assert not error.print_exception
        assert 8 < len(error.message) <= 1300 and not GRADIOS_OWN.search(error.message), error.message
        return error.message
    return None


def values_of(fn: Any) -> list[Any]:
    plain = (gr.Textbox, gr.Number, gr.Checkbox, gr.Dropdown, gr.Radio, gr.Slider)
    return [block.value if isinstance(block, plain) and block.value is not None else None for block in fn.inputs]


def endpoint(page: Any, name: str) -> Any:
    return next(fn for fn in page.fns.values() if fn.api_name == name)


def with_value(page: Any, name: str, field: str, value: Any) -> list[Any]:
    """Give the usual values of an endpoint, and one that is not."""
    fn = endpoint(page, name)
    fields = list(inspect.signature(fn.fn).parameters)
    return [value if each == field else usual for each, usual in zip(fields, values_of(fn), strict=False)]


@pytest.mark.parametrize("name", ["models", "enhance", "inpaint", "outpaint", "scratches", "stylize", "generate"])
def test_no_value_of_an_endpoint_gets_a_raw_answer(page: Any, name: str) -> None:
    fn, chance = endpoint(page, name), random.Random(0)
    usual = values_of(fn)
    for place in range(len(usual)):
        for hostile in chance.sample(HOSTILE, 2):
            said = outcome(page, fn, [*usual[:place], hostile, *usual[place + 1 :]])
            assert name == "models" or said, (place, hostile)


@pytest.mark.parametrize(
    ("name", "field", "value", "sentence"),
    [
        ("enhance", "color_guard", "false", "color_guard must be true or false, not 'false'."),
        ("inpaint", "detail", "no", "detail must be true or false, not 'no'."),
        ("enhance", "image", "iVBORw0KGgo", "image must be a file that was sent to /gradio_api/upload"),
        ("stylize", "image", "http://127.0.0.1:9/a.png", "image must be a file that was sent"),
        ("scratches", "image", ["a"], "image must be a file that was sent"),
        ("scratches", "sensitivity", "0.5", "sensitivity must be a number from 0 to 1, not '0.5'."),
        ("generate", "count", [2], "count must be a number from 1 to 64, not '[2]'."),
        ("enhance", "format", "JPG", "format must be one of png, jpeg, webp, avif, not 'JPG'."),
        ("outpaint", "aspect", ["16:9"], "aspect must be a text, not ['16:9']."),
        ("models", "task", "x" * 1_000_000, "task must be one of enhance, inpaint, stylize, generate, not 'xxx"),
        ("enhance", "model", "x" * 1_000_000, "no picture"),
    ],
)
def test_a_value_of_another_kind_is_told_by_the_name_of_its_field(
    page: Any, name: str, field: str, value: Any, sentence: str
) -> None:
    said = outcome(page, endpoint(page, name), with_value(page, name, field, value)) or ""
    assert sentence in said or (field == "model" and said)
    assert len(said) < 300


@pytest.mark.parametrize("count", [0, 1, 40])
def test_missing_and_surplus_fields_are_told_with_the_names(page: Any, count: int) -> None:
    said = outcome(page, endpoint(page, "inpaint"), [None] * count)
    fields = "image, mask, model, grow, feather, detail, format, quality"
    assert said == f"/inpaint takes 8 values ({fields}), not {count}."


def test_a_field_of_null_is_its_default(page: Any) -> None:
    assert outcome(page, endpoint(page, "models"), [None]) is None


def test_no_event_of_the_page_gets_a_raw_answer(page: Any, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(0)
    for fn in page.fns.values():
        if fn.api_visibility == "public" or fn.fn is None:
            continue
        usual = values_of(fn)
        outcome(page, fn, usual[:-1])
        outcome(page, fn, usual)
        for click in CLICKS if fn.collects_event_data else ():
            outcome(page, fn, usual, click)
        if usual:
            place = chance.randrange(len(usual))
            outcome(page, fn, [*usual[:place], chance.choice(HOSTILE), *usual[place + 1 :]])
    assert "Traceback" not in caplog.text


def test_a_refused_call_comes_back_over_the_queue_as_its_sentence(client: httpx.Client) -> None:
    event = client.post("/gradio_api/call/models", json={"data": ["x" * 1_000_000]}).json()["event_id"]
    answer = client.get(f"/gradio_api/call/models/{event}").text
    assert answer.startswith("event: error")
    assert "task must be one of enhance" in answer and len(answer) < 500


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("call/nothing", {"data": []}, 404),
        ("call/v2/nothing", {}, 404),
        ("call/v2/enhance", {"zoom": 3}, 400),
        ("call/enhance", {}, 422),
        ("call/enhance", {"data": "x" * 100_000}, 422),
        ("call/enhance", [], 422),
        ("queue/join", {"data": [], "fn_index": 99_999, "session_hash": "a"}, 404),
        ("queue/join", {"data": [], "fn_index": "x" * 100_000, "session_hash": "a"}, 422),
        ("run/predict", {"data": [], "fn_index": 99_999}, 404),
        ("component_server", {"data": 1, "component_id": 99_999, "session_hash": "a", "fn_name": "x"}, 404),
        ("cancel", {}, 422),
    ],
)
def test_a_call_that_leads_nowhere_is_a_4xx(client: httpx.Client, path: str, body: Any, status: int) -> None:
    answer = client.post(f"/gradio_api/{path}", json=body)
    assert answer.status_code == status, answer.text
    told(answer)


def test_a_call_that_skips_the_queue_is_refused_with_a_4xx_too(page: Any, client: httpx.Client) -> None:
    direct = next(number for number, fn in page.fns.items() if fn.fn and not fn.queue and fn.inputs)
    answer = client.post("/gradio_api/run/predict", json={"data": [], "fn_index": direct})
    assert answer.status_code == 400
    assert "does not fit" in answer.json()["error"]


@pytest.mark.parametrize("path", ["call/enhance/nothing", "queue/data?session_hash=nothing", "file=" + "x" * 3000])
def test_what_is_not_there_is_not_begun(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/gradio_api/{path}")
    assert answer.status_code in (403, 404)
    told(answer)


def test_a_mistake_of_ours_is_logged_with_its_traceback_and_told_without(
    page: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*asked: Any) -> None:
        raise RuntimeError("secret " + "x" * 100_000)

    monkeypatch.setattr("ganedit.ui.enhance_events.scales_for", broken)
    fn = next(fn for fn in page.fns.values() if fn.name == "show_model")
    said = outcome(page, fn, values_of(fn)) or ""
    assert "went wrong on our side" in said and "secret" not in said
    assert "Traceback" in caplog.text and "secret" in caplog.text and len(caplog.text) < 8000
