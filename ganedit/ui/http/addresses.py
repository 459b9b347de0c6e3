"""Pictures from addresses, where a switch allows them: no address of a private network, no endless answer."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from ganedit.errors import BadRequestError

FETCH_SECONDS = 20.0
_REDIRECTS = 5
# Not said to be private by their registries, but they lead to one machine's neighbors, to the provider's data about it,
# or to an IPv4 address inside.
_REFUSED = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "168.63.129.16/32", "2002::/16", "2001::/32", "64:ff9b::/32", "::/96", "fec0::/10")
]

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """Give the IP addresses of a host; none if there is no such host."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether an IP address leads to a machine of the open internet."""
    parsed = ipaddress.ip_address(address)
    embedded = getattr(parsed, "ipv4_mapped", None)
    if embedded is not None:
        return is_public(str(embedded))
    refused = any(parsed in network for network in _REFUSED if network.version == parsed.version)
    return parsed.is_global and not parsed.is_multicast and not refused


async def fetch(url: str, limit_bytes: int, resolver: Resolve = resolve) -> tuple[str, bytes]:
    """Fetch a file.

    Args:
        url: http or https.
        limit_bytes: of the file.
        resolver: looks hosts up; replaced in tests.

    Returns:
        The file's name and what is in it.

    Raises:
        BadRequestError: the address, or one that it leads on to, is not of the open internet or gives no file in time.
    """
    try:
        async with asyncio.timeout(FETCH_SECONDS), httpx.AsyncClient(trust_env=False, timeout=FETCH_SECONDS) as client:
            for _ in range(_REDIRECTS):
                answer = await _get(client, url, limit_bytes, resolver)
                if isinstance(answer, bytes):
                    return PurePosixPath(unquote(urlsplit(url).path)).name or "file", answer
                url = urljoin(url, answer)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        if isinstance(error, BadRequestError):
            raise
    raise _no_file()


async def _get(client: httpx.AsyncClient, url: str, limit_bytes: int, resolver: Resolve) -> bytes | str:
    """Give the file, or the address that leads on to it."""
    host, request = await _request(client, url, resolver)
    response = await client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return response.headers["Location"]
        if response.status_code != httpx.codes.OK:
            raise _no_file()
        content = bytearray()
        # Not decoded: a packed answer may be small on its way and endless here.
        async for part in response.aiter_raw():
            content += part
            if len(content) > limit_bytes:
                raise BadRequestError(f"The file at {host[:200]} is too large; send a smaller one.")
        return bytes(content)
    finally:
        await response.aclose()


async def _request(client: httpx.AsyncClient, url: str, resolver: Resolve) -> tuple[str, httpx.Request]:
    """Make a request to the very IP address that was checked: asking the name again may give another one."""
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise _no_file()
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    addresses = await resolver(parsed.host, port) if port < 2**16 else []
    if not addresses or not all(is_public(address) for address in addresses):
        raise BadRequestError("That address is not of the open internet; upload the file instead.")
    headers = {"Host": parsed.netloc.decode("ascii"), "Accept-Encoding": "identity"}
    pinned = parsed.copy_with(host=addresses[0])
    request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": parsed.host})
    return parsed.host, request


def _no_file() -> BadRequestError:
    return BadRequestError("No file could be fetched from that address; upload it instead.")
