"""What was clicked, as the browser tells it: looked up, never believed."""

from collections.abc import Collection, Sized

import gradio as gr

from ganedit.errors import UserError
from ganedit.ui.i18n import both


def clicked(event: gr.SelectData, items: Sized | None) -> int:
    """Give the place of a clicked item among those that are shown.

    Raises:
        UserError: there is none at that place.
    """
    place = event.index
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(items or ()):
        raise UserError(both("ge.error.stale"))
    return place


def spot(event: gr.SelectData) -> tuple[int, int]:
    """Give the clicked pixel of a picture, (column, row).

    Raises:
        UserError: it is none.
    """
    place = event.index
    if not isinstance(place, list | tuple) or len(place) != 2 or not all(isinstance(each, int) for each in place):
        raise UserError(both("ge.error.stale"))
    return place[0], place[1]


def named(event: gr.EventData, field: str, known: Collection[str] | None = None) -> str:
    """Give the name that the page's own script sent with a click.

    Args:
        event: of ``trigger``.
        field: that holds the name.
        known: what it may be; any text if None.

    Raises:
        UserError: it is no name, or not known.
    """
    told = event._data.get(field) if isinstance(event._data, dict) else None
    if not isinstance(told, str) or (known is not None and told not in known):
        raise UserError(both("ge.error.stale"))
    return told
