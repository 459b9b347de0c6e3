"""Whoever runs the app with ``--auth-file``: nothing is told or done without a login, and guessing one is slow.

Gradio closes most of its routes itself, but neither its MCP tools nor the list of endpoints inside the login page.
"""

import base64
import functools
import hmac
import re
import secrets
from collections import OrderedDict
from typing import Any

from gradio_client import Client
from starlette.datastructures import FormData, Headers
from starlette.requests import Request
from starlette.types import Scope

from ganedit.ui.http.buckets import TokenBuckets

LOGIN = re.compile(r"/login/?$")
WRONG_PER_MINUTE = 10
"""Wrong passwords that one address may try for one user."""

WRONG_FROM_ALL_PER_MINUTE = 100
"""Wrong passwords for one user from all addresses from which that user never logged in."""

_KNOWN_PLACES = 1000
# What the login page is made of, and what gradio asks itself while it starts.
_OPEN = re.compile(
    r"/(?:|login/?|logout|static/.*|assets/.*|svelte/.*|(?:gradio_api/)?theme\.css|favicon\.ico|pwa_icon|manifest\.json"
    r"|robots\.txt|gradio_api/(?:login_check|startup-events)/?)$"
)
_API_INFO = re.compile(rb"window\.gradio_api_info = .*?;</script>", re.DOTALL)
_OWN_CALL = b"x-ganedit-own-call"


class Logins:
    """Who is logged in to a gradio app, and how many wrong passwords were tried.

    A login is Gradio's cookie, or ``Authorization: Basic``, which MCP clients and curl can send. The wrong tries count
    by user and address, so that the right password from elsewhere is not refused with them.
    """

    def __init__(self) -> None:
        """Start with no wrong try."""
        self._wrong_here = TokenBuckets(WRONG_PER_MINUTE)
        self._wrong_anywhere = TokenBuckets(WRONG_FROM_ALL_PER_MINUTE)
        self._known_places: OrderedDict[str, None] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._secret = secrets.token_hex(32)

    def lacks(self, scope: Scope) -> bool:
        """Whether a request lacks a login that the app asks for."""
        app = scope.get("app")
        return getattr(app, "auth", None) is not None and _user_of_cookie(scope, app) is None

    def admit(self, scope: Scope, path: str) -> Scope | None:
        """Let a request pass.

        Args:
            scope: of the request; its client is the key of the address.
            path: inside the app.

        Returns:
            The scope, in which a login by ``Authorization`` has become the cookie that gradio knows; None if it lacks
            a login.
        """
        if not self.lacks(scope):
            return scope
        app = scope["app"]
        user = "" if self.is_own_call(scope) else self._user_of_basic(scope, app)
        if user is not None:
            return _with_cookie(scope, app, self._token(app, user))
        return scope if _OPEN.match(path) else None

    def is_own_call(self, scope: Scope) -> bool:
        """Whether gradio's MCP server sends this, which calls the app that it belongs to over HTTP."""
        shown = dict(scope["headers"]).get(_OWN_CALL, b"")
        return hmac.compare_digest(shown, self._secret.encode())

    def introduce_tools(self, app: Any) -> None:
        """Let gradio's MCP server pass; without this it knows no login to call the app with."""
        blocks = getattr(app, "blocks", None)
        server = getattr(blocks, "mcp_server_obj", None)
        if blocks is None or server is None:
            return
        headers = {"x-gradio-user": "mcp", _OWN_CALL.decode(): self._secret}
        connect = functools.partial(Client, download_files=False, verbose=False, analytics_enabled=False)
        server._get_or_create_client = functools.cache(
            lambda: connect(blocks.local_url, headers=headers, ssl_verify=False, _skip_components=False)
        )

    def try_seconds(self, user: str, address: str) -> float:
        """Count a try as a wrong one; give the seconds to wait if there were too many, else 0.0."""
        here, wait_seconds = _place(user, address), 0.0
        if here not in self._known_places:
            wait_seconds = self._wrong_anywhere.take(_short(user))
        return wait_seconds or self._wrong_here.take(here)

    def succeeded(self, user: str, address: str) -> None:
        """Say that the try that was counted last was right."""
        here = _place(user, address)
        self._wrong_here.give_back(here)
        if here not in self._known_places:
            self._wrong_anywhere.give_back(_short(user))
        self._known_places[here] = None
        self._known_places.move_to_end(here)
        if len(self._known_places) > _KNOWN_PLACES:
            self._known_places.popitem(last=False)

    def _user_of_basic(self, scope: Scope, app: Any) -> str | None:
        scheme, _, encoded = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:  # no base64, no ASCII, no UTF-8
            return None
        address = scope["client"][0]
        if self.try_seconds(user, address):
            return None
        expected = app.auth.get(user) if isinstance(app.auth, dict) else None
        if expected is None or not hmac.compare_digest(password.encode(), expected.encode()):
            return None
        self.succeeded(user, address)
        return user

    def _token(self, app: Any, user: str) -> str:
        """Give gradio's token of a user who sends no cookie: one, not one a request."""
        if self._tokens.get(user) not in app.tokens:
            self._tokens[user] = secrets.token_urlsafe(16)
            app.tokens[self._tokens[user]] = user
        return self._tokens[user]


def user_in_form(form: FormData) -> str:
    """Give the name in the form of the login page, as gradio reads it."""
    user = form.get("username")
    return user.strip() if isinstance(user, str) else ""


def without_endpoints(page: bytes) -> bytes:
    """Take out of the login page what gradio tells in it about the endpoints."""
    return _API_INFO.sub(b"window.gradio_api_info = {};</script>", page)


def _user_of_cookie(scope: Scope, app: Any) -> str | None:
    cookies = Request(scope).cookies
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return app.tokens.get(next((cookies[name] for name in names if cookies.get(name)), None))


def _with_cookie(scope: Scope, app: Any, token: str) -> Scope:
    cookie = f"access-token-{app.cookie_id}={token}".encode()
    others = [value for name, value in scope["headers"] if name == b"cookie"]
    headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": [*headers, (b"cookie", b"; ".join([*others, cookie]))]}


def _place(user: str, address: str) -> str:
    return f"{address} {_short(user)}"


def _short(user: str) -> str:
    return user[:100]
