"""How a picture comes in: drop zone, examples, the card of the picture that is in. Every editing tab has these."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ganedit.ui.i18n import Html, both, label
from ganedit.ui.theme import page_html

# The endings too: browsers know no media type for some of them.
_ENDINGS = ("jpg", "jpeg", "png", "webp", "avif", "heic", "heif", "tif", "tiff", "bmp", "gif")
PICTURE_FILES = ["image", *(f".{ending}" for ending in _ENDINGS)]


@dataclass(frozen=True)
class Intake:
    """How a picture comes in.

    Attributes:
        drop: the drop zone of the empty tab.
        card: name and size of the picture that is in.
        change: takes another one; also what paste and drop-anywhere feed.
        examples: the example pictures.
        files: the file of each example, by name.
    """

    drop: gr.File
    card: gr.HTML
    change: gr.UploadButton
    examples: gr.HTML
    files: Mapping[str, Path]


def build_intake(tab: str, examples: Mapping[str, Path]) -> Intake:
    """Draw the drop zone, the card of the picture that is in, and the examples.

    Args:
        tab: the tab's id, of which the ids of the components are made.
        examples: the file of each example picture, by name; its title is the sentence ``ge.example.TAB.NAME``.
    """
    drop = gr.File(
        label=label("ge.input.drop"),
        file_types=PICTURE_FILES,
        height=150,
        elem_id=f"ge-{tab}-drop",
        elem_classes="ge-drop",
        interactive=True,
    )
    card = page_html(visible=False, elem_id=f"ge-{tab}-photo")
    # The file input stands beside the button in the page, so id and class are on the row around both.
    with gr.Row(elem_id=f"ge-{tab}-change", elem_classes="ge-change"):
        change = gr.UploadButton(
            label("ge.input.change"),  # pyright: ignore[reportArgumentType]  # gradio translates it all the same
            file_types=PICTURE_FILES,
            size="sm",
            visible="hidden",
        )
    row = page_html(
        _examples_html(tab, examples),
        elem_id=f"ge-{tab}-examples",
        js_on_load="element.addEventListener('click', (event) => {"
        " const button = event.target.closest('[data-example]');"
        " if (button) trigger('click', {example: button.dataset.example}); });",
    )
    return Intake(drop, card, change, row, examples)


def _examples_html(tab: str, examples: Mapping[str, Path]) -> str:
    """Give the example pictures as buttons with the pictures inside: no request, and each has a name."""
    buttons = []
    for name, file in examples.items():
        data = base64.b64encode(file.read_bytes()).decode()
        title = both(f"ge.example.{tab}.{name}")
        buttons.append(
            f'<button type="button" class="ge-example" data-example="{name}">'
            f'<img alt="" src="data:image/jpeg;base64,{data}"><span>{title}</span></button>'
        )
    heading = f'<div class="ge-note ge-examples-title">{both("ge.input.examples")}</div>'
    return Html(f'{heading}<div class="ge-examples">{"".join(buttons)}</div>')
