"""What is on the Enhance tab, and where: no event is wired here."""

import base64
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from ganedit.ui.choices import CUSTOM_SCALE, PICK, SCALES, Choices
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.status import hint_line

EXAMPLES = {
    name: Path(__file__).parent / "examples" / f"{name}.jpg" for name in ("astronaut", "cat", "coffee", "rocket")
}
TONES = ("brightness", "contrast", "saturation", "sharpness", "gamma")

# The endings too: browsers know no media type for some of them.
_ENDINGS = ("jpg", "jpeg", "png", "webp", "avif", "heic", "heif", "tif", "tiff", "bmp", "gif")
_PICTURE_FILES = ["image", *(f".{ending}" for ending in _ENDINGS)]
_START = Choices()


@dataclass(frozen=True)
class Intake:
    """How a picture comes in.

    Attributes:
        drop: the drop zone of the empty page.
        card: name and size of the picture that is in.
        change: takes another one; also what paste and drop-anywhere feed.
        examples: the example pictures.
    """

    drop: gr.File
    card: gr.HTML
    change: gr.UploadButton
    examples: gr.HTML


@dataclass(frozen=True)
class Controls:
    """What to do.

    Attributes:
        parts: the control of each field of ``Choices``, in that order.
        hint: which model suits the picture.
        size: the row with width and height.
        run, stop: start and stop the edit.
        estimate: size and seconds of the edit, before it runs.
        reset: puts light and color back.
    """

    parts: dict[str, Any]  # gradio makes the event methods at run time, so Component does not know them
    hint: gr.HTML
    size: gr.Row
    run: gr.Button
    stop: gr.Button
    estimate: gr.HTML
    reset: gr.Button


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        status: progress, and what was done.
        stage: switches between preview and comparison.
        empty, preview, slider: of these three, one is shown.
        result: the row with download and "send to".
        download: hands out the full-size file.
        send: the "send to" row, empty until ``Exchange.connect``.
        heat, heat_map: "what did the model invent".
        gallery: results of this session.
    """

    status: gr.HTML
    stage: gr.Radio
    empty: gr.HTML
    preview: gr.Image
    slider: gr.ImageSlider
    result: gr.Row
    download: gr.DownloadButton
    send: gr.Row
    heat: gr.Accordion
    heat_map: gr.Image
    gallery: gr.Gallery


def _html(value: str | None = None, **options: Any) -> gr.HTML:
    """Give HTML without gradio's own text styles, which would win over the page's."""
    return gr.HTML(value, apply_default_css=False, **options)


def build_intake() -> Intake:
    """Draw the drop zone, the card of the picture that is in, and the examples."""
    drop = gr.File(
        label=label("ge.input.drop"),
        file_types=_PICTURE_FILES,
        height=150,
        elem_id="ge-drop",
        interactive=True,
    )
    card = _html(visible=False, elem_id="ge-photo")
    # The file input stands beside the button in the page, so the id is on the row around both.
    with gr.Row(elem_id="ge-change"):
        change = gr.UploadButton(
            label("ge.input.change"),  # pyright: ignore[reportArgumentType]  # gradio translates it all the same
            file_types=_PICTURE_FILES,
            size="sm",
            visible="hidden",
        )
    examples = _html(
        _examples_html(),
        elem_id="ge-examples",
        js_on_load="element.addEventListener('click', (event) => {"
        " const button = event.target.closest('[data-example]');"
        " if (button) trigger('click', {example: button.dataset.example}); });",
    )
    return Intake(drop, card, change, examples)


def _examples_html() -> str:
    """Give the example pictures as buttons with the pictures inside: no request, and each has a name."""
    buttons = []
    for name, file in EXAMPLES.items():
        data = base64.b64encode(Path(file).read_bytes()).decode()
        title = both(f"ge.example.{name}")
        buttons.append(
            f'<button type="button" class="ge-example" data-example="{name}">'
            f'<img alt="" src="data:image/jpeg;base64,{data}"><span>{title}</span></button>'
        )
    heading = f'<div class="ge-note">{both("ge.input.examples")}</div>'
    return Html(f'{heading}<div class="ge-examples">{"".join(buttons)}</div>')


def build_controls(models: list[tuple[Any, str]]) -> Controls:
    """Draw model, scale, the button, and what folds out below; ``models`` are (shown, id)."""
    parts: dict[str, Component] = {}
    with gr.Group(elem_classes="ge-panel"):
        parts["model"] = gr.Dropdown(models, value=_START.model, label=label("ge.model.label"), elem_id="ge-model")
        hint = _html(hint_line(None, None, installed=True), elem_id="ge-hint")
        parts["denoise"] = gr.Slider(
            0, 1, _START.denoise, step=0.05, label=label("ge.model.denoise"), visible=False, elem_id="ge-denoise"
        )
        parts["scale"] = gr.Radio(
            scale_choices((*SCALES, CUSTOM_SCALE)),
            value=_START.scale,
            label=label("ge.scale.label"),
            elem_id="ge-scale",
            elem_classes="ge-seg",
        )
        with gr.Row(visible=False, elem_classes="ge-size") as size:
            parts["width"] = gr.Number(
                _START.width, label=label("ge.scale.width"), precision=0, minimum=1, min_width=100, elem_id="ge-width"
            )
            parts["height"] = gr.Number(
                _START.height,
                label=label("ge.scale.height"),
                precision=0,
                minimum=1,
                min_width=100,
                elem_id="ge-height",
            )
        parts["guard"] = gr.Checkbox(
            _START.guard, label=label("ge.model.guard"), info=label("ge.model.guard_info"), elem_id="ge-guard"
        )
    with gr.Row(elem_classes="ge-actions"):
        run = gr.Button(
            label("ge.run.button"), variant="primary", size="lg", scale=3, elem_id="ge-run", elem_classes="ge-run"
        )
        stop = gr.Button(
            label("ge.run.stop"), variant="stop", size="lg", scale=1, min_width=90, visible=False, elem_id="ge-stop"
        )
    estimate = _html(elem_id="ge-estimate")
    reset = _tones(parts)
    _file(parts)
    _advanced(parts)
    ordered = {field.name: parts[field.name] for field in fields(Choices)}
    return Controls(ordered, hint, size, run, stop, estimate, reset)


def scale_choices(scales: tuple[str, ...]) -> list[tuple[Any, str]]:
    """Give what the scale control offers: factors, and the word for a size of one's own."""
    return [(label("ge.scale.custom") if s == CUSTOM_SCALE else f"{s}×", s) for s in scales]


def _tones(parts: dict[str, Component]) -> gr.Button:
    ranges = {
        "brightness": (-1, 1, 0.02),
        "contrast": (0, 2, 0.02),
        "saturation": (0, 2, 0.02),
        "sharpness": (0, 2, 0.02),
        "gamma": (0.2, 5, 0.02),
    }
    with gr.Accordion(label("ge.tone.title"), open=False, elem_id="ge-tones"):  # pyright: ignore[reportArgumentType]
        for name, (low, high, step) in ranges.items():
            parts[name] = gr.Slider(
                low, high, getattr(_START, name), step=step, label=label(f"ge.tone.{name}"), elem_id=f"ge-{name}"
            )
        balances = [("ge.tone.wb_none", "none"), ("ge.tone.wb_gray", "gray-world"), ("ge.tone.wb_pick", PICK)]
        parts["balance"] = gr.Radio(
            [(label(key), value) for key, value in balances],
            value="none",
            label=label("ge.tone.wb"),
            elem_id="ge-balance",
            elem_classes="ge-seg",
        )
        parts["spot"] = gr.State("")
        _html(f'<div class="ge-note ge-pick">{both("ge.tone.pick")}</div>')  # shown by the style sheet when it applies
        return gr.Button(label("ge.tone.reset"), size="sm", elem_id="ge-reset")


def _file(parts: dict[str, Component]) -> None:
    with gr.Accordion(label("ge.file.title"), open=False, elem_id="ge-file"):  # pyright: ignore[reportArgumentType]
        parts["format"] = gr.Radio(
            [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp"), ("AVIF", "avif")],
            value=_START.format,
            label=label("ge.file.format"),
            elem_id="ge-format",
            elem_classes="ge-seg",
        )
        parts["quality"] = gr.Slider(
            1, 100, _START.quality, step=1, label=label("ge.file.quality"), visible=False, elem_id="ge-quality"
        )
        parts["depth"] = gr.Radio(
            [("8", 8), ("16", 16)],
            value=_START.depth,
            label=label("ge.file.depth"),
            elem_id="ge-depth",
            elem_classes="ge-seg",
        )
        parts["embed"] = gr.Checkbox(_START.embed, label=label("ge.file.embed"), elem_id="ge-embed")
        parts["strip"] = gr.Checkbox(_START.strip, label=label("ge.file.strip"), elem_id="ge-strip")


def _advanced(parts: dict[str, Component]) -> None:
    title = label("ge.advanced.title")
    with gr.Accordion(title, open=False, elem_id="ge-advanced"):  # pyright: ignore[reportArgumentType]
        parts["precision"] = gr.Radio(
            ["auto", "float32", "bfloat16"],
            value=_START.precision,
            label=label("ge.advanced.precision"),
            elem_id="ge-precision",
            elem_classes="ge-seg",
        )
        parts["tile"] = gr.Number(
            _START.tile, label=label("ge.advanced.tile"), precision=0, minimum=0, elem_id="ge-tile"
        )


def build_view() -> View:
    """Draw the right side: status, stage, download, history."""
    with gr.Row(elem_classes="ge-stagebar"):
        status = _html(elem_id="ge-status", scale=4)
        stage = gr.Radio(
            [(label("ge.result.preview"), "preview"), (label("ge.result.compare"), "compare")],
            value="preview",
            show_label=False,
            container=False,
            visible=False,
            scale=0,
            min_width=190,
            elem_id="ge-view",
            elem_classes="ge-seg",
        )
    with gr.Column(elem_classes="ge-stage"):
        empty = _html(_empty_html(), elem_id="ge-empty")
        preview = gr.Image(
            type="filepath",
            image_mode=None,
            format="png",
            interactive=False,
            show_label=False,
            buttons=["fullscreen"],
            visible=False,
            elem_id="ge-preview",
        )
        slider = gr.ImageSlider(
            type="filepath",
            format="png",
            interactive=False,
            show_label=False,
            buttons=["fullscreen"],
            max_height=620,
            visible=False,
            elem_id="ge-slider",
        )
    with gr.Row(visible=False, elem_classes="ge-resultbar") as result:
        zoom = f'<div class="ge-note">{both("ge.result.zoom")}</div>'
        _html(zoom, elem_id="ge-zoom", scale=3)
        send = gr.Row(elem_classes="ge-sendrow", scale=1)
        download = gr.DownloadButton(
            label("ge.result.download"),  # pyright: ignore[reportArgumentType]  # gradio translates it all the same
            variant="primary",
            size="md",
            scale=0,
            min_width=170,
            elem_id="ge-download",
        )
    invented_title = label("ge.result.invented")
    with gr.Accordion(invented_title, open=False, visible=False, elem_id="ge-invented") as heat:  # pyright: ignore[reportArgumentType]
        _html(f'<div class="ge-note">{both("ge.result.invented_how")}</div>')
        heat_map = gr.Image(
            format="png", interactive=False, show_label=False, buttons=["fullscreen"], elem_id="ge-heat", height=420
        )
    gallery = gr.Gallery(
        label=label("ge.result.history"),
        format="png",
        columns=12,
        height=120,
        allow_preview=False,
        object_fit="cover",
        fit_columns=False,
        buttons=[],
        visible=False,
        interactive=False,
        elem_id="ge-history",
    )
    return View(status, stage, empty, preview, slider, result, download, send, heat, heat_map, gallery)


def _empty_html() -> str:
    picture = (
        '<svg viewBox="0 0 64 64" width="64" height="64" fill="none" stroke="currentColor" stroke-width="2.5" '
        'stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><rect x="8" y="12" width="48" height="40" '
        'rx="6"/><path d="M8 44l14-14 11 11 8-8 15 14"/><circle cx="42" cy="24" r="4"/><path d="M32 12v40" '
        'stroke-dasharray="1 6"/></svg>'
    )
    title, how = both("ge.result.empty"), both("ge.result.empty_how")
    return Html(f'<div class="ge-empty">{picture}<b>{title}</b><span>{how}</span></div>')
