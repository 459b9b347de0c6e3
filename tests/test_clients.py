"""Who a request comes from, as far as that can be believed."""

import pytest
from starlette.types import Scope

from ganedit.ui.http.clients import believed, client_key


def _scope(forwarded: str | None, peer: str = "192.0.2.1") -> Scope:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"type": "http", "headers": headers, "client": (peer, 1)}


@pytest.mark.parametrize(
    ("forwarded", "hops", "key"),
    [
        (None, 0, "192.0.2.1"),
        ("1.1.1.1", 0, "forwarded"),
        ("6.6.6.6, 1.1.1.1", 1, "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1, 10.0.0.1", 2, "1.1.1.1"),
        ("1.1.1.1:4242", 1, "1.1.1.1"),
        ("[2001:db8::7]:99", 1, "2001:db8::/64"),
        ("2001:db8::8", 1, "2001:db8::/64"),
        ("1.1.1.1", 2, "192.0.2.1"),
        ("not an address", 1, "not an address"),
    ],
)
def test_only_what_trusted_proxies_wrote_names_the_client(forwarded: str | None, hops: int, key: str) -> None:
    assert client_key(_scope(forwarded), hops) == key


def _believed(hops: int, **headers: str) -> tuple[dict[str, str], Scope]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = believed({"type": "http", "scheme": "https", "headers": raw, "client": ("192.0.2.1", 5)}, hops)
    return {name.decode(): value.decode() for name, value in scope["headers"]}, scope


def test_forwarded_headers_that_no_trusted_proxy_wrote_never_reach_the_app() -> None:
    headers, scope = _believed(
        0,
        x_forwarded_for="10.0.0.1",
        x_forwarded_host="evil.example",
        x_forwarded_proto="https",
        x_gradio_server="http://evil.example",
        forwarded="for=10.0.0.1",
        x_real_ip="10.0.0.1",
        accept="*/*",
    )
    assert headers == {"accept": "*/*"}
    assert (scope["client"], scope["scheme"]) == (("forwarded", 0), "http")


def test_of_a_trusted_proxy_the_app_sees_what_that_one_wrote() -> None:
    headers, scope = _believed(
        1,
        x_forwarded_for="6.6.6.6, 1.1.1.1",
        x_forwarded_host="evil.example, studio.example.org",
        x_forwarded_proto="https",
    )
    assert headers == {"x-forwarded-host": "studio.example.org", "x-forwarded-proto": "https"}
    assert scope["client"] == ("1.1.1.1", 0)


def test_a_client_that_was_named_once_keeps_its_name() -> None:
    for forwarded, peer in (("6.6.6.6", "127.0.0.1"), (None, "2001:db8::7"), (None, "192.0.2.1")):
        once = believed(_scope(forwarded, peer), 0)
        assert believed(once, 0)["client"] == once["client"]
