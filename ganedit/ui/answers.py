"""Every call, however malformed, is answered with one sentence, and leaves one line in the log.

Gradio answers what it did not expect with an error of null, a text about its own insides, or a 500, and prints a
traceback each time. ``Page`` stands around its running of calls, ``Answers`` around its routes.
"""

import errno
import logging
import re
import traceback
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from fastapi import Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from gradio.block_function import BlockFunction
from gradio.queueing import Queue
from gradio.route_utils import FnIndexInferError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganedit.errors import UserError, cut, cut_message
from ganedit.ui.i18n import Html, both
from ganedit.ui.payloads import completed, is_public
from ganedit.ui.toast import OUR_MISTAKE, log_mistake

_LOG = logging.getLogger(__name__)

# What gradio's routes raise on a call that they did not expect. Anything else that gets out of them is no caller's.
_MISFITS = (LookupError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError, RecursionError)
_MISFITS += (MultiPartException,)
_UNKNOWN = (LookupError, FnIndexInferError)
_DIRECT = re.compile(r"/gradio_api/(?:run|api)/")
_STREAM = re.compile(r"/gradio_api/(?:queue/data|call/(?:v2/)?[^/]+/(?P<event>[^/]+))/?$")

_NO_ENDPOINT = "There is nothing of that name to call here; /gradio_api/info names the endpoints."
_MISFIT = "This call does not fit what it was sent to; /gradio_api/info says what each endpoint takes."
_NO_ANSWER = "No answer waits here: it was fetched already, or there was no such call; send the call again."


class Page(gr.Blocks):
    """Blocks whose calls end with a result or with one sentence."""

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Check what was sent, then let gradio read it."""
        # A session may have its own choices and ranges; for a State it holds the value.
        blocks = [
            state[block._id] if state and block._id in state and not block.stateful else block
            for block in block_fn.inputs
        ]
        whole = inputs if explicit_call else completed(block_fn, blocks, inputs)
        return await super().preprocess_data(block_fn, whole, state, explicit_call)

    async def process_api(self, block_fn: Any, *args: Any, **settings: Any) -> dict[str, Any]:
        """Run one call, or one step of it.

        Raises:
            gr.Error: it cannot be run; holds the sentence.
        """
        try:
            return await super().process_api(block_fn, *args, **settings)
        except Exception as error:
            if isinstance(error, gr.Error) and not error.print_exception:  # a sentence of ours
                raise
            fn = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
            raise gr.Error(_sentence(fn, error), print_exception=False) from None


def _sentence(fn: BlockFunction, error: Exception) -> str:
    """Say what was wrong with a call, and note it in the log: a traceback only if the mistake is ours."""
    name = fn.api_name or fn.name
    if isinstance(error, UserError | gr.Error):
        said = error.message if isinstance(error, gr.Error) else error.args[0]
        _note(str(name), said)
        said = said if isinstance(said, Html) else cut_message(said)
        return said if is_public(fn) else Html.escaped(said)
    if _is_ours(error.__traceback__):
        log_mistake(f"{name} failed")
        return OUR_MISTAKE if is_public(fn) else both("ge.error.ours")
    _note(str(name), f"{type(error).__name__}: {error}")
    return _MISFIT if is_public(fn) else both("ge.error.call")


def _note(where: str, why: str) -> None:
    """Write one line into the log, whatever line breaks were sent."""
    _LOG.warning("%s was refused: %s", *(" ".join(cut(text).split()) for text in (where, why)))


def _is_ours(trace: TracebackType | None) -> bool:
    """Whether a function of ours was running, and not gradio reading what was sent."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(trace))
    return any(name.startswith("ganedit.") and name != __name__ for name in modules)


class Answers:
    """ASGI middleware that answers what gradio's routes raise, inside of all that limits and labels."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; if that fails, answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _is_of_nobody(scope):
            await _refusal(404, _NO_ANSWER)(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if message["status"] == 500 and _DIRECT.search(scope["path"]):
                    message["status"] = 400  # gradio's for every refusal of a call that skips the queue
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            _LOG.debug("%s: the caller has left", scope["path"])
        except Exception as error:
            answer = _failure(scope, error)
            if started:
                raise
            await answer(scope, receive, send)


def _failure(scope: Scope, error: Exception) -> JSONResponse:
    where = f"{scope['method']} {scope['path']}"
    is_too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG  # a path of the request
    if is_too_long or isinstance(error, (*_MISFITS, FnIndexInferError)):
        _note(where, f"{type(error).__name__}: {error}")
        return _refusal(404, _NO_ENDPOINT) if is_too_long or isinstance(error, _UNKNOWN) else _refusal(400, _MISFIT)
    log_mistake(f"{cut(where)} failed")
    return _refusal(500, OUR_MISTAKE)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer what a route refuses by itself, with its text cut: some repeat what was sent."""
    assert isinstance(error, HTTPException)
    detail = cut_message(error.detail) if isinstance(error.detail, str) else error.detail
    answer = HTTPException(error.status_code, detail, error.headers)
    return await http_exception_handler(request, answer)


async def refuse_body(request: Request, error: Exception) -> JSONResponse:
    """Answer a body that is not built as its route wants it; FastAPI would send all of it back."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    _note(f"{request.method} {request.url.path}", f"{place}: {first['msg']}")
    return _refusal(422, cut_message(f"This call is not built as it should be: {place}: {first['msg']}."))


def _is_of_nobody(scope: Scope) -> bool:
    """Whether a request asks for the answers to a call or a session that is not there.

    Gradio begins to answer before it finds that out, with a 200, and then fails.
    """
    found = _STREAM.search(scope["path"]) if scope["method"] == "GET" else None
    if not found:
        return False
    queue: Queue = scope["app"].get_blocks()._queue
    waiting = queue.pending_messages_per_session
    event = found["event"]
    if event is None:
        session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
        return session is not None and session[0] not in waiting
    asked = event in queue.event_ids_to_events or event in waiting
    return not asked and not any(event in events for events in queue.pending_event_ids_session.values())


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status_code=status)


HANDLERS: dict[Any, Any] = {RequestValidationError: refuse_body, HTTPException: refuse}
"""What FastAPI is to call for what it and gradio's routes refuse by themselves."""
