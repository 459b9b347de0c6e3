"""Pictures from addresses, where a switch allows them."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ganedit.errors import BadRequestError
from ganedit.ui.http import addresses
from ganedit.ui.http.addresses import fetch, is_public, resolve

MIB = 1024**2


class _Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
        elif self.path == "/slow":
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.server.until.wait(20)  # pyright: ignore[reportAttributeAccessIssue]
        else:
            content = self.headers["Host"].encode()
            self.send_response(404 if self.path == "/none" else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A web server on this machine that stands for one of the open internet."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.until = threading.Event()  # pyright: ignore[reportAttributeAccessIssue]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.until.set()  # pyright: ignore[reportAttributeAccessIssue]
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine count as one of the open internet."""
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")


async def _names(host: str, port: int) -> list[str]:
    known = {"open.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"], "both.example": ["127.0.0.1", "10.0.0.1"]}
    return known.get(host) or await resolve(host, port)


def _fetch(url: str, limit_bytes: int = MIB) -> tuple[str, bytes]:
    return asyncio.run(fetch(url, limit_bytes, _names))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200"),
        *("192.0.0.192", "168.63.129.16", "198.18.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::"),
        *("fe80::1", "fd00:ec2::254", "2002:7f00:1::", "2001::1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "fec0::1", "ff02::1"),
    ],
)
def test_addresses_inside_are_no_addresses_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.usefixtures("opened")
def test_a_file_is_fetched_by_the_name_that_was_asked_for(port: int) -> None:
    assert _fetch(f"http://open.example:{port}/pictures/a%20b.png?x=1") == ("a b.png", f"open.example:{port}".encode())


@pytest.mark.usefixtures("opened")
def test_a_redirect_is_followed_to_a_file_of_the_open_internet(port: int) -> None:
    onwards = f"http://open.example:{port}/to/http://open.example:{port}/c.png"
    assert _fetch(onwards)[0] == "c.png"


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    "address",
    ["http://inside.example/a", "http://both.example:{port}/a", "http://open.example:{port}/to/http://10.0.0.1/a"],
)
def test_no_way_leads_inside(address: str, port: int) -> None:
    with pytest.raises(BadRequestError, match="not of the open internet"):
        _fetch(address.format(port=port))


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    "address",
    [
        "http://open.example:{port}/none",
        "http://nobody.invalid/a",
        "http://user:word@open.example:{port}/a",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://open.example:99999/",
        "http://open.example:{port}/to/http://open.example:{port}/to/file:///etc/passwd",
    ],
)
def test_what_gives_no_file_is_one_sentence(address: str, port: int) -> None:
    with pytest.raises(BadRequestError, match=r"upload (it|the file) instead"):
        _fetch(address.format(port=port))


@pytest.mark.usefixtures("opened")
def test_an_endless_file_ends_at_the_limit(port: int) -> None:
    with pytest.raises(BadRequestError, match=r"open\.example is too large"):
        _fetch(f"http://open.example:{port}/endless")


@pytest.mark.usefixtures("opened")
def test_a_file_that_does_not_come_is_waited_for_only_so_long(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "FETCH_SECONDS", 0.2)
    with pytest.raises(BadRequestError, match="No file"):
        _fetch(f"http://open.example:{port}/slow")


@pytest.mark.usefixtures("opened")
def test_redirects_in_a_circle_end(port: int) -> None:
    circle = "/x"
    for _ in range(7):
        circle = f"/to/http://open.example:{port}{circle}"
    with pytest.raises(BadRequestError, match="No file"):
        _fetch(f"http://open.example:{port}{circle}")
