"""With a login: nothing is told or done without one, tools work with one, and guessing one is slow."""

import asyncio
import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from asgi import ask
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import Receive, Scope, Send

from ganedit.ui.http import Harden, Rules
from ganedit.ui.http.logins import WRONG_PER_MINUTE

PASSWORDS = {"alice": "secret", "bob": "word"}


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class App:
    """What gradio's app knows of logins, behind ``Harden``; other routes answer with the user that gradio would see."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.auth = PASSWORDS
        self.cookie_id = "x"
        self.tokens: dict[str, str] = {"of-alice": "alice"}
        self.blocks = None
        self._harden = Harden(self._route, rules or Rules(per_minute=0, trusted_hops=1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._harden({**scope, "app": self}, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if scope["path"] == "/":
            answer: Any = HTMLResponse("<script>window.gradio_api_info = {'/enhance': 1};</script>")
        elif scope["path"] == "/login":
            form = await request.form()
            right = PASSWORDS.get(str(form["username"]).strip()) == form["password"]
            answer = JSONResponse({"detail": "gradio's"}, 200 if right else 400)
        else:
            answer = JSONResponse({"user": self.tokens.get(request.cookies.get("access-token-x", ""))})
        await answer(scope, receive, send)

    def log_in(self, user: str, password: str, address: str = "1.1.1.1") -> int:
        """Send the form of the login page from an address; give the status."""
        form = {"username": user, "password": password}
        return ask(self, "POST", "/login", data=form, headers={"X-Forwarded-For": address}).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/config"),
        ("GET", "/gradio_api/app_id"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/gradio_api/mcp/schema"),
        ("GET", "/gradio_api/mcp/"),
        ("POST", "/gradio_api/mcp/"),
        ("GET", "/gradio_api/mcp/sse"),
        ("POST", "/gradio_api/mcp/messages/"),
        ("GET", "/gradio_api/heartbeat/a"),
        ("POST", "/gradio_api/cancel"),
        ("POST", "/gradio_api/reset"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/tmp/a.png"),
        ("GET", "/whatever-comes-next"),
    ],
)
def test_without_a_login_nothing_is_told_or_done(method: str, path: str) -> None:
    assert ask(App(), method, path).json() == {"detail": "Log in first."}
    for headers in (_basic("alice", "wrong"), _basic("nobody", ""), {"Cookie": "access-token-x=invented"}):
        assert ask(App(), method, path, headers=headers).status_code == 401
    assert ask(App(), "GET", "/openapi.json").status_code == 404


def test_the_login_page_tells_nothing_of_what_is_behind_it() -> None:
    stranger = ask(App(), "GET", "/")
    assert (stranger.status_code, stranger.text) == (200, "<script>window.gradio_api_info = {};</script>")
    assert "/enhance" in ask(App(), "GET", "/", headers={"Cookie": "access-token-x=of-alice"}).text


@pytest.mark.parametrize(
    "path", ["/static/a.js", "/assets/a.css", "/theme.css", "/gradio_api/startup-events", "/logout"]
)
def test_what_the_login_page_is_made_of_is_open(path: str) -> None:
    assert ask(App(), "GET", path).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Cookie": "access-token-x=of-alice"}, {"Cookie": "access-token-unsecure-x=of-alice"}]
)
def test_gradios_cookie_is_a_login(headers: dict[str, str]) -> None:
    assert ask(App(), "POST", "/gradio_api/queue/join", headers=headers, json={"data": []}).status_code == 200


def test_name_and_password_in_the_header_are_a_login_and_make_one_token() -> None:
    app = App()
    for _ in range(3):
        headers = _basic("bob", "word") | {"Cookie": "access-token-x=stale; other=1"}
        assert ask(app, "POST", "/gradio_api/mcp/", headers=headers).json() == {"user": "bob"}
    assert sorted(app.tokens.values()) == ["alice", "bob"]


@pytest.mark.parametrize("shown", ["Basic \xff\xff", "Basic YQ=", "Basic /w==", "Basic", "\xe9 \xe9"])
def test_a_header_that_is_no_login_is_none(shown: str) -> None:
    assert ask(App(), "POST", "/gradio_api/mcp/", headers={"Authorization": shown.encode("latin-1")}).status_code == 401


def test_a_login_that_is_no_form_is_told_so() -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    for content in (b"{}", b"--a\r\nContent-Disposition: form-data\r\n\r\n" * 3, b'--a\r\n\xff: "\r\n\r\n'):
        answer = ask(App(), "POST", "/login", content=content, headers=headers)
        assert (answer.status_code, answer.json()["detail"][:20]) == (400, "A login must be a fo")


def test_a_tool_is_told_how_to_log_in() -> None:
    assert ask(App(), "POST", "/gradio_api/mcp/").headers["WWW-Authenticate"] == 'Basic realm="ganedit"'


def test_wrong_passwords_are_bounded_by_user_and_address() -> None:
    app = App()
    wrong = [app.log_in("alice", f"guess {number}") for number in range(WRONG_PER_MINUTE + 1)]
    assert wrong == [400] * WRONG_PER_MINUTE + [429]
    assert app.log_in("alice", "secret") == 429
    assert app.log_in("bob", "word") == 200
    assert app.log_in("alice", "secret", "2.2.2.2") == 200


def test_whoever_has_yet_to_log_in_sends_no_large_body() -> None:
    answer = ask(App(), "POST", "/login", content=b"x" * 2**21)
    assert (answer.status_code, answer.json()["detail"][:34]) == (413, "The upload is larger than 1 MB; se")


def test_the_header_is_no_way_around_that() -> None:
    app = App()
    for number in range(WRONG_PER_MINUTE):
        ask(app, "GET", "/config", headers=_basic("alice", f"guess {number}") | {"X-Forwarded-For": "1.1.1.1"})
    assert app.log_in("alice", "secret") == 429


def test_the_right_password_costs_nothing() -> None:
    app = App()
    assert {app.log_in("alice", "secret") for _ in range(3 * WRONG_PER_MINUTE)} == {200}


def test_many_addresses_are_bounded_too_but_not_where_the_user_is_at_home() -> None:
    app = App()
    assert app.log_in("alice", "secret", "9.9.9.9") == 200
    codes = [app.log_in("alice", "guess", f"10.0.0.{number}") for number in range(130)]
    assert codes.count(400) < 120 and codes[-1] == 429
    assert app.log_in("alice", "secret", "9.9.9.9") == 200
    assert app.log_in("bob", "word", "10.0.0.1") == 200


def test_a_refused_try_says_when_to_try_again() -> None:
    app = App()
    for _ in range(WRONG_PER_MINUTE):
        app.log_in("alice", "guess")
    form = {"username": "alice", "password": "secret"}
    answer = ask(app, "POST", "/login", data=form, headers={"X-Forwarded-For": "1.1.1.1"})
    assert answer.json()["detail"].startswith("Too many wrong passwords; try again in ")
    assert int(answer.headers["Retry-After"]) <= 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A real Gradio server with a login and MCP tools."""
    with gr.Blocks(analytics_enabled=False) as demo:
        word = gr.Textbox(label="word")

        def shout(text: str, request: gr.Request) -> str:
            """Say it louder."""
            return f"{text.upper()} {request.username}"

        gr.Button("go").click(shout, word, word, api_name="shout")
    demo.queue(api_open=False)
    _, address, _ = demo.launch(
        prevent_thread_lock=True,
        quiet=True,
        mcp_server=True,
        auth=[*PASSWORDS.items()],
        app_kwargs={"middleware": [Middleware(Harden, Rules())]},
    )
    yield address.rstrip("/")
    demo.close(verbose=False)


def _tools(url: str, headers: dict[str, str]) -> tuple[list[str], list[str]]:
    """List the tools over MCP and call the first; give their names and what the call answers."""

    async def once() -> tuple[list[str], list[str]]:
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/", headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            answer = await session.call_tool(names[0], {"text": "hello"})
            return names, [getattr(part, "text", "") for part in answer.content]

    return asyncio.run(once())


def test_tools_work_with_a_login_in_the_header(url: str) -> None:
    assert _tools(url, _basic("alice", "secret")) == (["shout"], ["HELLO alice"])


def test_tools_work_with_the_cookie_of_the_login_page(url: str) -> None:
    cookies = httpx.post(f"{url}/login", data={"username": "bob", "password": "word"}).cookies
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert _tools(url, {"Cookie": cookie}) == (["shout"], ["HELLO bob"])


def test_gradio_tells_its_endpoints_only_with_a_login(url: str) -> None:
    assert "/shout" not in httpx.get(url).text
    assert "/shout" in httpx.get(url, headers=_basic("alice", "secret")).text


def test_a_call_of_a_tool_counts_for_who_called_it() -> None:
    """Gradio's MCP server calls the app itself; what it calls with must name the client."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await JSONResponse({})(scope, receive, send)

    harden = Harden(app, Rules(trusted_hops=0))
    server = SimpleNamespace()
    blocks = SimpleNamespace(mcp_server_obj=server, local_url="http://127.0.0.1:1/")
    harden._logins.introduce_tools(SimpleNamespace(blocks=blocks))
    secret = harden._logins._secret
    ask(harden, "POST", "/gradio_api/mcp/", json={})
    forwarded = {name.decode(): value.decode() for name, value in seen[0]["headers"]}["x-forwarded-for"]
    own = {"x-ganedit-own-call": secret, "X-Forwarded-For": forwarded}
    ask(harden, "POST", "/gradio_api/queue/join", headers=own, json={})
    invented = {"x-ganedit-own-call": "guess", "X-Forwarded-For": forwarded}
    ask(harden, "POST", "/gradio_api/queue/join", headers=invented, json={})
    assert [scope["client"][0] for scope in seen] == ["192.0.2.1", "192.0.2.1", "forwarded"]
