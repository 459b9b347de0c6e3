"""How the app begins: on a slow machine, past a proxy, or with one sentence and exit code 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio import networking

from app import read_logins
from ganedit.address import listen_at
from ganedit.errors import BadRequestError, UserError
from ganedit.ui import UiSettings, launch_options
from ganedit.ui.http import connections
from ganedit.ui.serving import open_page, serve

ROOT = Path(__file__).parents[1]
PATIENCE = 120


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setenv("no_proxy", "")  # put back afterwards
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture
def page(bound: socket.socket) -> Iterator[gr.Blocks]:
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML("here")
    yield page
    page.close(verbose=False)


def answer(page: gr.Blocks) -> str:
    return httpx.get(f"{page.local_url}healthz", trust_env=False, timeout=PATIENCE).text


def run_app(*words: str, **environment: str) -> tuple[int, str]:
    words = (sys.executable, str(ROOT / "app.py"), *words)
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, env=os.environ | environment)
    return done.returncode, done.stderr


def test_the_page_opens_on_a_machine_that_is_too_slow_for_gradios_limits(
    page: gr.Blocks, bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: Any, **__: Any) -> None:
        raise httpx.ReadTimeout("three seconds")

    minutes = count(0, 60)
    monkeypatch.setattr(httpx, "head", too_late)
    monkeypatch.setattr("gradio.http_server.time.time", lambda: float(next(minutes)))
    open_page(page, bound, **launch_options(UiSettings()))
    assert answer(page) == '{"status":"ok"}'


def test_the_page_opens_past_a_proxy_that_does_not_know_this_machine(
    page: gr.Blocks, bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    open_page(page, bound, **launch_options(UiSettings()))
    assert answer(page) == '{"status":"ok"}'


def test_a_connection_without_a_whole_head_is_closed_and_one_with_a_head_is_not(
    page: gr.Blocks, bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page(page, bound, **launch_options(UiSettings()))
    address = bound.getsockname()
    with (
        monkeypatch.context() as patch,
        socket.socket() as whole,
        socket.socket() as half,
    ):
        patch.setattr(connections, "HEAD_SECONDS", 1.0)
        for asking in (whole, half):
            asking.settimeout(PATIENCE)
            asking.connect(address)
        whole.sendall(b"POST /gradio_api/reset HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n")
        half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        assert half.recv(4096) == b""
        whole.sendall(b"{}")
        assert whole.recv(4096).startswith(b"HTTP/1.1 422")
        while whole.recv(4096):
            pass  # the next head does not come
    assert answer(page) == '{"status":"ok"}'


@pytest.mark.parametrize("path", ["/", "/healthz", "/gradio_api/info"])
def test_a_request_without_a_host_is_answered_even_if_it_names_a_page(
    page: gr.Blocks, bound: socket.socket, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_page(page, bound, **launch_options(UiSettings()))
    with socket.create_connection(bound.getsockname(), PATIENCE) as asking:
        asking.sendall(f"GET {path} HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n".encode())
        head = asking.recv(4096).split(b"\r\n")[0]
    assert head.split()[1] == (b"200" if path == "/healthz" else b"400") and "Traceback" not in caplog.text


def test_a_server_that_ends_while_it_starts_is_one_sentence(page: gr.Blocks, bound: socket.socket) -> None:
    class Ends(socket.socket):
        def listen(self, *_: int) -> None:
            raise OSError("no more")

    ends = Ends(fileno=os.dup(bound.fileno()))
    with pytest.raises(UserError, match=r"could not be started \(no more\)"):
        open_page(page, ends, **launch_options(UiSettings()))


def test_a_public_link_that_cannot_be_had_is_told_and_the_page_is_served(
    page: gr.Blocks, bound: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(**_: Any) -> str:
        raise RuntimeError("no way out")

    monkeypatch.setattr(networking, "setup_tunnel", unreachable)
    monkeypatch.setattr(page, "block_thread", lambda: None)
    serve(page, bound, **launch_options(UiSettings(), share=True))
    assert "There is no public link" in capsys.readouterr().err and answer(page) == '{"status":"ok"}'


def test_a_port_that_is_taken_ends_the_app_with_one_sentence(taken: int) -> None:
    assert run_app("--port", str(taken)) == (
        2,
        f"Port {taken} is taken by another program; end it, or choose another one with --port.\n",
    )


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--host", "10.255.1.2"], {}, "10.255.1.2 is no address of this machine"),
        (["--host", "http://here"], {}, "http://here is no address of this machine"),
        (["--host", "x" * 500], {}, "is no address of this machine"),
        (["--port", "70000"], {}, "--port must be a whole number from 1 to 65535, not 70000."),
        ([], {"GRADIO_SERVER_PORT": "often"}, "GRADIO_SERVER_PORT must be a whole number"),
        ([], {"GRADIO_SERVER_NAME": "10.255.1.2"}, "10.255.1.2 is no address of this machine"),
        (["--auth-file", "nowhere.txt"], {}, "nowhere.txt cannot be read (No such file"),
    ],
)
def test_where_it_cannot_listen_is_told_in_one_sentence(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    code, told = run_app(*words, **environment)
    assert code == 2 and said in told and told.count("\n") == 1


def test_the_next_free_port_is_taken_unless_one_is_asked_for(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    with listen_at() as bound:
        assert bound.getsockname()[1] > taken


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe\x00", "no text in UTF-8"), (b"nobody\n:x\ny:\n", "no user:password line")]
)
def test_logins_that_cannot_be_read_are_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "logins").write_bytes(content)
    with pytest.raises(BadRequestError, match=said):
        read_logins(tmp_path / "logins")


def test_logins_are_read_as_editors_write_them(tmp_path: Path) -> None:
    (tmp_path / "logins").write_bytes(b"\xef\xbb\xbfann:a:b\r\n\r\nbo:c\r\n")
    assert read_logins(tmp_path / "logins") == [("ann", "a:b"), ("bo", "c")]
