"""Serve the page on a socket that is bound already, however long a busy machine takes to begin."""

import os
import socket
import sys
import threading
import time
from typing import Any

import gradio as gr
import uvicorn
from gradio import http_server

from ganedit.errors import UserError
from ganedit.ui.http import PatientProtocol, naming_hosts

_NO_SHARE = "There is no public link, its service cannot be reached; the page is served without one."


class _Server(http_server.Server):
    """Gradio's server, without the five seconds after which gradio takes one that still starts for a taken port."""

    def __init__(self, app: Any, bound: socket.socket) -> None:
        super().__init__(uvicorn.Config(naming_hosts(app), http=PatientProtocol, log_level="warning"))
        self._bound = bound
        self._fault: OSError | None = None

    def run_in_thread(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        while not self.started:
            if not self.thread.is_alive():
                raise UserError(f"The server could not be started ({self._fault}); try another --port.")
            time.sleep(0.01)

    def _run(self) -> None:
        try:
            self.run([self._bound])
        except OSError as error:
            self._fault = error


def serve(page: gr.Blocks, bound: socket.socket, **options: Any) -> None:
    """Serve a page until Ctrl+C.

    Args:
        page: it.
        bound: where, see ``ganedit.address``.
        options: of gradio's ``launch``.

    Raises:
        UserError: it cannot be served.
    """
    open_page(page, bound, **options)
    if options.get("share") and not page.share_url:
        print(_NO_SHARE, file=sys.stderr)
    page.block_thread()


def open_page(page: gr.Blocks, bound: socket.socket, **options: Any) -> None:
    """Begin to serve a page; returns when it answers."""
    host, port, *_ = bound.getsockname()
    host = f"[{host}]" if bound.family == socket.AF_INET6 else host
    local = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    _reach_directly(local.strip("[]"))

    def start(app: Any, **_: Any) -> tuple[str, int, str, _Server]:
        server = _Server(app, bound)
        server.run_in_thread()
        return host, port, f"http://{local}:{port}/", server

    kept, http_server.start_server = http_server.start_server, start
    try:
        page.launch(prevent_thread_lock=True, **options)
    finally:
        http_server.start_server = kept


def _reach_directly(host: str) -> None:
    """Keep gradio's own call of the page from a proxy, which does not know this machine by that name."""
    without = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    os.environ["no_proxy"] = ",".join(filter(None, [without, host]))
