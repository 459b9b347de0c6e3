"""Who a request comes from, as far as that can be believed."""

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import Scope

# Gradio builds the addresses that it hands out from these, for everybody and for good.
_FORWARDED = re.compile(rb"x-forwarded-.*|forwarded|x-real-ip|x-gradio-server", re.IGNORECASE)


def client_key(scope: Scope, trusted_hops: int) -> str:
    """Name the client that a request comes from.

    Only what trusted proxies wrote is believed: with N hops, the Nth entry of ``X-Forwarded-For`` from the right.
    Without trusted hops the entries may be invented (uvicorn believes them from 127.0.0.1), so that all requests that
    carry the header share one key. An IPv6 client is its /64, since one user owns all of it.
    """
    entries = _entries(scope, "x-forwarded-for")
    if entries and not trusted_hops:
        return "forwarded"
    if trusted_hops and len(entries) >= trusted_hops:
        return _network(entries[-trusted_hops])
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


def believed(scope: Scope, trusted_hops: int) -> Scope:
    """Give a request without what its sender may have invented about proxies.

    Args:
        scope: of the request; it is left as it is.
        trusted_hops: proxies in front that write forwarded headers.

    Returns:
        The scope with the client's key as its address, and with one ``X-Forwarded-Host`` and ``X-Forwarded-Proto`` at
        most, those of a trusted proxy; every other forwarded header is gone.
    """
    headers = [(name, value) for name, value in scope["headers"] if not _FORWARDED.fullmatch(name)]
    scheme = scope.get("scheme", "http")
    for name in ("x-forwarded-host", "x-forwarded-proto"):
        entries = _entries(scope, name)
        if entries and trusted_hops:
            headers.append((name.encode(), entries[-min(trusted_hops, len(entries))].encode("latin-1")))
        elif entries and name == "x-forwarded-proto":
            scheme = "http"  # uvicorn believed it too
    return {**scope, "headers": headers, "scheme": scheme, "client": (client_key(scope, trusted_hops), 0)}


def _entries(scope: Scope, name: str) -> list[str]:
    values = Headers(scope=scope).getlist(name)
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _network(address: str) -> str:
    """Reduce an address, with or without a port, to what identifies one client."""
    host = re.sub(r"^\[(.*)\](?::\d+)?$|^([^:]+):\d+$", lambda found: found[1] or found[2], address)
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
