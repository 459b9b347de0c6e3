"""The Evaluate tab: what is on it, and its events put together. What they do: ``evaluate_events``."""

from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.ui.desk import build_actions, build_columns
from ganedit.ui.edit_wiring import LIGHT, QUIET
from ganedit.ui.evaluate_events import MODEL, PATH, SHAPES, UPLOAD, EvaluateTab, Parts, SetParts
from ganedit.ui.evaluate_view import empty_html
from ganedit.ui.i18n import label
from ganedit.ui.intake import PICTURE_FILES
from ganedit.ui.owners import Owners
from ganedit.ui.settings import UiSettings
from ganedit.ui.theme import page_html

TAB = "evaluate"

_TIERS = ("quick", "standard", "paper")
_BACKBONES = ("auto", "effnet", "inception")


def build_evaluate_tab(engine: Engine, settings: UiSettings, owners: Owners | None, key: gr.BrowserState) -> None:
    """Add the tab to the ``gr.Tabs`` being built.

    Args:
        engine: knows the trained models.
        settings: on a public server nobody names paths of it, and 1,000 pictures are all that is compared.
        owners: know whose run a model comes of, and which data it was trained on; None where nobody trains.
        key: of the browser.
    """
    with gr.Tab(label("ge.tab.evaluate"), id=TAB, elem_id=f"ge-tab-{TAB}") as page_tab:  # pyright: ignore[reportArgumentType]
        side, main = build_columns()
        with side:
            real = _build_set("real", [SHAPES, UPLOAD], by_path=not settings.public)
            fake = _build_set("fake", [MODEL, UPLOAD], by_path=not settings.public)
            with gr.Group(elem_classes="ge-panel"):
                tier = None if settings.public else _build_tier()
                backbone = gr.Dropdown(
                    [(label(f"ge.evaluate.backbone_{name}"), name) for name in _BACKBONES],
                    value="auto",
                    label=label("ge.evaluate.backbone"),
                    elem_id="ge-evaluate-backbone",
                    elem_classes="ge-model",
                )
            actions = build_actions(TAB, "ge.evaluate.run")
        with main:
            status = page_html("", elem_id="ge-evaluate-status")
            report = page_html(empty_html(), elem_id="ge-evaluate-report")
            sheet = gr.Image(
                label=label("ge.evaluate.sheet"),
                format="png",
                interactive=False,
                show_label=False,
                visible=False,
                buttons=["fullscreen", "download"],
                elem_id="ge-evaluate-sheet",
            )
            download = gr.DownloadButton(
                label("ge.evaluate.download"),  # pyright: ignore[reportArgumentType]
                visible=False,
                elem_id="ge-evaluate-download",
            )
            command = gr.Code(
                label=label("ge.evaluate.command"),
                language="shell",
                interactive=False,
                visible=False,
                lines=1,
                wrap_lines=True,
                elem_id="ge-evaluate-command",
            )
    parts = Parts(real, fake, tier, backbone, actions.run, actions.stop, status, report, sheet, download, command)
    _wire(EvaluateTab(engine, owners, parts, settings.limit_seconds), page_tab, key, by_path=not settings.public)


def _build_set(which: str, ways: list[str], *, by_path: bool) -> SetParts:
    ways = [*ways, *([PATH] if by_path else [])]
    first = ways[0]
    with gr.Group(elem_classes="ge-panel"):
        source = gr.Radio(
            [(label(f"ge.evaluate.from_{way}"), way) for way in ways],
            value=first,
            label=label(f"ge.evaluate.{which}"),
            elem_id=f"ge-evaluate-{which}",
            elem_classes="ge-seg",
        )
        files = gr.File(
            label=label("ge.evaluate.drop"),
            file_count="multiple",
            file_types=[*PICTURE_FILES, ".zip"],
            height=120,
            visible=first == UPLOAD,
            elem_id=f"ge-evaluate-{which}-files",
            elem_classes="ge-drop",
        )
        path = gr.Textbox(
            label=label("ge.evaluate.path_fake" if MODEL in ways else "ge.evaluate.path"),
            max_lines=1,
            visible=False,
            elem_id=f"ge-evaluate-{which}-path",
        )
        model = None
        if MODEL in ways:
            model = gr.Dropdown(
                [], label=label("ge.evaluate.model"), elem_id=f"ge-evaluate-{which}-model", elem_classes="ge-model"
            )
    return SetParts(source, files, path, model)


def _build_tier() -> gr.Radio:
    return gr.Radio(
        [(label(f"ge.evaluate.tier_{name}"), name) for name in _TIERS],
        value="quick",
        label=label("ge.evaluate.tier"),
        elem_id="ge-evaluate-tier",
        elem_classes="ge-seg",
    )


def _wire(tab: EvaluateTab, page_tab: gr.Tab, key: gr.BrowserState, *, by_path: bool) -> None:
    parts = tab.parts
    real, fake, buttons = parts.real, parts.fake, [parts.run, parts.stop]
    assert fake.model is not None
    page_tab.select(tab.refresh, [fake.model, key], fake.model, **LIGHT)
    real.source.change(tab.show_real, real.source, [real.files, real.path], **LIGHT)
    fake.source.change(tab.show_source, fake.source, [fake.files, fake.path, fake.model], **LIGHT)
    if by_path:
        fake.model.change(tab.take_its_data, [fake.model, key], [real.source, real.path], **LIGHT)
    begun = parts.run.click(tab.begin, None, buttons, trigger_mode="once", **LIGHT)
    running = begun.then(tab.measure, {*tab.read}, tab.written, concurrency_limit=1, concurrency_id="evaluate", **QUIET)
    running.success(tab.idle, None, buttons, **LIGHT)
    running.failure(tab.failed, None, [parts.status, *buttons], **LIGHT)
    cancelling: dict[str, Any] = {**LIGHT, "cancels": [running]}
    parts.stop.click(tab.stopped, None, [parts.status, *buttons], **cancelling)
