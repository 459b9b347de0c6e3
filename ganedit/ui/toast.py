"""Failures become one kind sentence on the page; nobody sees a traceback there."""

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from ganedit.errors import UserError
from ganedit.ui.i18n import Html, both

_LOG = logging.getLogger(__name__)
_SECONDS_SHOWN = 8

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def _as_toast() -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except UserError as error:
        raise _toast(error.args[0] if error.args else str(error)) from error
    except Exception as error:
        _LOG.exception("an event of the page failed")
        raise _toast(both("ge.error.ours")) from error


def _toast(text: str) -> gr.Error:
    return gr.Error(Html.escaped(text), duration=_SECONDS_SHOWN, print_exception=False)


def toasts(event: F) -> F:
    """Let an event function, plain or generator, show its errors as toasts.

    An error raised on purpose is shown as it is; anything else is logged with its traceback and shown as a generic
    sentence. Give the event ``show_progress="hidden"``, or its outputs are covered by gradio's own error overlay.
    """
    if inspect.isgeneratorfunction(event):

        @functools.wraps(event)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with _as_toast():
                yield from event(*args, **kwargs)

        return generator  # pyright: ignore[reportReturnType]

    @functools.wraps(event)
    def function(*args: Any, **kwargs: Any) -> Any:
        with _as_toast():
            return event(*args, **kwargs)

    return function  # pyright: ignore[reportReturnType]
