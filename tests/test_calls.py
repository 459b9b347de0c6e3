"""The JSON of a call, read before gradio reads it."""

import base64
import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgi import ask, echo
from starlette.types import Receive, Scope, Send

from ganedit.ui.http import Harden, Rules, reading
from ganedit.ui.http.calls import MAX_DEPTH, MAX_FILES, MAX_JSON_BYTES, MAX_OWN_FILES, MAX_VALUES

JOIN = "/gradio_api/queue/join"
DOORS = (JOIN, "/gradio_api/call/enhance", "/gradio_api/call/v2/enhance", "/gradio_api/run/x", "/gradio_api/api/x/")
META = {"_type": "gradio.FileData"}
PICTURE = base64.b64encode(b"a picture" * 100).decode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def _send(body: bytes | Any, path: str = JOIN, **headers: str) -> tuple[int, Any]:
    """Send a call; give the status and either the refusal or what gradio would have read."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = ask(Harden(echo, Rules(per_minute=0)), "POST", path, content=raw, headers=headers)
    return answer.status_code, answer.json().get("detail", answer.json().get("json"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "file",
    [
        {"path": "http://example.org/a.png", "meta": META},
        {"path": "  HTTPS://example.org/a.png"},
        {"path": "ftp://example.org/a.png"},
        {"path": "//example.org/a.png"},
        {"path": "\\\\server\\share\\a.png"},
        {"path": "file:///etc/passwd"},
        {"path": "/tmp/a.png", "url": "http://example.org/a.png"},
        {"url": "http://example.org/a.png"},
        {"path": 5, "url": "http://example.org/gradio_api/a.png"},
    ],
)
def test_a_file_is_not_fetched_from_an_address(door: str, file: dict[str, Any]) -> None:
    for call in ({"data": [file]}, {"data": [[{"image": file, "caption": None}]]}, {"image": {"a": [[file]]}}):
        status, sentence = _send(call, door)
        assert status == 400
        assert "not fetched from an address" in sentence and "--allow-addresses" in sentence


def test_of_two_values_of_one_name_the_app_reads_the_one_that_was_checked() -> None:
    assert _send(b'{"data": [{"path": "/a", "path": "http://example.org/"}]}')[0] == 400
    assert _send(b'{"data": [{"path": "http://example.org/", "path": "/a"}]}') == (200, {"data": [{"path": "/a"}]})


@pytest.mark.parametrize(
    "url",
    [
        None,
        "/gradio_api/file=/tmp/a.png",
        "http://127.0.0.1:7860/gradio_api/file=/tmp/a.png",
        "https://x.org/t/gradio_api/file=a",
    ],
)
def test_a_file_that_the_app_serves_comes_back_without_its_address(url: str | None) -> None:
    status, read = _send({"data": [{"path": "/tmp/gradio/a.png", "url": url, "meta": META, "size": 3}]})
    assert (status, read) == (200, {"data": [{"path": "/tmp/gradio/a.png", "meta": META, "size": 3}]})


@pytest.mark.parametrize("key", ["path", "url"])
def test_a_picture_may_be_sent_inside_the_call(key: str, folder: Path) -> None:
    status, read = _send({"data": [{key: f"data:image/png;base64,{PICTURE}"}], "fn_index": 3})
    [file] = read["data"]
    assert (status, file["meta"], read["fn_index"]) == (200, META, 3)
    assert Path(file["path"]).read_bytes() == b"a picture" * 100
    assert Path(file["path"]).is_relative_to(folder) and file["path"].endswith(".png")


@pytest.mark.parametrize(("door", "call"), [(DOORS[1], {"data": ["", "X"]}), (DOORS[2], {"task": "", "image": "X"})])
def test_a_call_by_hand_may_give_the_picture_as_a_text(door: str, call: dict[str, Any]) -> None:
    raw = json.dumps(call).replace("X", f"data:image/webp;base64,{PICTURE}").encode()
    status, read = _send(raw, door)
    file = read["data"][1] if "data" in read else read["image"]
    assert status == 200 and Path(file["path"]).read_bytes() == b"a picture" * 100


def test_what_the_page_sends_as_a_text_stays_a_text(folder: Path) -> None:
    call = {"data": [f"data:image/png;base64,{PICTURE}"]}
    assert _send(call) == (200, call)
    assert _files(folder) == []


def test_a_damaged_picture_is_told_and_nothing_is_left_behind(folder: Path) -> None:
    sound, broken = f"data:image/png;base64,{PICTURE}", "data:image/png;base64,AAA"
    status, sentence = _send({"data": [{"path": sound}, {"path": broken}]})
    assert (status, sentence) == (400, "A data: URI is damaged; its base64 must be whole.")
    assert _files(folder) == []


def test_pictures_inside_a_call_count_as_uploads_and_not_as_its_text() -> None:
    large = base64.b64encode(bytes(MAX_JSON_BYTES)).decode()
    assert _send({"data": [{"path": f"data:image/png;base64,{large}"}]})[0] == 200
    status, sentence = _send({"data": [large]})
    assert (status, sentence) == (400, "A call may be 8 MB large without files; send less at once.")


def test_a_call_names_a_thousand_files_at_most() -> None:
    assert _send({"data": [[{"path": "/a", "meta": META}] * MAX_FILES]})[0] == 200
    status, sentence = _send({"data": [[{"path": "/a", "meta": META}] * MAX_FILES], "event_data": {"path": "/b"}})
    assert (status, sentence) == (400, "A call may name 1000 files at most; send fewer, or a zip of them.")


def test_on_ones_own_machine_a_call_may_name_ten_thousand() -> None:
    app = Harden(echo, Rules(public=False, per_minute=30))
    many = {"data": [[{"path": "/a", "meta": META}] * MAX_OWN_FILES]}
    assert ask(app, "POST", JOIN, json=many).status_code == 200
    many["data"].append([{"path": "/b"}])
    assert "10000 files at most" in ask(app, "POST", JOIN, json=many).json()["detail"]


def test_naming_many_files_costs_as_much_as_many_calls() -> None:
    app = Harden(echo, Rules(per_minute=30))
    many = {"data": [[{"path": "/a", "meta": META}] * MAX_FILES]}
    assert [ask(app, "POST", JOIN, json=many).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"data": ' + b"[" * 500 + b"]" * 500 + b"}", f"A call may be {MAX_DEPTH} levels deep at most."),
        (b"[" * 100_000 + b"]" * 100_000, "JSON in UTF-8"),
        (b'{"data": [' + b"0," * MAX_VALUES + b"0]}", f"{MAX_VALUES} values at most"),
        (b'{"data": [{' + b",".join(b'"%d":0' % i for i in range(MAX_VALUES + 1)) + b"}]}", "values at most"),
        (b'{"data": ["\xff"]}', "JSON in UTF-8"),
        ('{"data": []}'.encode("utf-16"), "JSON in UTF-8"),
        (b'{"data": [NaN]}', "JSON in UTF-8"),
        (b"data=1", "JSON in UTF-8"),
    ],
)
def test_what_would_keep_the_server_from_everybody_else_is_refused(body: bytes, sentence: str) -> None:
    status, told = _send(body)
    assert status == 400 and sentence in told


def test_a_packed_body_is_refused() -> None:
    status, sentence = _send(gzip.compress(b'{"data": []}'), **{"Content-Encoding": "gzip"})
    assert (status, sentence) == (415, "A packed body is not read; send it as it is.")


def _call_tool(picture: str) -> tuple[Any, set[str]]:
    """Call a tool over MCP with a picture; give the answer, and the files that gradio is to remove."""
    server = SimpleNamespace(tool_to_endpoint={"enhance": "/enhance"}, get_input_schema=lambda name: ({}, [["image"]]))
    blocks = SimpleNamespace(mcp_server_obj=server, upload_file_set=set(), share_url=None)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Harden(echo)({**scope, "app": SimpleNamespace(blocks=blocks, auth=None)}, receive, send)

    params = {"name": "enhance", "arguments": {"image": picture, "text": "http://is.a/text"}}
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    return ask(app, "POST", "/gradio_api/mcp/", json=message).json(), blocks.upload_file_set


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        ("https://example.org/a.png", "not fetched from an address"),
        ("data:image/png;base64,AAA", "base64 must be whole"),
        ("data:what", "must be like data:image/png"),
    ],
)
def test_a_tool_is_told_in_its_own_language_which_pictures_are_not_taken(picture: str, sentence: str) -> None:
    answer, kept = _call_tool(picture)
    assert (answer["id"], answer["error"]["code"], kept) == (7, -32602, set())
    assert sentence in answer["error"]["message"]


def test_the_picture_of_a_tool_is_removed_in_the_end(folder: Path) -> None:
    answer, kept = _call_tool(f"data:image/png;base64,{PICTURE}")
    assert answer["json"]["params"]["arguments"]["image"].endswith(PICTURE)
    assert {str(path) for path in _files(folder)} == kept and len(kept) == 1


@pytest.mark.parametrize("name", ["..", "a/../../b", "", "a" * 5000])
def test_the_name_of_a_file_leads_nowhere_else(name: str, folder: Path) -> None:
    status, read = _send({"data": [{"path": f"data:image/png;base64,{PICTURE}", "orig_name": name}]})
    assert status == 200 and Path(read["data"][0]["path"]).parent.parent == folder


def test_an_address_is_fetched_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(url: str, limit_bytes: int) -> tuple[str, bytes]:
        return url.rpartition("/")[2], b"fetched"

    monkeypatch.setattr(reading, "fetch", fetch)
    call = {"data": [{"path": "http://example.org/a.png", "url": "http://example.org/a.png"}]}
    answer = ask(Harden(echo, Rules(addresses=True)), "POST", JOIN, json=call)
    [file] = answer.json()["json"]["data"]
    assert Path(file["path"]).read_bytes() == b"fetched" and Path(file["path"]).name == "a.png"
