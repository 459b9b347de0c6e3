"""Which names the app answers to.

A page of anybody's may give its own name the address of this machine (DNS rebinding) and then reads what the app
answers as if it were its own. That needs a name, so that plain IP addresses are always answered.
"""

import ipaddress
import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ganedit.errors import BadRequestError

_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:.]+(?:%[\w.-]+)?)\]|(?P<name>[\w-]+(?:\.[\w-]+)*)\.?)(?::\d{1,5})?", re.ASCII
)
_SHOWN_LETTERS = 200


class Hosts:
    """The names that the app was started for, besides loopback names and plain IP addresses."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Take the names.

        Args:
            names: host names, with or without a port; IP addresses may be among them.

        Raises:
            BadRequestError: one is no host name.
        """
        self._names = set[str]()
        for name in names:
            host = _host(name) or _host(f"[{name}]")
            if host is None:
                raise BadRequestError(f'"{name}" is no host name; give it as in studio.example.org.')
            self._names.add(host)

    def objection(self, scope: Scope) -> tuple[int, str] | None:
        """Say why a request is not answered.

        Args:
            scope: of a request without forwarded headers that nobody vouches for.

        Returns:
            Status and sentence, or None where the name is one of ours and the page that asks, if any, too.
        """
        headers = Headers(scope=scope)
        hosts = [_host(value) for value in headers.getlist("host")]
        if len(hosts) != 1 or hosts[0] is None:
            return 400, "A request must name one host."
        names = [*hosts, *(_host(value) for value in headers.getlist("x-forwarded-host"))]
        # A proxy that hands the host on unchanged may name itself behind it.
        for name in names if _is_address(hosts[0]) else hosts:
            if name is None or not (_is_address(name) or self._is_ours(name, scope)):
                shown = (name or "")[:_SHOWN_LETTERS]
                return 421, f'This app does not answer to the name "{shown}"; start it with --allow-host {shown}.'
        # A page at a plain IP address may be anybody's, unless it is this one.
        for origin in headers.getlist("origin"):
            asking = _host(origin.lower().removeprefix("http://").removeprefix("https://"))
            if asking not in hosts and (asking is None or not self._is_ours(asking, scope)):
                shown = (asking or origin)[:_SHOWN_LETTERS]
                return 403, f'Pages of "{shown}" may not use this app; start it with --allow-host {shown}.'
        return None

    def without_others(self, scope: Scope) -> Scope:
        """Give a request without a forwarded host that is none of ours: gradio would make its links of it."""
        names = [_host(value) for value in Headers(scope=scope).getlist("x-forwarded-host")]
        if all(name and (_is_address(name) or self._is_ours(name, scope)) for name in names):
            return scope
        return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"x-forwarded-host"]}

    def _is_ours(self, name: str, scope: Scope) -> bool:
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        if _is_address(name):
            return ipaddress.ip_address(name).is_loopback
        return name == _share_name(scope)


def started_names(host: str | None, allowed: Iterable[str]) -> list[str]:
    """Give the names that an app is started for.

    Args:
        host: where it listens; None is what ``GRADIO_SERVER_NAME`` says.
        allowed: further names.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME", "")
    # A Space with a domain of its own has both names there.
    return [name for name in (host, *os.environ.get("SPACE_HOST", "").split(","), *allowed) if name]


def naming_hosts(app: ASGIApp) -> ASGIApp:
    """Give an app that gets a request without a host, as HTTP/1.0 allows, with an empty one, which can be looked up."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and "host" not in Headers(scope=scope):
            scope = {**scope, "headers": [*scope["headers"], (b"host", b"")]}
        await app(scope, receive, send)

    return named


def _host(authority: str) -> str | None:
    """Give the host of ``host:port`` in small letters and without brackets; None if it is neither name nor address."""
    found = _AUTHORITY.fullmatch(authority.lower())
    if not found:
        return None
    if found["v6"] and not _is_address(found["v6"]):
        return None
    return found["v6"] or found["name"]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _share_name(scope: Scope) -> str | None:
    """Give the name of Gradio's share link, which is known only once the app runs."""
    app = scope.get("app")
    blocks = getattr(app, "blocks", None)
    return urlsplit(getattr(blocks, "share_url", None) or "").hostname
