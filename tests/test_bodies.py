"""Bodies on their way in: how large, how slow, and how many bytes at once, a minute and in all."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from asgi import ask, echo
from gradio import route_utils
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from ganedit.ui.http import Harden, Rules, bodies
from ganedit.ui.http.bodies import MIB, Body, CutBodyError, Quota

UPLOAD = "/gradio_api/upload"
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
SCOPE = {
    "type": "http",
    "method": "POST",
    "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=b")],
    "client": ("192.0.2.1", 5),
}


class Sender:
    """Sends parts of a body, each after some seconds of a clock that only it moves; then nothing more."""

    def __init__(self, *parts: tuple[float, bytes], complete: bool = False) -> None:
        self.now = 0.0
        self._parts = list(parts)
        self._complete = complete

    def clock(self) -> float:
        return self.now

    async def receive(self) -> Message:
        if not self._parts:
            await asyncio.Event().wait()
        seconds, part = self._parts.pop(0)
        self.now += seconds
        return {"type": "http.request", "body": part, "more_body": bool(self._parts) or not self._complete}


def _read(sender: Sender, limit_bytes: int = MIB, quota: Quota | None = None) -> Body:
    """Read what is sent to its end, or until the body is cut."""
    body = Body(sender.receive, "a", limit_bytes, quota, sender.clock)

    async def read() -> None:
        try:
            await body.read()
        except CutBodyError:
            assert body.is_cut

    asyncio.run(read())
    return body


def _status(body: Body) -> int | None:
    return body.answer.status_code if body.answer else None


def test_a_body_that_stands_still_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.01)
    body = _read(Sender((0, b"x" * 1000)))
    assert _status(body) == 408


def test_sending_much_at_once_buys_no_long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.01)
    assert _status(_read(Sender((0, b"x" * MIB), (0, b"")), limit_bytes=2 * MIB)) == 408


def test_a_byte_now_and_then_does_not_hold_the_place() -> None:
    body = _read(Sender(*[(9.0, b"x")] * 9, complete=True))
    assert _status(body) == 408


def test_a_large_file_over_a_slow_line_arrives() -> None:
    slow = [(10.0, b"x" * 100_000)] * 80
    assert not _read(Sender(*slow, complete=True), limit_bytes=8 * MIB).is_cut


def test_what_arrives_lies_on_the_disk_and_not_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    spooled = bodies.tempfile.SpooledTemporaryFile

    def watched(max_size: int) -> Any:
        seen.append(spooled(max_size=max_size))
        return seen[0]

    monkeypatch.setattr(bodies.tempfile, "SpooledTemporaryFile", watched)
    sender = Sender(*[(0, b"x" * 100_000)] * 5, complete=True)
    receive = sender.receive

    async def asked() -> Message:
        if sender._parts == [(0, b"x" * 100_000)]:
            assert seen[0]._rolled
        return await receive()

    sender.receive = asked  # pyright: ignore[reportAttributeAccessIssue]
    assert not _read(sender).is_cut and seen


@pytest.mark.parametrize(
    ("limits", "status", "hint"),
    [
        ({"on_the_way": MIB}, 503, "10 seconds"),
        ({"a_minute": MIB}, 429, "minute|second"),
        ({"an_hour": MIB}, 429, "minutes"),
        ({"stored": MIB}, 507, "minutes"),
    ],
)
def test_bytes_are_bounded_at_once_a_minute_an_hour_and_in_all(limits: dict[str, Any], status: int, hint: str) -> None:
    quota = Quota(**limits)
    half = [(0.0, b"x" * (MIB // 2))] * 2
    assert not _read(Sender(*half, complete=True), quota=quota).is_cut
    body = _read(Sender(*half, complete=True), quota=quota)
    assert _status(body) == status
    assert body.answer and re.search(f"try again in .*({hint})", bytes(body.answer.body).decode())
    assert int(body.answer.headers["Retry-After"]) >= 1


def test_bytes_of_answered_requests_are_no_longer_on_the_way() -> None:
    quota = Quota(on_the_way=3 * MIB)
    for _ in range(5):
        body = _read(Sender((0, b"x" * MIB), complete=True), quota=quota)
        assert not body.is_cut
        body.end()


def test_one_client_does_not_take_the_place_of_all() -> None:
    quota = Quota(on_the_way=4 * MIB)
    assert quota.announce("a", 2 * MIB) is None
    assert quota.announce("a", 1) is not None
    assert quota.announce("b", 2 * MIB) is None


def _app(monkeypatch: pytest.MonkeyPatch, *, public: bool = True, **limits: Any) -> Harden:
    monkeypatch.setattr("ganedit.ui.http.harden.Quota", lambda: Quota(**limits))
    return Harden(echo, Rules(public=public))


def test_uploads_count_as_work_and_say_when_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _app(monkeypatch, a_minute=2 * MIB)
    answers = [ask(app, "POST", UPLOAD, content=b"x" * MIB) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[2].json()["detail"] == "You have uploaded too much; try again in 30 seconds."
    assert ask(app, "POST", "/gradio_api/queue/join", json={"data": []}).status_code == 200


@pytest.mark.parametrize("cut", [400, 437, 438, 439, 440, 441, 100_000])
def test_many_empty_files_count_as_if_they_were_not(cut: int) -> None:
    quota = Quota(a_minute=3 * MIB, clock=lambda: 0.0)
    content = b"\r\n".join([PART] * 40) + b"\r\n--b--\r\n"
    parts = [(0.0, content[:cut]), (0.0, content[cut:])]
    body = Body(Sender(*parts, complete=True).receive, "a", MIB, quota, lambda: 0.0, b"--b")
    asyncio.run(body.read())
    left_bytes = 3 * MIB - 41 * bodies.LEAST_FILE_BYTES - len(content)
    assert quota.objection("a", left_bytes) is None
    assert quota.objection("a", left_bytes + 1) is not None


def test_on_ones_own_machine_uploads_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _app(monkeypatch, public=False, a_minute=MIB)
    assert [ask(app, "POST", UPLOAD, content=b"x" * MIB).status_code for _ in range(3)] == [200] * 3


async def _gradio_upload(scope: Scope, receive: Receive, send: Send, folder: Path) -> None:
    """Take an upload as gradio's route does."""
    try:
        files, _, _ = await route_utils.upload_fn(Request(scope, receive), folder, float("inf"), None)
    except Exception as error:
        await JSONResponse({"detail": str(error)}, status_code=400)(scope, receive, send)
        return
    await JSONResponse([str(file) for file in files])(scope, receive, send)


def test_many_bodies_at_once_do_not_cut_one_another_before_any_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _app(monkeypatch, on_the_way=4 * MIB)

    async def half_sent(number: int) -> list[Message]:
        parts = [b"x" * (MIB // 2)] * 2
        begun[number].set()

        async def receive() -> Message:
            part = parts.pop()
            await everybody_has_begun()
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [*SCOPE["headers"], (b"content-length", str(MIB).encode())]
        await app({**SCOPE, "path": UPLOAD, "headers": headers}, receive, send)
        return sent

    async def everybody_has_begun() -> None:
        for event in begun:
            await event.wait()

    async def all_at_once() -> list[int]:
        begun.extend(asyncio.Event() for _ in range(5))
        return [sent[0]["status"] for sent in await asyncio.gather(*(half_sent(number) for number in range(5)))]

    begun: list[asyncio.Event] = []
    assert sorted(asyncio.run(all_at_once())) == [200, 200, 503, 503, 503]


def test_the_sender_of_a_refused_body_gets_to_its_answer() -> None:
    """The rest is read before the answer is sent: a server that closes on a sender takes its answer with it."""
    parts = [b"x" * 1000] * 5
    left: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

    async def send(message: Message) -> None:
        left.append(len(parts))

    asyncio.run(Harden(echo, Rules(max_body_bytes=4000))({**SCOPE, "path": UPLOAD}, receive, send))
    assert left == [0, 0]


@pytest.mark.parametrize("ending", ["too large", "left"])
def test_an_upload_that_is_cut_leaves_no_file(ending: str, tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await _gradio_upload(scope, receive, send, tmp_path)

    parts = [PART, b"x" * 3000, b"x" * 3000]

    async def receive() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    limit = 4000 if ending == "too large" else MIB
    harden = Harden(app, Rules(max_body_bytes=limit))
    asyncio.run(harden({**SCOPE, "path": UPLOAD}, receive, send))
    assert [message["status"] for message in sent[:1]] == ([413] if ending == "too large" else [])
    assert list(tmp_path.iterdir()) == []


def test_a_whole_upload_is_taken(tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await _gradio_upload(scope, receive, send, tmp_path)

    answer = ask(Harden(app), "POST", UPLOAD, files={"files": ("a.png", b"x" * 3000)})
    assert answer.status_code == 200
    assert Path(answer.json()[0]).read_bytes() == b"x" * 3000
