"""The JSON of a call: read before gradio reads it, since that walks every value on the event loop.

What passes is written anew, so that gradio reads what was checked.
"""

import base64
import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from ganedit.errors import BadRequestError

MAX_JSON_BYTES = 8 * 1024**2
"""Of a call without what its ``data:`` URIs hold; those count as uploads."""

MAX_FILES = 1000
"""Of a stranger's call: gradio needs about half a millisecond for each, in which nobody else is answered."""

MAX_OWN_FILES = 10_000
"""Of a call on one's own machine."""

MAX_VALUES = 200_000
MAX_DEPTH = 64

_DATA = re.compile(
    r"data:(?P<kind>[\w.+-]{1,80}/[\w.+-]{1,80})?(?:;[\w=.+-]{1,80}?){0,9}?(?P<base64>;base64)?,", re.IGNORECASE
)
# A scheme has two letters or more: one is a drive of Windows.
_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:|[\\/]{2})", re.IGNORECASE)
_SERVED = re.compile(r"https?://[^/\\]+/(?:[^?#\\]*/)?gradio_api/file=(?![a-z][a-z0-9+.-]+:|[\\/]{2})", re.IGNORECASE)


@dataclass
class Call:
    """A call that was read.

    Attributes:
        content: what the JSON says.
        files: the objects in it that name a file, each with the one place where it is to be found in ``path``.
    """

    content: Any
    files: list[dict[str, Any]] = field(default_factory=list)

    def body(self) -> bytes:
        """Write the call for gradio."""
        return orjson.dumps(self.content)


def read_call(raw: bytes, *, bare: bool = False, max_files: int = MAX_FILES) -> Call:
    """Read the body of a call.

    Args:
        raw: the JSON.
        bare: a ``data:`` URI among the arguments stands for a file even outside of a file's object, as in calls by
            hand; the page sends painted masks that way.
        max_files: that it may name.

    Raises:
        BadRequestError: it is no JSON, or too much of it.
    """
    # Counted before it is read: a list of lists of nothing takes forty times its size in memory.
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise BadRequestError(f"A call may hold {MAX_VALUES} values at most; send less at once.")
    try:
        call = Call(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise BadRequestError("The body of a call must be JSON in UTF-8.") from error
    if bare:
        _name_bare_files(call.content)
    left_bytes = MAX_JSON_BYTES - len(raw)
    for node in _nodes(call.content):
        if isinstance(node, str):
            left_bytes += len(node) if node[:5].lower() == "data:" else 0
        elif "path" in node or "url" in node:
            _take_file(call, node)
            if len(call.files) > max_files:
                raise BadRequestError(f"A call may name {max_files} files at most; send fewer, or a zip of them.")
    if left_bytes < 0:
        raise BadRequestError(f"A call may be {MAX_JSON_BYTES // 1024**2} MB large without files; send less at once.")
    return call


def is_address(path: str) -> bool:
    """Whether a file's path is an address of any scheme, or of another machine."""
    return bool(_ADDRESS.match(path))


def is_data(path: str) -> bool:
    """Whether a file's path is the file itself, as a ``data:`` URI."""
    return bool(_DATA.match(path))


def read_data(uri: str) -> tuple[str, bytes]:
    """Give the ending that suits the media type of a ``data:`` URI, and what it holds.

    Raises:
        BadRequestError: it is damaged.
    """
    found = _DATA.match(uri)
    if not found:
        raise BadRequestError("A data: URI is damaged; it must be like data:image/png;base64,...")
    payload = uri[found.end() :]
    try:
        content = base64.b64decode(payload, validate=True) if found["base64"] else unquote_to_bytes(payload)
    except ValueError as error:
        raise BadRequestError("A data: URI is damaged; its base64 must be whole.") from error
    return mimetypes.guess_extension((found["kind"] or "").lower()) or ".bin", content


def _nodes(content: Any) -> Iterator[Any]:
    """Give every object and text; without recursion, since the depth is a stranger's choice."""
    layer = [content]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for node in layer:
            if isinstance(node, dict):
                yield node
                below += node.values()
            elif isinstance(node, list):
                below += node
            elif isinstance(node, str):
                yield node
        layer = below
        if not layer:
            return
    raise BadRequestError(f"A call may be {MAX_DEPTH} levels deep at most.")


def _name_bare_files(content: Any) -> None:
    """Make objects of the ``data:`` URIs that stand for files."""
    arguments = content.get("data", content) if isinstance(content, dict) else None
    if isinstance(arguments, list):
        places: Iterable[Any] = range(len(arguments))
    else:
        places = list(arguments) if isinstance(arguments, dict) else ()
    for place in places:
        value = arguments[place]  # pyright: ignore[reportOptionalSubscript]
        if isinstance(value, str) and is_data(value):
            arguments[place] = {"path": value, "meta": {"_type": "gradio.FileData"}}  # pyright: ignore[reportOptionalSubscript]


def _take_file(call: Call, node: dict[str, Any]) -> None:
    """Count a file and settle where it lies."""
    path, url = node.get("path"), node.get("url")
    if isinstance(url, str) and _DATA.match(url):
        path = url
    elif isinstance(url, str) and _ADDRESS.match(url) and not _SERVED.match(url):
        path = path if isinstance(path, str) and _ADDRESS.match(path) else url
    if not isinstance(path, str):
        return
    call.files.append(node)
    node["path"] = path
    node.pop("url", None)  # gradio makes it anew
