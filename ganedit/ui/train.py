"""The Train tab: what is on it, and its events put together. What they do: ``train_events``."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from ganedit.models.card import Task
from ganedit.ui.desk import build_columns
from ganedit.ui.edit_wiring import LIGHT
from ganedit.ui.exchange import Exchange
from ganedit.ui.i18n import both, label
from ganedit.ui.intake import PICTURE_FILES
from ganedit.ui.owners import Owners
from ganedit.ui.theme import page_html
from ganedit.ui.train_events import KNOBS, Parts, TrainTab, about_recipe, own_values, recipes

TAB = "train"
_TICK_SECONDS = 1.5
_OPENS: Mapping[Task, str] = {
    "generate": "ge.train.generate",
    "stylize": "ge.train.paint",
    "enhance": "ge.train.enhance",
}
"""The button that opens a model, by the tab that is named as its task."""

_CHOOSE_RUN = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-run]');
  if (!button) return;
  const runs = element.querySelectorAll('[data-run]');
  for (const other of runs) other.setAttribute('aria-pressed', String(other === button));
  trigger('select', {run: button.dataset.run});
});
"""
_CLICK_SNAPSHOT = "() => setTimeout(() => document.querySelector('#ge-train-file').click(), 150)"


def build_train_tab(owners: Owners | None, key: gr.BrowserState, exchange: Exchange, *, by_path: bool) -> None:
    """Add the tab to the ``gr.Tabs`` being built.

    Args:
        owners: whose runs are whose; None where nobody may train: nothing is built then, since an event that is only
            hidden can be called.
        key: of the browser.
        exchange: hands a run's model to the tab that draws with it.
        by_path: pictures may be named by a path of this machine.
    """
    with gr.Tab(label("ge.tab.train"), id=TAB, elem_id=f"ge-tab-{TAB}") as tab:  # pyright: ignore[reportArgumentType]
        if owners is None:
            gr.HTML(f'<p class="ge-note ge-offline">{both("ge.train.public")}</p>')
            return
        side, main = build_columns()
        with side:
            left = _build_choices(by_path=by_path)
        with main:
            right = _build_view()
        parts = Parts(**left, **right, key=key)
    _wire(TrainTab(owners, parts), tab, exchange)


def _build_choices(*, by_path: bool) -> dict[str, Any]:
    ways = [(label("ge.train.data_shapes"), "shapes"), (label("ge.train.data_upload"), "upload")]
    ways += [(label("ge.train.data_where"), "path")] if by_path else []
    known = recipes()
    first = next(iter(known))
    with gr.Group(elem_classes="ge-panel"):
        source = gr.Radio(
            ways, value="shapes", label=label("ge.train.data"), elem_id="ge-train-source", elem_classes="ge-seg"
        )
        files = gr.File(
            label=label("ge.train.drop"),
            file_count="multiple",
            file_types=[*PICTURE_FILES, ".zip", ".txt", ".json", ".jsonl"],
            height=130,
            visible=False,
            elem_id="ge-train-files",
            elem_classes="ge-drop",
        )
        path = gr.Textbox(
            label=label("ge.train.data_path"),
            info=label("ge.train.data_path_how"),  # pyright: ignore[reportArgumentType]
            max_lines=1,
            visible=False,
            elem_id="ge-train-path",
        )
        recipe = gr.Dropdown(
            list(known),
            value=first,
            label=label("ge.train.recipe"),
            elem_id="ge-train-recipe",
            elem_classes="ge-model",
        )
        about = page_html(about_recipe(first))
    with gr.Accordion(label("ge.train.settings"), open=False, elem_id="ge-train-settings", elem_classes="gr-accordion"):
        own = own_values(first)
        knobs = {name: _build_knob(name, own.get(name, "")) for name in KNOBS}
    start = gr.Button(
        label("ge.train.start"), variant="primary", size="lg", elem_id="ge-train-start", elem_classes="ge-run"
    )
    listed = gr.HTML("", js_on_load=_CHOOSE_RUN, apply_default_css=False, elem_id="ge-train-runs")
    return {
        "source": source,
        "files": files,
        "path": path,
        "recipe": recipe,
        "about": about,
        "knobs": knobs,
        "start": start,
        "listed": listed,
    }


def _build_knob(name: str, own_value: str) -> Any:
    knob = KNOBS[name]
    shown: dict[str, Any] = {"label": label(f"ge.train.{name}"), "elem_id": f"ge-train-{name}"}
    if knob.choices is None:
        return gr.Textbox("", placeholder=own_value, max_lines=1, elem_classes="ge-size", **shown)
    own = [(label("ge.train.own"), "")]
    return gr.Dropdown(
        [*own, *((label(text) if "." in text else text, value) for text, value in knob.choices)],
        value="",
        elem_classes="ge-model",
        **shown,
    )


def _build_actions() -> dict[str, Any]:
    """Draw what can be done with a run."""
    with gr.Row(elem_classes="ge-resultbar"):
        stop = gr.Button(label("ge.train.stop"), variant="stop", visible=False, size="md", elem_id="ge-train-stop")
        longer = gr.Textbox(
            label=label("ge.train.longer"),
            max_lines=1,
            visible=False,
            min_width=120,
            elem_id="ge-train-longer",
            elem_classes="ge-size",
        )
        resume = gr.Button(label("ge.train.resume"), visible=False, size="md", elem_id="ge-train-resume")
        opens = {
            task: gr.Button(label(text), variant="primary", visible=False, size="md", elem_id=f"ge-train-{task}")
            for task, text in _OPENS.items()
        }
        snapshot = gr.Button(label("ge.train.download"), visible=False, size="md", elem_id="ge-train-snapshot")
        remove = gr.Button(label("ge.train.remove"), visible=False, size="md", elem_id="ge-train-remove")
        file = gr.DownloadButton(visible="hidden", elem_id="ge-train-file")
    question = gr.HTML("", visible=False, elem_id="ge-train-question")
    with gr.Row():
        remove_yes = gr.Button(
            label("ge.train.remove_yes"), variant="stop", visible=False, elem_id="ge-train-remove-yes"
        )
        keep = gr.Button(label("ge.train.keep"), visible=False, elem_id="ge-train-keep")
    return {
        "stop": stop,
        "longer": longer,
        "resume": resume,
        "remove": remove,
        "opens": opens,
        "snapshot": snapshot,
        "file": file,
        "question": question,
        "remove_yes": remove_yes,
        "keep": keep,
    }


def _build_view() -> dict[str, Any]:
    status = page_html(elem_id="ge-train-status")
    actions = _build_actions()
    plots = page_html(elem_id="ge-train-plots")
    grid = gr.Image(
        label=label("ge.train.samples"),
        format="png",
        interactive=False,
        show_label=False,
        visible=False,
        buttons=["fullscreen"],
        elem_id="ge-train-grid",
    )
    with gr.Row(equal_height=True, elem_id="ge-train-time"):
        moment = gr.Slider(
            0, 1, value=0, step=1, label=label("ge.train.samples"), visible=False, scale=5, elem_id="ge-train-moment"
        )
        live = gr.Checkbox(
            True, label=label("ge.train.live"), visible=False, scale=1, min_width=150, elem_id="ge-train-live"
        )
    command = gr.Code(
        label=label("ge.train.command"),
        language="shell",
        interactive=False,
        visible=False,
        lines=1,
        wrap_lines=True,
        elem_id="ge-train-command",
    )
    return {
        **actions,
        "status": status,
        "plots": plots,
        "grid": grid,
        "moment": moment,
        "live": live,
        "command": command,
        "chosen": gr.State(""),
        "model": gr.State(""),
        "seen": gr.State(""),
        "timer": gr.Timer(_TICK_SECONDS, active=False),
    }


def _wire(tab: TrainTab, page_tab: gr.Tab, exchange: Exchange) -> None:
    parts = tab.parts
    look = {parts.key, parts.chosen, parts.live, parts.moment, parts.seen}
    shown = tab.shown_parts
    page_tab.select(tab.refresh, look, shown, **LIGHT)
    parts.timer.tick(tab.tick, look, shown, **LIGHT)
    parts.listed.select(tab.choose, {parts.key}, shown, **LIGHT)
    parts.source.change(tab.show_source, parts.source, [parts.files, parts.path], **LIGHT)
    # Not when the tab opens, too: what comes late would wipe out what was typed meanwhile.
    parts.recipe.change(tab.show_recipe, parts.recipe, [parts.about, *parts.knobs.values()], **LIGHT)
    wishes = {parts.source, parts.files, parts.path, parts.recipe, *parts.knobs.values()}
    parts.start.click(tab.start, {*wishes, *look}, [*shown, parts.key], trigger_mode="once", **LIGHT)
    parts.stop.click(tab.stop, look, shown, trigger_mode="once", **LIGHT)
    parts.resume.click(tab.resume, {*look, parts.longer}, shown, trigger_mode="once", **LIGHT)
    asking = [parts.remove, parts.question, parts.remove_yes, parts.keep]
    parts.remove.click(tab.ask, parts.chosen, asking, **LIGHT)
    parts.keep.click(tab.refresh, look, shown, **LIGHT)
    parts.remove_yes.click(tab.remove, look, shown, trigger_mode="once", **LIGHT)
    parts.moment.input(tab.scrub, look, [parts.grid, parts.live, parts.moment], trigger_mode="always_last", **LIGHT)
    parts.live.input(tab.refresh, look, shown, **LIGHT)
    for task, button in parts.opens.items():
        published = button.click(tab.publish, {parts.key, parts.chosen}, None, **LIGHT)
        exchange.offer_model(published.success, parts.model, task)
    # Gradio hands out a file at a click only, and there is none before it is asked for.
    given = parts.snapshot.click(tab.give_snapshot, {parts.key, parts.chosen}, parts.file, **LIGHT)
    given.success(None, None, None, js=_CLICK_SNAPSHOT, **LIGHT)
