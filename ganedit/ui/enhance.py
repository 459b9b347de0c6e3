"""The Enhance tab: which event leads where. What is on it: ``enhance_layout``; what events do: ``enhance_events``."""

from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.ui.choices import CUSTOM_SCALE
from ganedit.ui.enhance_events import EnhanceEvents, Memory
from ganedit.ui.enhance_layout import TONES, build_controls, build_intake, build_view
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.i18n import label
from ganedit.ui.limits import PUBLIC_LIMIT_SECONDS
from ganedit.ui.session import LIFETIME_SECONDS
from ganedit.ui.settings import UiSettings

TAB_ID = "enhance"
_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_LIGHT: dict[str, Any] = {**_QUIET, "concurrency_limit": None}
_LATEST: dict[str, Any] = {**_LIGHT, "trigger_mode": "always_last"}


def build_enhance_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> None:
    """Build the tab inside an open ``gr.Tabs``.

    Args:
        engine: runs the edits.
        settings: in public mode, how long an edit may take is limited.
        exchange: draws the tab's "send to" row later, and offers this tab to the others.
    """
    events = EnhanceEvents(engine, PUBLIC_LIMIT_SECONDS if settings.public else None)
    with gr.Tab(label("ge.tab.enhance"), id=TAB_ID, elem_id="ge-tab-enhance") as tab:  # pyright: ignore[reportArgumentType]
        memory = Memory(
            photo=gr.State(None, time_to_live=LIFETIME_SECONDS, delete_callback=events.forget_photo),
            outcome=gr.State(None, time_to_live=LIFETIME_SECONDS),
            history=gr.State([], time_to_live=LIFETIME_SECONDS, delete_callback=events.forget_history),
            stopped=gr.State(False),
        )
        with gr.Row(elem_classes="ge-desk", equal_height=False):
            with gr.Column(scale=4, min_width=320, elem_classes="ge-side"):
                intake = build_intake()
                controls = build_controls(events.model_choices())
            with gr.Column(scale=8, min_width=320, elem_classes="ge-main"):
                view = build_view()
    events.place(memory, intake, controls, view)
    _wire_intake(events, exchange)
    _wire_settings(events, tab)
    _wire_tones(events)
    _wire_run(events)
    _wire_result(events)
    exchange.offer(TAB_ID, view.send, view.download)


def _wire_intake(events: EnhanceEvents, exchange: Exchange) -> None:
    intake, outputs = events.intake, events.intake_outputs
    settings = [events.memory.photo, *events.controls.parts.values()]
    taken = [
        intake.drop.upload(events.take_upload, {intake.drop, intake.change, *settings}, outputs, **_LIGHT),
        intake.change.upload(events.take_upload, {intake.drop, intake.change, *settings}, outputs, **_LIGHT),
        intake.examples.click(events.take_example, {*settings}, outputs, **_LIGHT),
    ]
    for event in taken:
        # Also after a refusal: both must be ready for the next file, and neither may offer the last one again.
        event.then(lambda: (None, None), None, [intake.drop, intake.change], **_LIGHT)
    exchange.accept(Target("ge.tab.enhance", TAB_ID, events.take, settings, outputs))


def _wire_settings(events: EnhanceEvents, tab: gr.Tab) -> None:
    memory, controls = events.memory, events.controls
    model, scale = controls.parts["model"], controls.parts["scale"]
    tab.select(events.refresh_models, model, model, **_LATEST)
    gr.on(
        [model.change, memory.photo.change],
        events.show_model,
        [model, memory.photo, scale],
        [controls.hint, controls.parts["denoise"], scale, controls.size],
        **_LATEST,
    )
    scale.change(lambda chosen: gr.update(visible=chosen == CUSTOM_SCALE), scale, controls.size, **_LATEST)
    # input, not change, for numbers: a new picture writes its size into two of them, and one estimate is enough.
    chosen = [controls.parts[name].change for name in ("model", "scale", "precision")]
    typed = [controls.parts[name].input for name in ("width", "height", "tile")]
    gr.on(
        [memory.photo.change, *chosen, *typed],
        events.estimate,
        {memory.photo, *controls.parts.values()},
        controls.estimate,
        **_LATEST,
    )


def _wire_tones(events: EnhanceEvents) -> None:
    memory, controls, view = events.memory, events.controls, events.view
    parts = controls.parts
    preview = {
        "fn": events.preview,
        "inputs": {memory.photo, view.stage, *parts.values()},
        "outputs": [view.preview, *events.stage_parts],
        "queue": False,  # light, and the queue alone takes a third of the 150 ms in which the picture should follow
        **_LATEST,
    }
    gr.on([*(parts[name].input for name in (*TONES, "balance"))], **preview)
    spot = view.preview.select(
        events.pick_spot, [memory.photo, parts["balance"], parts["spot"]], parts["spot"], **_LATEST
    )
    reset = controls.reset.click(
        events.reset_tones, None, [*(parts[name] for name in (*TONES, "balance", "spot"))], **_LIGHT
    )
    for event in (spot, reset):
        event.then(**preview)


def _wire_run(events: EnhanceEvents) -> None:
    memory, controls, view = events.memory, events.controls, events.view
    buttons = [controls.run, controls.stop]
    waiting = controls.run.click(
        events.wait, memory.photo, [view.status, memory.stopped, *buttons], **_LIGHT, trigger_mode="once"
    )
    running = waiting.success(
        events.run,
        {memory.photo, memory.history, *controls.parts.values()},
        events.run_outputs,
        concurrency_limit=1,
        concurrency_id="gpu",
        **_QUIET,
    )
    running.then(events.idle, None, buttons, **_LIGHT)
    running.failure(events.broken_off, [memory.stopped, memory.outcome], view.status, **_LIGHT)
    controls.stop.click(events.stop, None, [view.status, memory.stopped, controls.stop], cancels=[running], **_LIGHT)


def _wire_result(events: EnhanceEvents) -> None:
    memory, view, parts = events.memory, events.view, events.controls.parts
    view.stage.input(events.switch_stage, view.stage, events.stage_parts, **_LIGHT)
    view.gallery.select(events.reopen, memory.history, events.run_outputs, **_LIGHT)
    view.heat.expand(events.invented, memory.outcome, view.heat_map, **_LIGHT)
    file = [parts[name] for name in ("format", "quality", "depth", "embed", "strip")]
    gr.on(
        [part.change for part in file],
        events.rewrite,
        {memory.outcome, memory.history, *parts.values()},
        [memory.outcome, memory.history, view.download],
        **_LATEST,
    )
    parts["format"].change(events.show_quality, parts["format"], [parts["quality"], parts["depth"]], **_LIGHT)
