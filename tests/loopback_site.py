"""A web server on this machine that can cut, refuse, redirect and lie."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ganedit.models.card import Source
from ganedit.models.sources import FetchProgress

DATA = bytes(range(256)) * 4096  # 1 MiB
CUT = 300_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Site:
    """What the server does, to be changed by a test, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)  # answers given before the file, one a request
    cuts: int = 0  # how many answers still break off after CUT bytes
    ranges: bool = True
    etag: str = '"v1"'
    length: bool = True
    status_for_range: int | None = None
    slow: threading.Event | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range header
    if_range: list[str | None] = field(default_factory=list)
    sent: int = 0
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def source(
        self, path: str, data: bytes = DATA, *, size: bool = True, companions: tuple[Source, ...] = ()
    ) -> Source:
        self.files.setdefault(f"/{path}", data)
        return Source(self.url(path), sha256(data), "pth", len(data) if size else None, companions)


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.asked.append((self.path, wanted))
        site.if_range.append(self.headers.get("If-Range"))
        if site.slow:
            site.slow.wait(10)
        if self.path in site.redirects:
            return self.answer(302, {"Location": site.redirects[self.path]})
        if site.statuses.get(self.path):
            return self.answer(site.statuses[self.path].pop(0), {})
        if self.path not in site.files:
            return self.answer(404, {})
        if wanted and site.status_for_range:
            return self.answer(site.status_for_range, {})
        self.send_file(site.files[self.path], wanted)

    def answer(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if self.site.length or not length:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_file(self, data: bytes, wanted: str | None) -> None:
        site, start = self.site, 0
        fresh = self.headers.get("If-Range") in (None, site.etag)
        if wanted and site.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"ETag": site.etag} if site.etag else {}
        body = data[start:]
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.answer(206 if start else 200, headers, len(body))
        if site.cuts:
            site.cuts -= 1
            body = body[:CUT]
        try:
            self.wfile.write(body)
        except OSError:  # the client had enough
            return
        site.sent += len(body)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def stop_at(done_bytes: int) -> Callable[[FetchProgress], None]:
    def stop(progress: FetchProgress) -> None:
        if progress.done_bytes >= done_bytes:
            raise ConnectionAbortedError("by the user")  # an OSError, to be told apart from one of the disk

    return stop


@contextmanager
def serve() -> Iterator[Site]:
    """Serve until the block ends."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
