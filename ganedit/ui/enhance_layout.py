"""What only the Enhance tab has, and where: no event is wired here."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from ganedit.defaults import PHOTO_MODEL, Settled
from ganedit.models.card import ModelCard
from ganedit.requests import NO_MODEL
from ganedit.ui.desk import Actions, build_actions
from ganedit.ui.enhance_choices import CUSTOM_SCALE, DRAWING_MODEL, PICK, SCALES, Choices
from ganedit.ui.file_choices import build_file_choices
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.result_view import ResultView, build_result_view
from ganedit.ui.status import hint_block, model_warnings
from ganedit.ui.theme import page_html

TAB = "enhance"
EXAMPLES = {
    name: Path(__file__).parent / "examples" / f"{name}.jpg" for name in ("astronaut", "cat", "coffee", "rocket")
}
TONES = ("brightness", "contrast", "saturation", "sharpness", "gamma")

_START = Choices()


@dataclass(frozen=True)
class Controls:
    """What to do.

    Attributes:
        parts: the control of each field of ``Choices``, in that order.
        hint: which model suits the picture.
        better: starts the edit with the network that was passed over because it takes long; hidden otherwise.
        wished: the scale that was last chosen by hand.
        size: the row with width and height.
        actions: start and stop the edit.
        estimate: size and seconds of the edit, before it runs.
        reset: puts light and color back.
    """

    parts: dict[str, Any]  # gradio makes the event methods at run time, so Component does not know them
    hint: gr.HTML
    better: gr.Button
    wished: gr.State
    size: gr.Row
    actions: Actions
    estimate: gr.HTML
    reset: gr.Button


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        result: what every editing tab shows.
        preview: the picture with light and color applied.
        heat, heat_map: "what did the model invent".
    """

    result: ResultView
    preview: gr.Image
    heat: gr.Accordion
    heat_map: gr.Image


def build_controls(models: list[tuple[Any, str]]) -> Controls:
    """Draw model, scale, the button, and what folds out below; ``models`` are (shown, id)."""
    parts: dict[str, Component] = {}
    wished = gr.State(_START.scale)
    with gr.Group(elem_classes="ge-panel"):
        hint, better = _model(parts, models)
        size = _scale(parts)
        parts["guard"] = gr.Checkbox(
            _START.guard, label=label("ge.model.guard"), info=label("ge.model.guard_info"), elem_id=_id("guard")
        )
    actions = build_actions(TAB, "ge.run.button")
    estimate = page_html(elem_id=_id("estimate"))
    reset = _tones(parts)
    parts |= build_file_choices(TAB)
    _advanced(parts)
    ordered = {field.name: parts[field.name] for field in fields(Choices)}
    return Controls(ordered, hint, better, wished, size, actions, estimate, reset)


def hint_line(damaged: bool | None, card: ModelCard | None, *, installed: bool) -> Html:
    """Say which model suits the picture, and what stands in the way of the chosen one.

    Args:
        damaged: the picture looks noisy or compressed; None without a picture.
        card: the chosen model; None for resizing only.
        installed: its weights are here.
    """
    if card is not None and not installed:
        advice = []
    elif damaged is None:
        advice = [both("ge.hint.start")]
    elif card is None:
        advice = [both("ge.hint.none")]
    else:
        advice = [both("ge.hint.damaged" if damaged else "ge.hint.clean", best=PHOTO_MODEL, drawing=DRAWING_MODEL)]
    return hint_block([*advice, *model_warnings(card, installed=installed)])


def auto_hint(settled: Settled) -> Html:
    """Say which model was chosen for the picture, and why."""
    if settled.request.model != NO_MODEL:
        key = "ge.hint.auto"
    else:
        key = "ge.hint.auto_missing" if settled.seconds is None else "ge.hint.auto_slow"
    return hint_block([both(key, best=PHOTO_MODEL, drawing=DRAWING_MODEL)])


def limit_hint(fits: int, wished: str, megapixels: float, limit: float) -> Html:
    """Say why a smaller scale is set than was wished for; nothing if it is not.

    Args:
        fits: the largest whole scale within the limit.
        wished: the scale that was chosen.
        megapixels: of the picture.
        limit: largest result, megapixels.
    """
    if wished == CUSTOM_SCALE or int(wished) <= fits:
        return Html("")
    made = f"{megapixels * int(wished) ** 2:.0f}"
    return hint_block([both("ge.hint.limit", wished=wished, made=made, limit=f"{limit:g}", fits=fits)])


def scale_choices(scales: tuple[str, ...]) -> list[tuple[Any, str]]:
    """Give what the scale control offers: factors, and the word for a size of one's own."""
    return [(label("ge.scale.custom") if s == CUSTOM_SCALE else f"{s}×", s) for s in scales]


def build_view() -> View:
    """Draw the right side."""
    result = build_result_view(TAB, "ge.result.preview")
    with result.stage:
        preview = gr.Image(
            type="filepath",
            image_mode=None,
            format="png",
            interactive=False,
            show_label=False,
            buttons=["fullscreen"],
            visible=False,
            elem_id=_id("preview"),
            elem_classes="ge-preview",
        )
    title = label("ge.result.invented")
    with result.below, gr.Accordion(title, open=False, visible=False, elem_id=_id("invented")) as heat:  # pyright: ignore[reportArgumentType]
        page_html(f'<div class="ge-note">{both("ge.result.invented_how")}</div>')
        heat_map = gr.Image(
            format="png",
            interactive=False,
            show_label=False,
            buttons=["fullscreen"],
            height=420,
            elem_id=_id("heat"),
            elem_classes="ge-heat",
        )
    return View(result, preview, heat, heat_map)


def _id(name: str) -> str:
    return f"ge-{TAB}-{name}"


def _model(parts: dict[str, Component], models: list[tuple[Any, str]]) -> tuple[gr.HTML, gr.Button]:
    parts["model"] = gr.Dropdown(
        models, value=_START.model, label=label("ge.model.label"), elem_id=_id("model"), elem_classes="ge-model"
    )
    start = hint_line(None, None, installed=True)
    hint = page_html(start, elem_id=_id("hint"), elem_classes="ge-hintbox")
    better = gr.Button(size="sm", visible=False, elem_id=_id("better"))
    parts["denoise"] = gr.Slider(
        0, 1, _START.denoise, step=0.05, label=label("ge.model.denoise"), visible=False, elem_id=_id("denoise")
    )
    return hint, better


def _scale(parts: dict[str, Component]) -> gr.Row:
    parts["scale"] = gr.Radio(
        scale_choices((*SCALES, CUSTOM_SCALE)),
        value=_START.scale,
        label=label("ge.scale.label"),
        elem_id=_id("scale"),
        elem_classes="ge-seg",
    )
    with gr.Row(visible=False, elem_classes="ge-size") as size:
        for name in ("width", "height"):
            parts[name] = gr.Number(
                getattr(_START, name),
                label=label(f"ge.scale.{name}"),
                precision=0,
                minimum=1,
                min_width=100,
                elem_id=_id(name),
            )
    return size


def _tones(parts: dict[str, Component]) -> gr.Button:
    ranges = {
        "brightness": (-1, 1, 0.02),
        "contrast": (0, 2, 0.02),
        "saturation": (0, 2, 0.02),
        "sharpness": (0, 2, 0.02),
        "gamma": (0.2, 5, 0.02),
    }
    with gr.Accordion(label("ge.tone.title"), open=False, elem_id=_id("tones")):  # pyright: ignore[reportArgumentType]
        for name, (low, high, step) in ranges.items():
            parts[name] = gr.Slider(
                low, high, getattr(_START, name), step=step, label=label(f"ge.tone.{name}"), elem_id=_id(name)
            )
        balances = [("ge.tone.wb_none", "none"), ("ge.tone.wb_gray", "gray-world"), ("ge.tone.wb_pick", PICK)]
        parts["balance"] = gr.Radio(
            [(label(key), value) for key, value in balances],
            value="none",
            label=label("ge.tone.wb"),
            elem_id=_id("balance"),
            elem_classes=["ge-seg", "ge-balance"],
        )
        parts["spot"] = gr.State("")
        # shown by the style sheet when it applies
        page_html(f'<div class="ge-note ge-pick">{both("ge.tone.pick")}</div>')
        return gr.Button(label("ge.tone.reset"), size="sm", elem_id=_id("reset"))


def _advanced(parts: dict[str, Component]) -> None:
    title = label("ge.advanced.title")
    with gr.Accordion(title, open=False, elem_id=_id("advanced")):  # pyright: ignore[reportArgumentType]
        parts["precision"] = gr.Radio(
            ["auto", "float32", "bfloat16"],
            value=_START.precision,
            label=label("ge.advanced.precision"),
            elem_id=_id("precision"),
            elem_classes="ge-seg",
        )
        parts["tile"] = gr.Number(
            _START.tile, label=label("ge.advanced.tile"), precision=0, minimum=0, elem_id=_id("tile")
        )
