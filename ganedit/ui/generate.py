"""The Generate tab: what is on it, and its events put together. What they do: ``generate_events``."""

from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.requests import MAX_COUNT
from ganedit.ui.desk import build_columns
from ganedit.ui.edit_wiring import LIGHT
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.explore import build_explore, wire_explore
from ganedit.ui.explore_events import Explorer
from ganedit.ui.generate_events import GenerateTab, Parts
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.intake import PICTURE_FILES
from ganedit.ui.session import LIFETIME_SECONDS
from ganedit.ui.settings import UiSettings
from ganedit.ui.theme import page_html

TAB = "generate"


def build_generate_tab(engine: Engine, settings: UiSettings, exchange: Exchange) -> None:
    """Add the tab to the ``gr.Tabs`` being built.

    Args:
        engine: draws.
        settings: in public mode, how long a drawing may take is limited.
        exchange: draws the "send to" row later.
    """
    tab = GenerateTab(engine, settings.limit_seconds)
    with gr.Tab(label("ge.tab.generate"), id=TAB, elem_id=f"ge-tab-{TAB}") as page_tab:  # pyright: ignore[reportArgumentType]
        drawn = gr.State(None, time_to_live=LIFETIME_SECONDS, delete_callback=tab.forget)
        chosen = gr.State(0)
        side, main = build_columns()
        with side:
            controls = _build_controls()
        with main:
            view = _build_view()
            tools = build_explore()
    tab.parts = Parts(**controls, **view, drawn=drawn, chosen=chosen)
    _wire(tab, page_tab)
    wire_explore(Explorer(engine, tab, tools))
    exchange.offer(TAB, view["send"], view["download"])
    exchange.accept_models(Target("ge.tab.generate", TAB, tab.take_model, [], [tab.parts.model]))


def _build_controls() -> dict[str, Any]:
    return {**_build_told(), **_build_which(), **_build_actions()}


def _build_told() -> dict[str, Any]:
    hidden: dict[str, Any] = {"visible": False, "elem_classes": "ge-model"}
    with gr.Group(elem_classes="ge-panel"):
        model = gr.Dropdown([], label=label("ge.generate.model"), elem_id="ge-generate-model", elem_classes="ge-model")
        about = page_html()
        class_name = gr.Dropdown([], label=label("ge.generate.class"), elem_id="ge-generate-class", **hidden)
        attributes = gr.Dropdown(
            [],
            multiselect=True,
            label=label("ge.generate.attributes"),
            info=label("ge.generate.attributes_how"),  # pyright: ignore[reportArgumentType]
            elem_id="ge-generate-attributes",
            **hidden,
        )
        text = gr.Textbox(label=label("ge.generate.text"), lines=2, visible=False, elem_id="ge-generate-text")
        start = gr.File(
            label=label("ge.generate.start"),
            file_types=PICTURE_FILES,
            height=110,
            visible=False,
            elem_id="ge-generate-start",
            elem_classes="ge-drop",
        )
        strength = gr.Slider(
            0.1, 1, 0.6, step=0.05, label=label("ge.generate.strength"), visible=False, elem_id="ge-generate-strength"
        )
    return {
        "model": model,
        "about": about,
        "class_name": class_name,
        "attributes": attributes,
        "text": text,
        "start": start,
        "strength": strength,
    }


def _build_which() -> dict[str, Any]:
    with gr.Group(elem_classes="ge-panel"):
        seed = gr.Number(0, precision=0, minimum=0, label=label("ge.generate.seed"), elem_id="ge-generate-seed")
        count = gr.Slider(1, MAX_COUNT, 8, step=1, label=label("ge.generate.count"), elem_id="ge-generate-count")
        truncation = gr.Slider(
            0,
            1,
            1,
            step=0.05,
            label=label("ge.generate.truncation"),
            info=label("ge.generate.truncation_how"),  # pyright: ignore[reportArgumentType]
            elem_id="ge-generate-truncation",
        )
        upscale = gr.Checkbox(True, label=label("ge.generate.upscale"), elem_id="ge-generate-upscale")
    return {"seed": seed, "count": count, "truncation": truncation, "upscale": upscale}


def _build_actions() -> dict[str, Any]:
    with gr.Row(elem_classes="ge-actions"):
        run = gr.Button(
            label("ge.generate.run"),
            variant="primary",
            size="lg",
            scale=3,
            elem_id="ge-generate-run",
            elem_classes="ge-run",
        )
        shuffle = gr.Button(
            label("ge.generate.shuffle"), size="lg", scale=1, min_width=110, elem_id="ge-generate-shuffle"
        )
        stop = gr.Button(
            label("ge.run.stop"), variant="stop", size="lg", visible=False, min_width=110, elem_id="ge-generate-stop"
        )
    return {"run": run, "shuffle": shuffle, "stop": stop}


def _build_view() -> dict[str, Any]:
    status = page_html(elem_id="ge-generate-status")
    words = f"<b>{both('ge.generate.empty')}</b><span>{both('ge.generate.empty_how')}</span>"
    empty = page_html(Html(f'<div class="ge-stage ge-empty">{words}</div>'))
    gallery = gr.Gallery(
        label=label("ge.generate.pictures"),
        show_label=False,
        format="png",
        columns=4,
        height="auto",
        object_fit="contain",
        buttons=["fullscreen"],
        visible=False,
        interactive=False,
        elem_id="ge-generate-gallery",
    )
    with gr.Row(visible=False, elem_classes="ge-resultbar") as row:
        send = gr.Row(elem_classes="ge-sendrow", scale=1)
        download = gr.DownloadButton(
            label("ge.generate.download"),  # pyright: ignore[reportArgumentType]
            variant="primary",
            size="md",
            scale=0,
            min_width=200,
            elem_id="ge-generate-download",
            elem_classes="ge-download",
        )
    return {"status": status, "empty": empty, "gallery": gallery, "row": row, "send": send, "download": download}


def _wire(tab: GenerateTab, page_tab: gr.Tab) -> None:
    parts = tab.parts
    listed = page_tab.select(tab.refresh, parts.model, parts.model, **LIGHT)
    listed.then(tab.fit, parts.model, tab.fitted, **LIGHT)
    parts.model.input(tab.fit, parts.model, tab.fitted, **LIGHT)
    shuffled = parts.shuffle.click(tab.another_seed, None, parts.seed, trigger_mode="once", **LIGHT)
    tab.wire_drawing([(start, tab.draw, tab.read, tab.written) for start in (parts.run.click, shuffled.then)])
    parts.gallery.select(tab.choose, parts.drawn, [parts.download, parts.chosen], **LIGHT)
