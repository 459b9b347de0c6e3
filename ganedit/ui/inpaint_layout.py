"""What is on the Inpaint tab, and where: no event is wired here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ganedit.ui.desk import Actions, build_actions
from ganedit.ui.file_choices import build_file_choices
from ganedit.ui.i18n import both, label
from ganedit.ui.intake import PICTURE_FILES
from ganedit.ui.painter import build_painter
from ganedit.ui.result_view import ResultView, build_result_view
from ganedit.ui.session import LIFETIME_SECONDS
from ganedit.ui.theme import page_html

TAB = "inpaint"
EXAMPLES = {name: Path(__file__).parent / "examples" / f"{name}.jpg" for name in ("hairline", "shore", "cup", "cat")}
ASPECTS = ("1:1", "4:3", "3:2", "16:9", "9:16")
BY_PIXELS = ""
SIDES = ("left", "right", "top", "bottom")
GROW_PX = 4
"""Strokes end a little inside of what they cover, and cameras blur its rim into the surroundings."""


@dataclass(frozen=True)
class Controls:
    """What to do.

    Attributes:
        model, grow, feather, detail: see ``InpaintRequest``.
        hint: which model suits.
        fetch: fetches the chosen model if it is not here.
        actions: fill, stop.
        every: tries all models.
        sensitivity, find: the finder of scratches and dust.
        mask_in, mask_out: the mask as a file.
        mask_file: hands out the mask once it is written; not seen.
        aspect, position, sides, extend: outpainting.
        file: the control of each field of ``FileChoices``.
    """

    model: gr.Dropdown
    hint: gr.HTML
    fetch: gr.Button
    grow: gr.Slider
    feather: gr.Slider
    detail: gr.Checkbox
    actions: Actions
    every: gr.Button
    sensitivity: gr.Slider
    find: gr.Button
    mask_in: gr.UploadButton
    mask_out: gr.Button
    mask_file: gr.DownloadButton
    aspect: gr.Radio
    position: gr.Radio
    sides: dict[str, gr.Number]
    extend: gr.Button
    file: dict[str, Any]


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        result: the parts that every tab has.
        painter: the canvas.
        canvas: path of the preview that is in the painter.
        keep: goes on with the result.
        candidates: around what is shown after trying all models.
        gallery: one picture a model.
        hole: for which hole the next click counts.
        tries: the ``Tries`` that are shown, or None.
    """

    result: ResultView
    painter: gr.HTML
    canvas: gr.State
    keep: gr.Button
    candidates: gr.Column
    gallery: gr.Gallery
    hole: gr.Radio
    tries: gr.State


def build_controls(models: list[tuple[Any, str]], model: str) -> Controls:
    """Draw the left side below the picture; ``models`` are (shown, id) and ``model`` is the one to start with."""
    with gr.Group(elem_classes="ge-panel"):
        chosen = gr.Dropdown(
            models, value=model, label=label("ge.model.label"), elem_id="ge-inpaint-model", elem_classes="ge-model"
        )
        hint = page_html(elem_id="ge-inpaint-hint", elem_classes="ge-hint-box")
        fetch = gr.Button(label("ge.inpaint.fetch"), size="sm", visible=False, elem_id="ge-inpaint-fetch")
        grow = gr.Slider(
            -20,
            60,
            GROW_PX,
            step=1,
            label=label("ge.inpaint.grow"),
            info=label("ge.inpaint.grow_info"),  # pyright: ignore[reportArgumentType]
            elem_id="ge-inpaint-grow",
        )
        feather = gr.Slider(0, 40, 0, step=1, label=label("ge.inpaint.feather"), elem_id="ge-inpaint-feather")
        detail = gr.Checkbox(True, label=label("ge.inpaint.detail"), elem_id="ge-inpaint-detail")
    actions = build_actions(TAB, "ge.inpaint.button")
    every = gr.Button(label("ge.inpaint.try"), size="md", elem_id="ge-inpaint-try")
    sensitivity, find = _scratches()
    mask_in, mask_out, mask_file = _mask_file()
    aspect, position, sides, extend = _extend()
    file = build_file_choices(TAB)
    return Controls(
        chosen,
        hint,
        fetch,
        grow,
        feather,
        detail,
        actions,
        every,
        sensitivity,
        find,
        mask_in,
        mask_out,
        mask_file,
        aspect,
        position,
        sides,
        extend,
        file,
    )


def _scratches() -> tuple[gr.Slider, gr.Button]:
    with gr.Accordion(label("ge.inpaint.scratches"), open=False, elem_id="ge-inpaint-scratches"):  # pyright: ignore[reportArgumentType]
        slider = gr.Slider(
            0, 1, 0.5, step=0.05, label=label("ge.inpaint.sensitivity"), elem_id="ge-inpaint-sensitivity"
        )
        return slider, gr.Button(label("ge.inpaint.find"), size="md", elem_id="ge-inpaint-find")


def _mask_file() -> tuple[gr.UploadButton, gr.Button, gr.DownloadButton]:
    with gr.Accordion(label("ge.inpaint.mask"), open=False, elem_id="ge-inpaint-mask"):  # pyright: ignore[reportArgumentType]
        page_html(f'<div class="ge-note">{both("ge.inpaint.mask_how")}</div>')
        with gr.Row():
            with gr.Row(elem_id="ge-inpaint-mask-in"):  # the file input stands beside the button in the page
                upload = gr.UploadButton(label("ge.inpaint.mask_in"), file_types=PICTURE_FILES, size="md")  # pyright: ignore[reportArgumentType]
            download = gr.Button(label("ge.inpaint.mask_out"), size="md", elem_id="ge-inpaint-mask-out")
            file = gr.DownloadButton("", visible="hidden", elem_id="ge-inpaint-mask-file")
    return upload, download, file


def _extend() -> tuple[gr.Radio, gr.Radio, dict[str, gr.Number], gr.Button]:
    with gr.Accordion(label("ge.inpaint.extend"), open=False, elem_id="ge-inpaint-extend"):  # pyright: ignore[reportArgumentType]
        aspect = gr.Radio(
            [(label("ge.inpaint.by_pixels"), BY_PIXELS), *((ratio, ratio) for ratio in ASPECTS)],
            value=BY_PIXELS,
            label=label("ge.inpaint.aspect"),
            elem_id="ge-inpaint-aspect",
            elem_classes="ge-seg",
        )
        position = gr.Radio(
            [(label(f"ge.inpaint.position_{name}"), name) for name in ("left", "center", "right")],
            value="center",
            label=label("ge.inpaint.position"),
            elem_id="ge-inpaint-position",
            elem_classes="ge-seg",
        )
        with gr.Row(elem_id="ge-inpaint-sides", elem_classes="ge-size"):
            sides = {
                side: gr.Number(
                    0,
                    label=label(f"ge.inpaint.{side}"),
                    precision=0,
                    minimum=0,
                    min_width=70,
                    elem_id=f"ge-inpaint-{side}",
                )
                for side in SIDES
            }
        button = gr.Button(label("ge.inpaint.extend_button"), size="md", elem_id="ge-inpaint-extend-run")
    return aspect, position, sides, button


def build_view() -> View:
    """Draw the right side."""
    result = build_result_view(TAB, "ge.inpaint.paint")
    with result.stage:
        painter, canvas = build_painter(), gr.State("")
    with result.row:
        keep = gr.Button(label("ge.inpaint.keep"), size="md", scale=0, min_width=170, elem_id="ge-inpaint-keep")
    with result.below, gr.Column(visible=False) as candidates:
        hole = gr.Radio([], label=label("ge.inpaint.hole"), elem_id="ge-inpaint-hole", elem_classes="ge-seg")
        gallery = gr.Gallery(
            label=label("ge.inpaint.candidates"),
            format="png",
            columns=4,
            height="auto",
            allow_preview=False,
            object_fit="contain",
            buttons=[],
            interactive=False,
            elem_id="ge-inpaint-candidates",
            elem_classes="ge-candidates",
        )
    tries = gr.State(None, time_to_live=LIFETIME_SECONDS)
    return View(result, painter, canvas, keep, candidates, gallery, hole, tries)
