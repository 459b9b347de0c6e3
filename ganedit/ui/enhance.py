"""The Enhance tab: its parts put together, and the events that no other tab has. What they do: ``enhance_events``."""

import gradio as gr

from ganedit.engine import Engine
from ganedit.ui.desk import Desk, build_columns
from ganedit.ui.edit_wiring import LATEST, LIGHT, OPENS, wire
from ganedit.ui.enhance_choices import CUSTOM_SCALE
from ganedit.ui.enhance_events import EnhanceTab
from ganedit.ui.enhance_layout import EXAMPLES, TAB, TONES, build_controls, build_view
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.file_choices import FILE_FIELDS
from ganedit.ui.i18n import label
from ganedit.ui.intake import build_intake
from ganedit.ui.settings import UiSettings


def build_enhance_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> None:
    """Build the tab inside an open ``gr.Tabs``.

    Args:
        engine: runs the edits.
        settings: in public mode, how long an edit may take is limited.
        exchange: draws the tab's "send to" row later, and offers this tab to the others.
    """
    tab = EnhanceTab(engine, settings)
    with gr.Tab(label("ge.tab.enhance"), id=TAB, elem_id=f"ge-tab-{TAB}") as page_tab:  # pyright: ignore[reportArgumentType]
        memory = tab.build_memory()
        side, main = build_columns()
        with side:
            intake = build_intake(TAB, EXAMPLES)
            controls = build_controls(tab.model_choices())
        with main:
            view = build_view()
    parts = controls.parts
    desk = Desk(
        memory=memory,
        intake=intake,
        actions=controls.actions,
        view=view.result,
        file={name: parts[name] for name in FILE_FIELDS},
        controls=tuple(parts.values()),
        stage=(view.preview,),
        extras=(view.heat,),
        answers=(parts["width"], parts["height"], parts["spot"], view.heat_map),
    )
    tab.place(desk, controls, view)
    wire(tab, exchange)
    _wire_settings(tab, page_tab, exchange)
    _wire_tones(tab)
    view.heat.expand(tab.invented, memory.outcome, view.heat_map, **OPENS)


def _wire_settings(tab: EnhanceTab, page_tab: gr.Tab, exchange: Exchange) -> None:
    photo, controls = tab.desk.memory.photo, tab.controls
    model, scale = controls.parts["model"], controls.parts["scale"]
    page_tab.select(tab.refresh_models, model, model, **LATEST)
    exchange.accept_models(Target("ge.tab.enhance", TAB, tab.take_model, [], [model]))
    gr.on(
        [model.change, photo.change],
        tab.show_model,
        [model, photo, controls.wished],
        [controls.parts["denoise"], scale, controls.size],
        **LATEST,
    )
    # By itself, because the first picture on a machine waits for the trial of a network.
    gr.on(
        [model.change, photo.change, controls.parts["precision"].change, controls.wished.change],
        tab.advise,
        {controls.wished, *tab.read},
        [controls.hint, controls.better],
        **LATEST,
    )
    scale.input(lambda chosen: chosen, scale, controls.wished, **LATEST)
    scale.change(lambda chosen: gr.update(visible=chosen == CUSTOM_SCALE), scale, controls.size, **LATEST)
    # input, not change, for numbers: a new picture writes its size into two of them, and one estimate is enough.
    chosen = [controls.parts[name].change for name in ("model", "scale", "precision")]
    typed = [controls.parts[name].input for name in ("width", "height", "tile")]
    gr.on([photo.change, *chosen, *typed], tab.estimate, {*tab.read}, controls.estimate, **LATEST)


def _wire_tones(tab: EnhanceTab) -> None:
    photo, controls, view = tab.desk.memory.photo, tab.controls, tab.view
    parts = controls.parts
    preview = {
        "fn": tab.preview,
        "inputs": {view.result.switch, *tab.read},
        "outputs": tab.stage_parts,
        "queue": False,  # light, and the queue alone takes a third of the 150 ms in which the picture should follow
        **LATEST,
    }
    gr.on([*(parts[name].input for name in (*TONES, "balance"))], **preview)
    spot = view.preview.select(tab.pick_spot, [photo, parts["balance"], parts["spot"]], parts["spot"], **LATEST)
    reset = controls.reset.click(
        tab.reset_tones, None, [*(parts[name] for name in (*TONES, "balance", "spot"))], **LIGHT
    )
    for event in (spot, reset):
        event.then(**preview)
