"""Failures become one kind sentence on the page; nobody sees a traceback there."""

import functools
import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from ganedit.errors import UserError, cut
from ganedit.ui.i18n import Html, both

_LOG = logging.getLogger(__name__)
_SECONDS_SHOWN = 8

OUR_MISTAKE = "Something went wrong on our side; please try again."
"""What a program is told; the page has the sentence in both languages."""

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def _as_toast() -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except UserError as error:
        raise _toast(error.args[0] if error.args else str(error)) from None
    except Exception:
        log_mistake("an event of the page failed")
        raise _toast(both("ge.error.ours")) from None


def log_mistake(what: str) -> None:
    """Log the failure that is being handled, with its traceback; whatever values stand in it are cut."""
    lines = traceback.format_exc().splitlines()
    _LOG.error("%s\n%s", what, "\n".join(cut(line) for line in lines))


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
