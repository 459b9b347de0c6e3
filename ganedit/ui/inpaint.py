"""The Inpaint tab: its parts put together, and the events that no other tab has. What they do: ``inpaint_events``."""

import gradio as gr

from ganedit.engine import Engine
from ganedit.ui.desk import Desk, build_columns
from ganedit.ui.edit_wiring import LATEST, LIGHT, OPENS, QUIET, wire
from ganedit.ui.exchange import Exchange
from ganedit.ui.i18n import label
from ganedit.ui.inpaint_events import InpaintTab
from ganedit.ui.inpaint_layout import EXAMPLES, TAB, build_controls, build_view
from ganedit.ui.intake import build_intake
from ganedit.ui.settings import UiSettings

_CLICK_MASK_FILE = "() => setTimeout(() => document.querySelector('#ge-inpaint-mask-file').click(), 150)"


def build_inpaint_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> None:
    """Build the tab inside an open ``gr.Tabs``.

    Args:
        engine: runs the edits.
        settings: in public mode, how long an edit may take is limited, and models are not fetched from here.
        exchange: draws the tab's "send to" row later, and offers this tab to the others.
    """
    tab = InpaintTab(engine, settings)
    with gr.Tab(label("ge.tab.inpaint"), id=TAB, elem_id=f"ge-tab-{TAB}") as page_tab:  # pyright: ignore[reportArgumentType]
        memory = tab.build_memory()
        side, main = build_columns()
        with side:
            intake = build_intake(TAB, EXAMPLES)
            controls = build_controls(tab.model_choices(), tab.first_model())
        with main:
            view = build_view()
    desk = Desk(
        memory=memory,
        intake=intake,
        actions=controls.actions,
        view=view.result,
        file=controls.file,
        controls=(
            *(controls.model, controls.grow, controls.feather, controls.detail, controls.sensitivity),
            *(
                controls.aspect,
                controls.position,
                *controls.sides.values(),
                view.painter,
                view.hole,
                view.tries,
                view.canvas,
            ),
        ),
        stage=(view.painter,),
        answers=(controls.hint, controls.grow, view.canvas, view.candidates, view.gallery, view.hole, view.tries),
    )
    tab.place(desk, controls, view)
    wire(tab, exchange)
    _wire_models(tab, page_tab)
    _wire_mask(tab)
    read = {memory.outcome, memory.history, *tab.read}
    view.keep.click(tab.keep, read, tab.intake_outputs, **OPENS)
    view.hole.input(tab.candidates.look, read, view.gallery, **LATEST)
    view.gallery.select(tab.candidates.pick, read, tab.run_outputs, concurrency_id="gpu", concurrency_limit=1, **QUIET)


def _wire_models(tab: InpaintTab, page_tab: gr.Tab) -> None:
    controls, status = tab.controls, tab.desk.view.status
    shown = [controls.hint, controls.fetch]
    page_tab.select(tab.refresh_models, controls.model, [controls.model, *shown], **LATEST)
    controls.model.change(tab.show_model, controls.model, shown, **LATEST)
    controls.fetch.click(tab.fetch, controls.model, [controls.model, status, *shown], **LIGHT, trigger_mode="once")


def _wire_mask(tab: InpaintTab) -> None:
    controls, read = tab.controls, {tab.desk.memory.outcome, *tab.read}
    shown = [tab.desk.view.status, *tab.stage_parts]
    tab.view.painter.select(tab.select, read, tab.view.painter, **{**LATEST, **OPENS})
    taken = controls.mask_in.upload(tab.take_mask, {controls.mask_in, *read}, shown, **OPENS)
    taken.then(lambda: None, None, controls.mask_in, **LIGHT)
    written = controls.mask_out.click(tab.give_mask, read, controls.mask_file, **OPENS)
    # Gradio hands out a file at a click only, and there is none before it is asked for.
    written.success(None, None, None, js=_CLICK_MASK_FILE, **LIGHT)
