"""What a call may send for each kind of component: told in one sentence that names the parameter.

Gradio takes much on trust: any text counts as true for a switch, a list becomes a text, and what does not fit fails
somewhere inside with a traceback. So every call is looked through before gradio reads it.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.i18n import I18nData

from ganedit.errors import BadRequestError, cut
from ganedit.ui.strings import STRINGS

_CHOICES = (gr.Dropdown, gr.Radio, gr.CheckboxGroup)
_FILES = (gr.File, gr.UploadButton, gr.Image)
_LARGEST = 1e15  # beyond any pixel, seed or second; neither infinity nor what is no number is within
_UPLOAD = (
    'a file that was sent to /gradio_api/upload, written {"path": PATH, "meta": {"_type": "gradio.FileData"}}, '
    "or a data: address"
)


def is_public(fn: BlockFunction) -> bool:
    """Whether a function is a named endpoint; the others are the page's own events."""
    return fn.api_visibility == "public"


def completed(fn: BlockFunction, blocks: Sequence[Block], values: Sequence[Any]) -> list[Any]:
    """Check the values of a call; what a named endpoint is not told becomes its default.

    Args:
        fn: what is called.
        blocks: its inputs as they stand in this session.
        values: one an input, as they came over the network.

    Raises:
        BadRequestError: there are too few or too many, or one is of another kind than its parameter.
    """
    names = _names(fn)
    if is_public(fn) and len(values) != len(blocks):
        raise BadRequestError(f"/{fn.api_name} takes {len(blocks)} values ({', '.join(names)}), not {len(values)}.")
    whole = []
    for name, block, value in zip(names, blocks, values, strict=False):
        if value is None and is_public(fn) and not isinstance(block, _FILES):
            value = getattr(block, "value", None)
        wanted = None if block.stateful or value is None else _wanted(block, value, in_public=is_public(fn))
        if wanted:
            raise BadRequestError(f"{name} must be {wanted}, not {cut(repr(value), 60)}.")
        whole.append(value)
    return whole


def _names(fn: BlockFunction) -> list[str]:
    """Name the inputs: those of an endpoint as its documentation does, those of the page by their labels."""
    if is_public(fn) and fn.fn:
        return list(inspect.signature(fn.fn).parameters)[: len(fn.inputs)]
    labels = [getattr(block, "label", None) for block in fn.inputs]
    return [STRINGS[label.key][0] if isinstance(label, I18nData) else str(label or "A value") for label in labels]


def _wanted(block: Block, value: Any, *, in_public: bool) -> str | None:
    """Say what would fit a component; None if the value does."""
    if isinstance(block, gr.Checkbox):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(block, gr.Textbox):
        return None if isinstance(value, str | int | float) and not isinstance(value, bool) else "a text"
    if isinstance(block, gr.Slider | gr.Number):
        return None if in_public else _wanted_number(block, value)  # named endpoints check theirs by name
    if isinstance(block, _CHOICES):
        return _wanted_choice(block, value)
    if isinstance(block, _FILES):
        several = value if isinstance(value, list) and getattr(block, "file_count", "single") != "single" else [value]
        return None if all(_is_file(each) for each in several) else _UPLOAD
    return None


def _wanted_number(block: Any, value: Any) -> str | None:
    low = -_LARGEST if block.minimum is None else block.minimum
    high = _LARGEST if block.maximum is None else block.maximum
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return None
    return "a number" if high == _LARGEST else f"a number from {low:g} to {high:g}"


def _wanted_choice(block: Any, value: Any) -> str | None:
    known = [each for _, each in block.choices]
    several = isinstance(block, gr.CheckboxGroup) or getattr(block, "multiselect", False)
    chosen = value if several and isinstance(value, list) else [value]
    if getattr(block, "allow_custom_value", False):
        return None if all(isinstance(each, str) for each in chosen) else "a text"
    if all(any(type(each) is type(other) and each == other for other in known) for each in chosen):
        return None
    return f"one of {', '.join(str(each) for each in known if each != '')}"


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("path"), str)
