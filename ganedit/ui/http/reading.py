"""The body of a call on its way to gradio: read, its files settled, written anew."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from gradio.processing_utils import save_base64_to_cache, save_bytes_to_cache
from gradio.utils import get_upload_folder
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from ganedit.errors import BadRequestError
from ganedit.ui.http.addresses import fetch
from ganedit.ui.http.bodies import MIB, refusal
from ganedit.ui.http.calls import MAX_FILES, MAX_OWN_FILES, Call, is_address, is_data, read_call, read_data
from ganedit.ui.http.rules import Rules
from ganedit.ui.session import safe_name

_LARGE_BYTES = 256 * 1024
_FETCHED_BYTES = 64 * MIB
_BY_HAND = ("/gradio_api/call/", "/gradio_api/run/", "/gradio_api/api/")
_TOOLS = re.compile(r"/gradio_api/mcp(?:/|$)")


class RefusedCallError(Exception):
    """A call must not reach gradio; holds the answer."""

    def __init__(self, answer: JSONResponse) -> None:
        """Take the answer."""
        super().__init__()
        self.answer = answer


class Read(NamedTuple):
    """A call for gradio.

    Attributes:
        body: its JSON.
        named: files that it names.
        kept: files that came with it, and were laid where uploads lie.
    """

    body: bytes
    named: int = 0
    kept: int = 0


class Reading:
    """Reads calls: large ones in a thread, one after the other, since each takes its size in memory several times."""

    def __init__(self, rules: Rules) -> None:
        """Take what is let through."""
        self._rules = rules
        self._one = anyio.CapacityLimiter(1)
        self._fetches = anyio.CapacityLimiter(4)

    async def read(self, scope: Scope, path: str, raw: bytes) -> Read:
        """Read a call.

        Args:
            scope: of the request.
            path: inside the app.
            raw: the body; an empty one is left to gradio.

        Returns:
            The body for gradio, and what it holds.

        Raises:
            RefusedCallError: it is no JSON, too much of it, or names files that the server may not read.
        """
        if not raw:
            return Read(raw)
        if Headers(scope=scope).get("content-encoding", "identity").lower() != "identity":
            raise RefusedCallError(refusal(415, "A packed body is not read; send it as it is."))
        call, kept = None, []
        try:
            call = await self._parse(raw, bare=path.startswith(_BY_HAND))
            if _TOOLS.match(path):
                await self._prepare_tools(scope, call, kept)
            for file in call.files:
                await self._settle(file, kept)
        except BadRequestError as error:
            for path_kept in kept:
                Path(path_kept).unlink(missing_ok=True)
            raise RefusedCallError(_refusal(path, call, str(error))) from error
        _let_remove(scope, kept)
        return Read(call.body(), len(call.files), len(kept))

    async def _parse(self, raw: bytes, *, bare: bool) -> Call:
        read = partial(read_call, raw, bare=bare, max_files=MAX_FILES if self._rules.public else MAX_OWN_FILES)
        return read() if len(raw) < _LARGE_BYTES else await anyio.to_thread.run_sync(read, limiter=self._one)

    async def _settle(self, file: dict[str, Any], kept: list[str]) -> None:
        """Lay a file where uploads lie if it came with the call or is to be fetched."""
        path: str = file["path"]
        name, ending = file.get("orig_name") or "file", ".bin"
        if is_data(path):
            ending, content = await anyio.to_thread.run_sync(read_data, path, limiter=self._one)
        elif is_address(path):
            self._check_allowed()
            async with self._fetches:
                name, content = await fetch(path.strip(), min(_FETCHED_BYTES, self._rules.body_bytes))
        else:
            return
        name = safe_name(str(name))
        name = name if "." in name else name + ending  # gradio takes a file without one for a sound
        file["path"] = await anyio.to_thread.run_sync(save_bytes_to_cache, content, name, get_upload_folder())
        file["meta"] = {"_type": "gradio.FileData"}
        kept.append(file["path"])

    def _check_allowed(self) -> None:
        if not self._rules.addresses:
            raise BadRequestError(
                "A file is not fetched from an address; upload it, send it as a data: URI, or start the app with "
                "--allow-addresses."
            )

    async def _prepare_tools(self, scope: Scope, call: Call, kept: list[str]) -> None:
        """Look at the files of MCP calls, which are texts; later they would be refused without a sentence."""
        for text in _file_texts(scope, call.content):
            if text.startswith(("http://", "https://")):
                self._check_allowed()
            elif text.startswith("data:"):
                await anyio.to_thread.run_sync(read_data, text, limiter=self._one)
                save = partial(save_base64_to_cache, text, get_upload_folder())
                # Gradio lays it there too, and forgets it.
                kept.append(await anyio.to_thread.run_sync(save, limiter=self._one))


def _file_texts(scope: Scope, content: Any) -> Iterator[str]:
    """Give the texts that stand for files in MCP messages."""
    server = getattr(getattr(scope.get("app"), "blocks", None), "mcp_server_obj", None)
    for message in content if isinstance(content, list) else [content]:
        params = (message.get("params") if isinstance(message, dict) else None) or {}
        tool, arguments = (params.get("name"), params.get("arguments")) if isinstance(params, dict) else (None, None)
        if server is None or not isinstance(arguments, dict) or tool not in list(server.tool_to_endpoint):
            continue
        _, positions = server.get_input_schema(tool)
        for name in {position[0] for position in positions}:
            given = arguments.get(name)
            yield from (text for text in (given if isinstance(given, list) else [given]) if isinstance(text, str))


def _let_remove(scope: Scope, paths: list[str]) -> None:
    """Let gradio remove files when it removes uploads."""
    blocks = getattr(scope.get("app"), "blocks", None)
    if blocks is not None:
        blocks.upload_file_set.update(paths)


def _refusal(path: str, call: Call | None, sentence: str) -> JSONResponse:
    if _TOOLS.match(path) and call is not None and isinstance(call.content, dict) and "id" in call.content:
        error = {"code": -32602, "message": sentence}
        return JSONResponse({"jsonrpc": "2.0", "id": call.content["id"], "error": error})
    return refusal(400, sentence)
