"""The middleware in front of Gradio: what it refuses, what it lets pass, and what it adds."""

from collections.abc import AsyncIterator, Iterator

import gradio as gr
import httpx
import pytest
from asgi import ask, echo
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from ganedit.errors import BadRequestError
from ganedit.ui import UiSettings, launch_options
from ganedit.ui.http import Harden, Rules
from ganedit.ui.http.bodies import MIB
from ganedit.ui.http.policy import content_security_policy
from ganedit.ui.http.rules import body_limit_bytes

JOIN = "/gradio_api/queue/join"


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 100


def test_healthz_answers_without_the_app() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the app was asked")

    answer = ask(Harden(broken), "GET", "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/x.png",
        "/gradio_api/file=HTTP://example.com/x.png",
        "/gradio_api/file=//example.com/x.png",
        "/gradio_api/file%3Dhttps%3A%2F%2Fexample.com",
        "/gradio_api/file/https://example.com/x.png",
        "/gradio_api/proxy=https://a.hf.space/",
        "/gradio_api/process_recording",
        "/gradio_api/run-history/buckets",
        "/gradio_api/runs",
        "/gradio_api/token",
        "/gradio_api/vibe-edit",
        "/gradio_api/vibe-starter-queries/",
        "/gradio_api/undo-vibe-edit",
        "/gradio_api/deep_link?session_hash=a",
        "/gradio_api/dev/reload",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/component_server",
        "/openapi.json",
        "/pwa_icon/9000",
        "/gradio_api/heartbeat/a%00",
        "/gradio_api/call/a%0ab",
    ],
)
def test_routes_that_the_page_does_not_use_are_closed(path: str) -> None:
    answer = ask(Harden(echo), "GET", path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found"})


def test_closed_routes_stay_closed_under_a_root_path() -> None:
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        await Harden(echo)({**scope, "root_path": "/tool"}, receive, send)

    assert ask(mounted, "GET", "/tool/gradio_api/token").status_code == 404
    assert ask(mounted, "GET", "/tool/config").status_code == 200


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/file=/tmp/gradio/a.png", "/pwa_icon", "/runs-of-mine"])
def test_routes_that_the_page_uses_stay_open(path: str) -> None:
    assert ask(Harden(echo), "GET", path).status_code == 200


def test_a_declared_body_over_the_limit_is_refused_with_a_sentence() -> None:
    app = Harden(echo, Rules(max_body_bytes=1024**2))
    answer = ask(app, "POST", "/gradio_api/upload", content=b"x" * (1024**2 + 1))
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The upload is larger than 1 MB; send a smaller file."}


def test_a_chunked_body_is_counted_too_even_if_the_app_swallows_the_error() -> None:
    app = Harden(echo, Rules(max_body_bytes=450))
    assert ask(app, "POST", "/gradio_api/upload", content=_chunks(5)).status_code == 413
    assert ask(app, "POST", "/gradio_api/upload", content=_chunks(4)).json() == {"bytes": 400}


def test_an_error_of_the_app_itself_is_not_hidden() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        ask(Harden(failing), "POST", JOIN)


def test_strangers_may_send_less_than_the_owner_of_the_machine() -> None:
    assert body_limit_bytes(public=True) == 64 * 1024**2
    assert body_limit_bytes(public=False) > 100 * 1024**2


def test_a_full_disk_refuses_what_stores_and_serves_the_rest() -> None:
    app = Harden(echo, Rules(min_free_bytes=1 << 60))
    for path in ("/gradio_api/upload", JOIN, "/gradio_api/call/enhance"):
        answer = ask(app, "POST", path)
        assert answer.status_code == 507
        assert "disk is full" in answer.json()["detail"]
    assert ask(app, "POST", "/gradio_api/cancel").status_code == 200
    assert ask(app, "GET", "/config").status_code == 200


def test_starting_too_much_work_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANEDIT_PER_MIN", "3")
    app = Harden(echo)
    answers = [ask(app, "POST", JOIN) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json() == {"detail": "Too many requests; try again in 20 seconds."}
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 21
    assert ask(app, "GET", "/config").status_code == 200
    assert ask(app, "POST", "/gradio_api/cancel").status_code == 200


def test_every_way_of_starting_work_is_counted() -> None:
    for path in (
        JOIN,
        "/gradio_api/call/enhance",
        "/gradio_api/call/v2/enhance",
        "/gradio_api/run/x",
        "/gradio_api/upload",
        "/gradio_api/mcp/",
    ):
        app = Harden(echo, Rules(per_minute=1))
        assert [ask(app, "POST", path).status_code for _ in range(2)] == [200, 429], path


def test_zero_per_minute_does_not_limit() -> None:
    app = Harden(echo, Rules(per_minute=0))
    assert {ask(app, "POST", JOIN).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize("variable", ["GANEDIT_PER_MIN", "GANEDIT_TRUSTED_HOPS"])
def test_a_limit_that_is_no_number_is_told_at_the_start(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "lots")
    with pytest.raises(BadRequestError, match=variable):
        launch_options(UiSettings())


def test_a_client_cannot_get_a_fresh_bucket_by_inventing_addresses() -> None:
    app = Harden(echo, Rules(per_minute=2))
    codes = [ask(app, "POST", JOIN, headers={"X-Forwarded-For": f"10.0.0.{i}"}).status_code for i in range(3)]
    assert codes == [200, 200, 429]


def test_every_answer_carries_the_security_headers() -> None:
    for path in ("/", "/healthz", "/gradio_api/token"):
        headers = ask(Harden(echo), "GET", path).headers
        assert "connect-src 'self' data: blob:;" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_a_served_file_is_never_run_as_a_page() -> None:
    headers = ask(Harden(echo), "GET", "/gradio_api/file=/tmp/gradio/a.svg").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_policy_admits_other_hosts_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert "https://" not in content_security_policy()
    monkeypatch.setenv("SPACE_ID", "someone/ganedit")
    assert content_security_policy().endswith("frame-ancestors 'self' https://huggingface.co https://*.hf.space")
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval' https://" in content_security_policy(share=True)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A real Gradio server behind the middleware."""
    with gr.Blocks(analytics_enabled=False) as demo:
        word = gr.Textbox(label="word")
        gr.Button("go").click(lambda text: text.upper(), word, word, api_name="shout")
    demo.queue(api_open=False)
    middleware = [Middleware(Harden, Rules())]
    _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, app_kwargs={"middleware": middleware})
    yield address.rstrip("/")
    demo.close(verbose=False)


def test_gradio_still_works_behind_it(url: str) -> None:
    page = httpx.get(url)
    assert page.status_code == 200
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    event = httpx.post(f"{url}/gradio_api/call/shout", json={"data": ["hello"]}).json()["event_id"]
    assert "HELLO" in httpx.get(f"{url}/gradio_api/call/shout/{event}").text


def test_an_uploaded_page_is_served_in_a_sandbox(url: str) -> None:
    files = {"files": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")}
    path = httpx.post(f"{url}/gradio_api/upload", files=files).json()[0]
    answer = httpx.get(f"{url}/gradio_api/file={path}")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_gradio_answers_413_to_a_chunked_flood(url: str) -> None:
    def flood() -> Iterator[bytes]:
        boundary = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        yield boundary
        for _ in range(70):
            yield b"x" * MIB

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{url}/gradio_api/upload", content=flood(), headers=headers, timeout=30)
    assert answer.status_code == 413
    assert "64 MB" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/gradio_api/file=https://example.com/", "/monitoring/summary", "/gradio_api/token"])
def test_gradio_routes_are_closed(url: str, path: str) -> None:
    assert httpx.get(url + path).json() == {"detail": "Not found"}
