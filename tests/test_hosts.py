"""Which names the app answers to, and the pages of whom may use it."""

import asyncio
from types import SimpleNamespace

import pytest
from asgi import ask, echo
from starlette.types import Message, Receive, Scope, Send

from ganedit.errors import BadRequestError
from ganedit.ui.http import Harden, Hosts, Rules
from ganedit.ui.http.hosts import started_names

STARTED = Rules(hosts=Hosts(["studio.example.org", "192.168.1.5"]))


def _status(host: str, rules: Rules = STARTED, method: str = "GET", **headers: str) -> int:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(Harden(echo, rules), method, "/config", headers={"Host": host, **headers}).status_code


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:7860",
        "localhost.",
        "tool.localhost",
        "127.0.0.1:7860",
        "192.168.1.77:7860",
        "172.17.0.2",
        "[::1]:7860",
        "[fe80::1]",
        "[2001:db8::7]:7860",
        "studio.example.org",
        "Studio.Example.Org:443",
    ],
)
def test_names_that_it_was_started_for_and_plain_addresses_are_answered(host: str) -> None:
    assert _status(host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "studio.example.org.evil.example", "box:7860"],
)
def test_any_other_name_is_told_how_to_start_the_app(host: str) -> None:
    answer = ask(Harden(echo, STARTED), "GET", "/config", headers={"Host": host})
    name = host.partition(":")[0]
    assert answer.status_code == 421
    assert answer.json() == {
        "detail": f'This app does not answer to the name "{name}"; start it with --allow-host {name}.'
    }


@pytest.mark.parametrize(
    "host", ["", "a b", "user@localhost", "localhost:x", "[::1", "[evil]", "localhost, evil.example"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert _status(host) == 400


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    for hosts in ([], [(b"host", b"localhost"), (b"host", b"evil.example")]):

        async def altered(scope: Scope, receive: Receive, send: Send, hosts: list[tuple[bytes, bytes]] = hosts) -> None:
            await Harden(echo)({**scope, "headers": hosts}, receive, send)

        assert ask(altered, "GET", "/config").status_code == 400


def test_a_long_name_does_not_come_back_whole() -> None:
    answer = ask(Harden(echo), "GET", "/", headers={"Host": "e" * 5000})
    assert answer.status_code == 421 and len(answer.text) < 700


def test_the_host_of_a_proxy_counts_only_if_the_proxy_is_trusted() -> None:
    trusting = Rules(hosts=STARTED.hosts, trusted_hops=1)
    assert _status("127.0.0.1", x_forwarded_host="evil.example") == 200  # nobody sees it
    assert _status("127.0.0.1", trusting, x_forwarded_host="studio.example.org") == 200
    assert _status("127.0.0.1", trusting, x_forwarded_host="evil.example") == 421


def test_a_proxy_that_keeps_the_host_may_name_itself_but_no_link_is_made_of_that() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    trusting = Harden(app, Rules(hosts=STARTED.hosts, trusted_hops=1))
    for forwarded in ("inner-proxy", "studio.example.org"):
        headers = {"Host": "studio.example.org", "X-Forwarded-Host": forwarded}
        assert ask(trusting, "GET", "/config", headers=headers).status_code == 200
    hosts = [dict(scope["headers"]).get(b"x-forwarded-host") for scope in seen]
    assert hosts == [None, b"studio.example.org"]


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:7860", "http://localhost:7860", 200),
        ("localhost:7860", "http://127.0.0.1:3000", 200),
        ("192.168.1.77:7860", "http://192.168.1.77:7860", 200),
        ("127.0.0.1:7860", "https://studio.example.org", 200),
        ("localhost:7860", "https://evil.example", 403),
        ("localhost:7860", "http://6.6.6.6", 403),
        ("192.168.1.77:7860", "https://evil.example", 403),
        ("[::1]:7860", "https://evil.example", 403),
        ("localhost:7860", "null", 403),
        ("localhost:7860", "https://localhost@evil.example", 403),
    ],
)
@pytest.mark.parametrize("path", ["/gradio_api/mcp/", "/gradio_api/queue/join", "/gradio_api/info"])
def test_pages_of_others_may_not_use_it(host: str, origin: str, status: int, path: str) -> None:
    answer = ask(Harden(echo, STARTED), "POST", path, headers={"Host": host, "Origin": origin}, json={"data": []})
    assert answer.status_code == status
    assert status == 200 or "--allow-host" in answer.json()["detail"]


def test_a_page_cannot_name_itself_as_the_host_of_a_proxy() -> None:
    trusting = Rules(hosts=STARTED.hosts, trusted_hops=1)
    for host in ("127.0.0.1", "studio.example.org"):
        assert _status(host, trusting, "POST", x_forwarded_host="6.6.6.6", origin="http://6.6.6.6") == 403
        assert _status(host, trusting, "POST", x_forwarded_host="evil.example", origin="http://evil.example") in (
            403,
            421,
        )


def test_a_websocket_under_another_name_is_closed_before_it_opens() -> None:
    async def opened(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    async def asked(host: bytes) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        scope = {"type": "websocket", "path": "/", "headers": [(b"host", host)], "client": ("192.0.2.1", 5)}
        await Harden(opened)(scope, receive, send)
        return sent

    async def both() -> None:
        assert [message["type"] for message in await asked(b"evil.example")] == ["websocket.close"]
        assert [message["type"] for message in await asked(b"localhost")] == ["websocket.accept"]

    asyncio.run(both())


def test_the_share_link_is_answered_as_soon_as_it_is_known() -> None:
    blocks = SimpleNamespace(share_url=None)

    async def shared(scope: Scope, receive: Receive, send: Send) -> None:
        app = SimpleNamespace(blocks=blocks, auth=None)
        await Harden(echo, Rules(share=True))({**scope, "app": app}, receive, send)

    assert ask(shared, "GET", "/", host="abc123.gradio.live").status_code == 421
    blocks.share_url = "https://abc123.gradio.live"
    assert ask(shared, "GET", "/", host="abc123.gradio.live").status_code == 200
    assert ask(shared, "GET", "/", host="other.gradio.live").status_code == 421


def test_the_names_come_from_the_host_the_space_and_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "box.lan")
    monkeypatch.setenv("SPACE_HOST", "someone-ganedit.hf.space,studio.example.org")
    assert started_names("0.0.0.0", ["a.example"]) == [
        "0.0.0.0",
        "someone-ganedit.hf.space",
        "studio.example.org",
        "a.example",
    ]
    assert started_names(None, [])[0] == "box.lan"


@pytest.mark.parametrize("name", ["https://studio.example.org/", "a b", "*"])
def test_a_name_that_is_none_is_told(name: str) -> None:
    with pytest.raises(BadRequestError, match="is no host name"):
        Hosts([name])
