"""What stands between the network and Gradio: limits, closed routes, and headers that keep the page to itself.

``Harden`` is plain ASGI, so that event streams pass through unbuffered. It refuses with the JSON body
``{"detail": sentence}``, which Gradio's page shows as a toast.
"""

import ipaddress
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganedit.errors import BadRequestError

MIB = 1024**2
DEFAULT_PER_MINUTE = 300
LOGIN_COST = 10

# Gradio routes that this app does not need and that reach out, run ffmpeg, tell about other users, write files that
# nothing removes, or make work of any size. ``file=`` with a scheme or two slashes turns the server into a proxy.
_CLOSED = re.compile(
    r"""/(?: gradio_api/(?: proxy= | file=\s*(?:[a-z][a-z0-9+.-]+:|[\\/]{2}) | file/ | process_recording | run-history
                          | runs(?:/|$) | token | vibe- | undo-vibe-edit | profiling | dev/ | custom_component/
                          | deep_link | stream/ )
         | monitoring | pwa_icon/[^/] )""",
    re.VERBOSE | re.IGNORECASE,
)
_STARTS_WORK = re.compile(r"/gradio_api/(?:queue/join|call/|run/|api/|mcp)")
_STORES = re.compile(r"/gradio_api/(?:upload|component_server|queue/join|call/|run/|api/|mcp)")
_LOGIN = re.compile(r"/login/?$")
_SERVED_FILE = re.compile(r"/gradio_api/file=")

_SHARE_HOST = "https://gradio.s3-us-west-2.amazonaws.com"
_SPACES_FRAMES = "https://huggingface.co https://*.hf.space"
_NO_FREE_SPACE = "The server's disk is full; try again later or free some space."


def body_limit_bytes(*, public: bool) -> int:
    """Give the largest request body: small for strangers, room for a model file on one's own machine."""
    return 64 * MIB if public else 1024 * MIB


@dataclass(frozen=True)
class _Policy:
    """The numbers that ``Harden`` enforces."""

    max_body_bytes: int
    min_free_bytes: int
    trusted_hops: int


class Harden:
    """ASGI middleware that limits, closes and labels what Gradio serves.

    * ``/healthz`` answers 200 without touching the app.
    * Routes that the page does not use answer 404.
    * A body over the limit answers 413, counted as it arrives, so that chunked uploads count too.
    * With less than ``min_free_bytes`` on the disk, whatever would store something answers 507.
    * One client that starts too much work answers 429.
    * Every response carries a content security policy that keeps the page from reaching any other host.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int = 64 * MIB,
        min_free_bytes: int = 2048 * MIB,
        per_minute: int | None = None,
        trusted_hops: int | None = None,
        share: bool = False,
    ) -> None:
        """Wrap an app.

        Args:
            app: what is protected.
            max_body_bytes: largest body of one request.
            min_free_bytes: free disk below which nothing more is stored.
            per_minute: requests that one client may start a minute, also the size of a burst; 0 does not limit.
                None reads ``GANEDIT_PER_MIN``.
            trusted_hops: proxies in front that append to ``X-Forwarded-For``. None reads ``GANEDIT_TRUSTED_HOPS``.
            share: the app is behind a Gradio share link: one proxy, and the page's script comes from Gradio's host.

        Raises:
            BadRequestError: an environment variable is not a whole number.
        """
        if per_minute is None:
            per_minute = _whole_number("GANEDIT_PER_MIN", DEFAULT_PER_MINUTE)
        if trusted_hops is None:
            trusted_hops = _whole_number("GANEDIT_TRUSTED_HOPS", 1 if share else 0)
        self._app = app
        self._policy = _Policy(max_body_bytes, min_free_bytes, trusted_hops)
        self._buckets = TokenBuckets(per_minute) if per_minute else None
        self._page_policy = content_security_policy(share=share)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = _route_path(scope)

        async def labeled(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._label(MutableHeaders(scope=message), path)
            await send(message)

        answer = self._answer(scope, path)
        if answer is not None:
            await answer(scope, receive, labeled)
            return
        exchange = _Exchange(receive, labeled, self._policy.max_body_bytes)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            if not exchange.too_large:
                raise
        if exchange.too_large and not exchange.started:
            await self._too_large()(scope, receive, labeled)

    def _answer(self, scope: Scope, path: str) -> JSONResponse | None:
        """Give the answer for a request that need not or must not reach the app, else None."""
        if path == "/healthz":
            return JSONResponse({"status": "ok"})
        if _CLOSED.match(path):
            return _refusal(404, "Not found")
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._policy.max_body_bytes:
            return self._too_large()
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        if _STORES.match(path) and shutil.disk_usage(_storage()).free < self._policy.min_free_bytes:
            return _refusal(507, _NO_FREE_SPACE)
        return self._slow_down(scope, path)

    def _slow_down(self, scope: Scope, path: str) -> JSONResponse | None:
        """Charge the client for starting work; the answer if it has nothing left."""
        cost = LOGIN_COST if _LOGIN.match(path) else 1 if _STARTS_WORK.match(path) else 0
        if self._buckets is None or not cost:
            return None
        wait_seconds = self._buckets.take(client_key(scope, self._policy.trusted_hops), cost)
        if not wait_seconds:
            return None
        return _refusal(429, "Slow down", {"Retry-After": str(int(wait_seconds) + 1)})

    def _too_large(self) -> JSONResponse:
        limit_mib = self._policy.max_body_bytes // MIB
        sentence = f"The upload is larger than {limit_mib} MB; send a smaller file."
        # The rest of the body is still on its way, so that this connection cannot be used again.
        return _refusal(413, sentence, {"Connection": "close"})

    def _label(self, headers: MutableHeaders, path: str) -> None:
        """Add the security headers to one response."""
        # A file of a user is shown as a picture or saved, never run as a page.
        policy = "default-src 'none'; sandbox" if _SERVED_FILE.match(path) else self._page_policy
        headers["Content-Security-Policy"] = policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"


class TokenBuckets:
    """One bucket of tokens a client: a burst of ``per_minute``, refilled evenly over a minute.

    Not thread-safe; it lives on the server's event loop.
    """

    MAX_CLIENTS = 10_000

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with every bucket full; ``clock`` gives seconds and is replaced in tests."""
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, client: str, cost: float = 1.0) -> float:
        """Take ``cost`` tokens.

        Returns:
            0.0 if they were there, else the seconds until they will be; nothing is taken then.
        """
        now = self._clock()
        if client not in self._levels and len(self._levels) >= self.MAX_CLIENTS:
            self._forget_idle(now)
        level, since = self._levels.get(client, (self._size, now))
        level = min(self._size, level + (now - since) * self._per_second)
        cost = min(cost, self._size)
        allowed = level >= cost
        self._levels[client] = (level - cost if allowed else level, now)
        return 0.0 if allowed else (cost - level) / self._per_second

    def _forget_idle(self, now: float) -> None:
        """Drop the clients whose buckets are full again; if none is, everybody, which errs on the side of serving."""
        kept = {client: (level, since) for client, (level, since) in self._levels.items() if now - since < 60}
        self._levels = kept if len(kept) < self.MAX_CLIENTS else {}


class _BodyTooLargeError(Exception):
    """Ends the app's reading of a body that has grown over the limit."""


class _Exchange:
    """Counts one request's body and notes whether its response has begun."""

    def __init__(self, receive: Receive, send: Send, limit_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._left_bytes = limit_bytes
        self.too_large = False
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left_bytes -= len(message.get("body", b""))
            if self._left_bytes < 0:
                self.too_large = True
                raise _BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        # What the app makes of a cut body (often a 400 of its own) is replaced by the 413, unless it came before.
        if self.too_large and not self.started:
            return
        self.started = True
        await self._send(message)


def client_key(scope: Scope, trusted_hops: int) -> str:
    """Name the client that a request comes from.

    Only what trusted proxies wrote is believed: with N hops, the Nth entry of ``X-Forwarded-For`` from the right.
    Without trusted hops the entries may be invented (uvicorn believes them from 127.0.0.1), so that all requests that
    carry the header share one key. An IPv6 client is its /64, since one user owns all of it.
    """
    entries = [part.strip() for value in Headers(scope=scope).getlist("x-forwarded-for") for part in value.split(",")]
    if entries and not trusted_hops:
        return "forwarded"
    if trusted_hops and len(entries) >= trusted_hops:
        return _network(entries[-trusted_hops])
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


def content_security_policy(*, share: bool = False) -> str:
    """Give the page's policy: this server only. Gradio does not render without inline scripts and ``eval``."""
    shared = f" {_SHARE_HOST}" if share else ""
    frames = f" {_SPACES_FRAMES}" if os.environ.get("SPACE_ID") else ""
    return "; ".join(
        (
            f"default-src 'self'{shared}",
            f"script-src 'self' 'unsafe-inline' 'unsafe-eval'{shared}",
            f"style-src 'self' 'unsafe-inline'{shared}",
            "img-src 'self' data: blob:",
            f"font-src 'self' data:{shared}",
            f"connect-src 'self' data: blob:{shared}",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors 'self'{frames}",
        )
    )


def _network(address: str) -> str:
    """Reduce an address, with or without a port, to what identifies one client."""
    host = re.sub(r"^\[(.*)\](?::\d+)?$|^([^:]+):\d+$", lambda found: found[1] or found[2], address)
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _route_path(scope: Scope) -> str:
    """Give the path inside the app, that is without the prefix that a proxy mounts it under."""
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def _storage() -> str:
    """Give the folder on whose disk uploads end up."""
    folder = os.environ.get("GRADIO_TEMP_DIR", "")
    return folder if os.path.isdir(folder) else tempfile.gettempdir()


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if text and not text.isdecimal():
        raise BadRequestError(f"The environment variable {variable} must be a whole number, not {text!r}.")
    return int(text) if text else default
