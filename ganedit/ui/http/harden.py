"""What stands between the network and Gradio: limits, closed routes, and headers that keep the page to itself.

``Harden`` is plain ASGI, so that event streams pass through unbuffered. It refuses with the JSON body
``{"detail": sentence}``, which Gradio's page shows as a toast.
"""

import os
import re
import shutil
import sys
import tempfile

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganedit.ui.http.bodies import MIB, Body, CutBodyError, Quota, refusal, span
from ganedit.ui.http.buckets import TokenBuckets
from ganedit.ui.http.clients import believed
from ganedit.ui.http.logins import LOGIN, Logins, user_in_form, without_endpoints
from ganedit.ui.http.policy import content_security_policy, label
from ganedit.ui.http.reading import Reading, RefusedCallError
from ganedit.ui.http.rules import Rules

# Gradio routes that this app does not need and that reach out, run ffmpeg, tell about other users, write files that
# nothing removes, or make work of any size. ``file=`` with a scheme or two slashes turns the server into a proxy.
_CLOSED = re.compile(
    r"""/(?: gradio_api/(?: proxy= | file=\s*(?:[a-z][a-z0-9+.-]+:|[\\/]{2}) | file/ | process_recording | run-history
                          | runs(?:/|$) | token | vibe- | undo-vibe-edit | profiling | dev/ | custom_component/
                          | component_server | deep_link | stream/ )
         | monitoring | pwa_icon/[^/] | openapi\.json )""",
    re.VERBOSE | re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")  # gradio cannot make links below such a path
_STARTS_WORK = re.compile(r"/gradio_api/(?:queue/join|call/|run/|api/|mcp|upload)")
_STORES = re.compile(r"/gradio_api/(?:upload|queue/join|call/|run/|api/|mcp)")
_API = re.compile(r"/gradio_api/|/login/?$")
_UPLOAD = re.compile(r"/gradio_api/upload/?$")
_TOOLS = re.compile(r"/gradio_api/mcp(?:/|$)")
_TOO_SLOW = 408
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Harden:
    """ASGI middleware that limits, closes and labels what Gradio serves.

    * ``/healthz`` answers 200 without touching the app.
    * Only names that the app was started for are answered, and only pages under them may use it.
    * Forwarded headers that no trusted proxy wrote are gone before the app sees them.
    * Routes that the page does not use answer 404; without a login, if there are any, all but the login page 401.
    * A body that is too large, too slow or one too many is cut, counted as it arrives.
    * The JSON of a call is read first; files that it names by address are refused, or fetched within bounds.
    * With less than ``min_free_bytes`` on the disk, whatever would store something answers 507.
    * One client that starts too much work answers 429.
    * Every response carries a content security policy that keeps the page from reaching any other host.
    """

    def __init__(self, app: ASGIApp, rules: Rules | None = None) -> None:
        """Wrap an app; without ``rules`` the strictest hold."""
        self._app = app
        self._rules = rules or Rules()
        self._hops = self._rules.hops
        self._buckets = TokenBuckets(self._rules.per_minute) if self._rules.per_minute else None
        self._quota = Quota() if self._rules.public else None
        self._logins = Logins()
        self._reading = Reading(self._rules)
        self._page_policy = content_security_policy(share=self._rules.share)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            self._logins.introduce_tools(scope.get("app"))
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = _route_path(scope)
        own_call = self._logins.is_own_call(scope)
        scope = believed(scope, 1 if own_call else self._hops)
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, path)
            return

        async def labeled(message: Message) -> None:
            if message["type"] == "http.response.start":
                label(MutableHeaders(scope=message), path, self._page_policy)
            await send(message)

        answer, scope = self._answer(scope, path)
        if scope["method"] not in _WITHOUT_BODY:
            await self._take_in(scope, receive, labeled, path, answer)
        elif answer is not None:
            await answer(scope, receive, labeled)
        else:
            await self._show(scope, receive, labeled, path)

    def _answer(self, scope: Scope, path: str) -> tuple[JSONResponse | None, Scope]:
        """Give the answer of what must not reach the app, else None; and the request as the app may see it."""
        if path == "/healthz":
            return JSONResponse({"status": "ok"}), scope
        objection = self._rules.hosts.objection(scope)
        if objection:
            return refusal(*objection), scope
        if _CLOSED.match(path) or _UNPRINTABLE.search(scope["path"]):
            return refusal(404, "Not found"), scope
        admitted = self._logins.admit(self._rules.hosts.without_others(scope), path)
        if admitted is None:
            return _log_in(path), scope
        if admitted["method"] in _WITHOUT_BODY:
            return None, admitted
        if _STORES.match(path) and shutil.disk_usage(_storage()).free < self._rules.min_free_bytes:
            return refusal(507, "The server's disk is full; try again later or free some space."), admitted
        return (self._slow_down(admitted, 1) if _STARTS_WORK.match(path) else None), admitted

    def _slow_down(self, scope: Scope, cost: float) -> JSONResponse | None:
        """Charge a client for work; the answer if it has nothing left."""
        wait_seconds = self._buckets.take(scope["client"][0], cost) if self._buckets else 0.0
        if not wait_seconds:
            return None
        return refusal(429, f"Too many requests; try again in {span(wait_seconds)}.", wait_seconds)

    async def _show(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """Answer a request without a body."""
        if _TOOLS.match(path):
            scope = _with_client(scope)
        if path == "/" and self._logins.lacks(scope):
            send = _LoginPage(send).send
        await self._app(scope, receive, send)

    async def _take_in(
        self, scope: Scope, receive: Receive, send: Send, path: str, answer: JSONResponse | None
    ) -> None:
        """Answer a request with a body: an upload as it comes, everything else once it is there and was read."""
        limit_bytes = MIB if LOGIN.match(path) else self._rules.body_bytes
        body = Body(receive, scope["client"][0], limit_bytes, self._quota, boundary=_boundary(scope))
        exchange = _Exchange(body, send)
        answer = answer or body.announce(_declared(scope))
        try:
            if answer is None:
                await self._hand_on(scope, body, exchange, path)
        except CutBodyError:
            pass
        except RefusedCallError as refused:
            answer = refused.answer
        except Exception:
            if not body.is_cut:
                raise
        finally:
            body.end()
        answer = answer or body.answer
        if answer is not None and not exchange.started:
            if answer.status_code != _TOO_SLOW:
                await body.drain()
            await answer(scope, receive, send)

    async def _hand_on(self, scope: Scope, body: Body, exchange: "_Exchange", path: str) -> None:
        if _UPLOAD.match(path) or not _API.match(path):
            await self._app(scope, body.receive, exchange.send)
            return
        raw = await body.read()
        replay = _Replay(raw, body.receive)
        if LOGIN.match(path):
            await self._log_in(scope, replay, exchange)
            return
        read = await self._reading.read(scope, path, raw)
        del raw
        body.count_files(read.kept)
        replay.body = read.body
        # What gradio does for each file it does on the event loop: fifty take it as long as a request.
        answer = self._slow_down(scope, read.named / 50) if self._rules.public else None
        if answer is not None:
            raise RefusedCallError(answer)
        await self._app(_with_client(scope) if _TOOLS.match(path) else scope, replay.receive, exchange.send)

    async def _log_in(self, scope: Scope, replay: "_Replay", exchange: "_Exchange") -> None:
        content = replay.body
        try:
            form = await Request(scope, replay.receive).form()
        except (HTTPException, MultiPartException) as error:
            raise RefusedCallError(refusal(400, "A login must be a form with username and password.")) from error
        user, address = user_in_form(form), scope["client"][0]
        wait_seconds = self._logins.try_seconds(user, address)
        if wait_seconds:
            sentence = f"Too many wrong passwords; try again in {span(wait_seconds)}."
            raise RefusedCallError(refusal(429, sentence, wait_seconds))
        replay.body = content
        await self._app(scope, replay.receive, exchange.send)
        if exchange.status == 200:
            self._logins.succeeded(user, address)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        refused = self._rules.hosts.objection(scope) or _CLOSED.match(path) or self._logins.admit(scope, path) is None
        if refused:
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)


class _Replay:
    """A body that was read already, given to the app as if it just came."""

    def __init__(self, body: bytes, rest: Receive) -> None:
        self.body: bytes | None = body
        self._rest = rest

    async def receive(self) -> Message:
        if self.body is None:
            return await self._rest()
        message, self.body = {"type": "http.request", "body": self.body, "more_body": False}, None
        return message


class _Exchange:
    """Notes how a request is being answered; what the app makes of a cut body is held back."""

    def __init__(self, body: Body, send: Send) -> None:
        self._body = body
        self._send = send
        self.started = False
        self.status = 0

    async def send(self, message: Message) -> None:
        # Often a 400 of the app's own, in place of the sentence of ours, unless it came before.
        if self._body.is_cut and not self.started:
            return
        self.started = True
        self.status = message.get("status", self.status)
        await self._send(message)


class _LoginPage:
    """Takes out of the login page what it tells about the app behind it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._page = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._page += message.get("body", b"")
        if not message.get("more_body", False):
            page = without_endpoints(self._page)
            MutableHeaders(scope=self._start)["Content-Length"] = str(len(page))
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": page})


def _declared(scope: Scope) -> int:
    """Give the size that a body is said to have; 0 if nothing is said."""
    text = Headers(scope=scope).get("content-length", "")
    return min(int(text), sys.maxsize) if text.isdecimal() and len(text) < 100 else 0


def _boundary(scope: Scope) -> bytes:
    """Give what stands before each part of a form; empty if the body is said to be none."""
    kind, options = parse_options_header(Headers(scope=scope).get("content-type"))
    return b"--" + options.get(b"boundary", b"") if kind == b"multipart/form-data" else b""


def _log_in(path: str) -> JSONResponse:
    answer = refusal(401, "Log in first.")
    if _TOOLS.match(path):
        answer.headers["WWW-Authenticate"] = 'Basic realm="ganedit"'
    return answer


def _with_client(scope: Scope) -> Scope:
    """Tell gradio's MCP server whom it works for: it calls the app itself, with the headers that it was called with."""
    return {**scope, "headers": [*scope["headers"], (b"x-forwarded-for", scope["client"][0].encode())]}


def _route_path(scope: Scope) -> str:
    """Give the path inside the app, that is without the prefix that a proxy mounts it under."""
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def _storage() -> str:
    """Give the folder on whose disk uploads end up."""
    folder = os.environ.get("GRADIO_TEMP_DIR", "")
    return folder if os.path.isdir(folder) else tempfile.gettempdir()
