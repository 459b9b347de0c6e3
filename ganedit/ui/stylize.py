"""The Stylize tab: what is on it, and its events put together. What they do: ``stylize_events``."""

from pathlib import Path
from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.requests import MAX_BRUSH, SAME_MODEL
from ganedit.ui.desk import Desk, build_actions, build_columns
from ganedit.ui.edit_wiring import LATEST, LIGHT, wire
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.file_choices import build_file_choices
from ganedit.ui.i18n import both, label
from ganedit.ui.intake import PICTURE_FILES, build_intake
from ganedit.ui.result_view import build_result_view
from ganedit.ui.settings import UiSettings
from ganedit.ui.styles import PAINTINGS, face_choices, label_of
from ganedit.ui.stylize_clip import ClipPart
from ganedit.ui.stylize_events import TAB, Controls, StylizeTab
from ganedit.ui.theme import page_html

EXAMPLES = {name: Path(__file__).parent / "examples" / f"{name}.jpg" for name in ("astronaut", "shore", "cup", "cat")}


def build_stylize_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> None:
    """Build the tab inside an open ``gr.Tabs``.

    Args:
        engine: runs the edits.
        settings: in public mode, how long an edit may take is limited, and models are not fetched from here.
        exchange: draws the tab's "send to" row later, and offers this tab to the others.
    """
    tab = StylizeTab(engine, settings)
    with gr.Tab(label("ge.tab.stylize"), id=TAB, elem_id=f"ge-tab-{TAB}") as page_tab:  # pyright: ignore[reportArgumentType]
        memory = tab.build_memory()
        side, main = build_columns()
        with side:
            intake = build_intake(TAB, EXAMPLES)
            controls = _build_controls()
            clip = ClipPart(tab)
        with main:
            view = build_result_view(TAB, "ge.result.preview")
            with view.stage:
                preview = gr.Image(
                    type="filepath",
                    format="png",
                    interactive=False,
                    show_label=False,
                    buttons=["fullscreen"],
                    visible=False,
                    elem_id=f"ge-{TAB}-preview",
                    elem_classes="ge-preview",
                )
    desk = Desk(
        memory=memory,
        intake=intake,
        actions=controls.actions,
        view=view,
        file=controls.file,
        controls=(
            controls.styles,
            controls.style,
            controls.mixed,
            controls.share,
            controls.own,
            controls.strength,
            controls.keep_colors,
            controls.brush,
            controls.faces,
        ),
        stage=(preview,),
        answers=(controls.gallery, controls.brush),
    )
    tab.place(desk, controls, preview)
    wire(tab, exchange)
    _wire(tab, page_tab, exchange)
    clip.wire()


def _build_controls() -> Controls:
    with gr.Group(elem_classes="ge-panel"):
        page_html(f'<div class="ge-note">{both("ge.stylize.how")}</div>')
        gallery = gr.Gallery(
            [(str(style.painting), label_of(style)) for style in PAINTINGS],
            label=label("ge.stylize.styles"),
            columns=5,
            height="auto",
            object_fit="cover",
            allow_preview=False,
            buttons=[],
            interactive=False,
            elem_id=f"ge-{TAB}-styles",
            elem_classes="ge-candidates",
        )
        with gr.Row():
            mixed = gr.Dropdown(
                [("–", "")], value="", label=label("ge.stylize.mixed"), elem_id=f"ge-{TAB}-mixed", min_width=120
            )
            share = gr.Slider(0, 1, 0.5, step=0.05, label=label("ge.stylize.share"), elem_id=f"ge-{TAB}-share")
        own = gr.File(
            label=label("ge.stylize.own"),
            file_types=PICTURE_FILES,
            height=100,
            elem_id=f"ge-{TAB}-own",
            elem_classes="ge-drop",
        )
        sheet = gr.Button(label("ge.stylize.sheet"), size="sm", elem_id=f"ge-{TAB}-sheet")
        strength = gr.Slider(0, 1, 1, step=0.05, label=label("ge.stylize.strength"), elem_id=f"ge-{TAB}-strength")
        brush = gr.Slider(1, MAX_BRUSH, 1, step=0.5, label=label("ge.stylize.brush"), elem_id=f"ge-{TAB}-brush")
        faces = gr.Dropdown(
            face_choices(()), value=SAME_MODEL, label=label("ge.stylize.faces"), elem_id=f"ge-{TAB}-faces"
        )
        keep_colors = gr.Checkbox(False, label=label("ge.stylize.keep_colors"), elem_id=f"ge-{TAB}-colors")
        fetch = gr.Button(label("ge.stylize.fetch"), size="sm", visible=False, elem_id=f"ge-{TAB}-fetch")
    actions = build_actions(TAB, "ge.stylize.button")
    file: dict[str, Any] = build_file_choices(TAB)
    styles = gr.State(())
    return Controls(
        styles=styles,
        style=gr.State(None),
        gallery=gallery,
        mixed=mixed,
        share=share,
        own=own,
        sheet=sheet,
        strength=strength,
        brush=brush,
        faces=faces,
        keep_colors=keep_colors,
        fetch=fetch,
        actions=actions,
        file=file,
    )


def _wire(tab: StylizeTab, page_tab: gr.Tab, exchange: Exchange) -> None:
    controls, status = tab.controls, tab.desk.view.status
    shown = [controls.fetch, controls.styles, controls.style, controls.gallery, controls.mixed, controls.faces]
    page_tab.select(tab.show_styles, controls.styles, shown, **LATEST)
    taken = [*shown, controls.own]
    exchange.accept_models(Target("ge.tab.stylize", TAB, tab.take_model, [controls.styles], taken))
    controls.fetch.click(tab.fetch, None, [status, controls.fetch], trigger_mode="once", **LIGHT)
    controls.gallery.select(tab.choose, controls.styles, [controls.style, controls.own], **LIGHT)
