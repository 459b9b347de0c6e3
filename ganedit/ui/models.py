"""The Models tab: which models there are, all about one of them, and fetching, removing and adding them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import gradio as gr
from gradio.components import Component

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.models.card import SUFFIXES, Task
from ganedit.models.sources import is_offline
from ganedit.ui.clicks import named
from ganedit.ui.downloads import fetch_steps, progress_html
from ganedit.ui.i18n import both, label
from ganedit.ui.model_table import Filters, ModelRow, details_html, problems_html, read_rows, table_html
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import toasts

Updates = dict[Component, Any]

# A click marks the row in the browser at once and tells the server which one it was. On a narrow screen the details
# stand below the list, so they are brought into view.
_CHOOSE_ROW = """
element.addEventListener('click', (event) => {
  const row = event.target.closest('[data-model]');
  if (!row) return;
  for (const other of element.querySelectorAll('[data-model]')) {
    other.classList.toggle('selected', other === row);
    other.querySelector('button').setAttribute('aria-pressed', String(other === row));
  }
  trigger('select', {model: row.dataset.model});
  const details = document.querySelector('#ge-model-details');
  const stacked = details && details.getBoundingClientRect().top > element.getBoundingClientRect().bottom;
  if (stacked) setTimeout(() => details.scrollIntoView({behavior: 'smooth', block: 'start'}), 400);
});
"""


def build_models_tab(engine: Engine, settings: UiSettings) -> None:
    """Add the tab to the ``gr.Tabs`` being built.

    In public mode nothing that changes the server is built at all, since an event that is only hidden can be called.
    """
    with gr.Tab(label("ge.tab.models"), id="models", elem_id="ge-tab-models") as tab:
        page = ModelsPage(engine, manages=not settings.public)
        with gr.Row(elem_classes="ge-models-page"):
            with gr.Column(scale=5, min_width=320):
                page.build_list()
            with gr.Column(scale=3, min_width=320, elem_classes="ge-model-side"):
                page.build_details()
                if settings.public:
                    gr.HTML(f'<p class="ge-note">{both("ge.models.public")}</p>')
                else:
                    page.build_actions()
        page.connect_list(tab)
        if not settings.public:
            page.connect_actions()


class ModelsPage:
    """The components of the tab and what its events do."""

    def __init__(self, engine: Engine, *, manages: bool) -> None:
        """Take the engine whose registry is shown; ``manages`` says whether the page may change anything."""
        self._engine = engine
        self._manages = manages

    def build_list(self) -> None:
        """Filters, search and the list."""
        if is_offline():
            gr.HTML(f'<p class="ge-note ge-offline">{both("ge.models.offline")}</p>')
        with gr.Row(elem_classes="ge-models-filters"):
            self._task = gr.Dropdown(
                [
                    (label("ge.models.task_all"), ""),
                    *((label(f"ge.models.task_{task}"), task) for task in get_args(Task)),
                ],
                value="",
                label=label("ge.models.task"),
                min_width=130,
                elem_id="ge-models-task",
            )
            self._words = gr.Textbox(
                label=label("ge.models.search_label"),
                placeholder=label("ge.models.search"),
                max_lines=1,
                scale=2,
                min_width=180,
                elem_id="ge-models-search",
            )
            self._commercial = gr.Checkbox(
                False, label=label("ge.models.commercial"), min_width=160, elem_id="ge-models-commercial"
            )
        self._chosen = gr.State("")
        rows = table_html(read_rows(self._engine))
        self._table = gr.HTML(rows, js_on_load=_CHOOSE_ROW, apply_default_css=False, elem_id="ge-models-table")
        self._problems = gr.HTML("", elem_id="ge-models-problems")

    def build_details(self) -> None:
        """The card of the chosen model."""
        self._details = gr.HTML(details_html(None), apply_default_css=False, elem_id="ge-model-details")

    def build_actions(self) -> None:
        """Fetch with its progress, remove with its question, and the upload of an own model."""
        confirm = label("ge.models.confirm")
        self._accept = gr.Checkbox(False, label=confirm, visible=False, container=False, elem_id="ge-model-accept")
        with gr.Row():
            self._fetch = gr.Button(
                label("ge.models.fetch"), variant="primary", visible=False, min_width=120, elem_id="ge-model-fetch"
            )
            self._stop = gr.Button(
                label("ge.run.stop"), variant="stop", visible=False, min_width=120, elem_id="ge-model-stop"
            )
            self._remove = gr.Button(label("ge.models.remove"), visible=False, min_width=120, elem_id="ge-model-remove")
        self._question = gr.HTML("", visible=False, elem_id="ge-model-question")
        with gr.Row():
            self._remove_yes = gr.Button(
                label("ge.models.remove_yes"),
                variant="stop",
                visible=False,
                min_width=120,
                elem_id="ge-model-remove-yes",
            )
            self._keep = gr.Button(label("ge.models.keep"), visible=False, min_width=120, elem_id="ge-model-keep")
        self._status = gr.HTML("", elem_id="ge-model-status")
        self._upload = gr.UploadButton(
            label("ge.models.add"),  # pyright: ignore[reportArgumentType] - translated like every label
            file_types=list(SUFFIXES),
            type="filepath",
            size="md",
            elem_id="ge-model-upload",
        )

    def connect_list(self, tab: gr.Tab) -> None:
        """Refresh the list when a filter changes or the tab is opened; show a model when its row is clicked."""
        filters = [self._task, self._commercial, self._words, self._chosen]
        light: Any = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        gr.on(
            [self._task.change, self._commercial.change, self._words.change, tab.select],
            self.listed,
            filters,
            [self._table, self._problems],
            trigger_mode="always_last",
            **light,
        )
        self._table.select(self.choose, None, self._shown_parts, **light)

    def connect_actions(self) -> None:
        """Wire the buttons; the list is read again after each of them."""
        light: Any = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        everything = [*self._shown_parts, self._table, self._problems]
        filters = [self._task, self._commercial, self._words, self._chosen]
        self._accept.change(lambda yes: gr.update(interactive=yes), self._accept, self._fetch, **light)
        fetching = self._fetch.click(
            self.fetch,
            [*filters, self._accept],
            everything,
            show_progress="hidden",
            api_visibility="private",
            concurrency_id="fetch",
            concurrency_limit=2,
        )
        self._stop.click(self.stopped, self._chosen, self._shown_parts, cancels=[fetching], **light)
        asking = [self._remove, self._question, self._remove_yes, self._keep, self._status]
        self._remove.click(self.ask, self._chosen, asking, **light)
        self._keep.click(self.show, self._chosen, self._shown_parts, **light)
        self._remove_yes.click(self.remove, filters, everything, **light)
        self._upload.upload(self.add, [self._upload, *filters[:-1]], everything, **light)

    @property
    def _shown_parts(self) -> list[Component]:
        """What depends on the chosen model; a public page has the card alone."""
        parts: list[Component] = [self._chosen, self._details]
        if self._manages:
            parts += [self._accept, self._fetch, self._stop, self._remove]
            parts += [self._question, self._remove_yes, self._keep, self._status]
        return parts

    @toasts
    def listed(self, task: str, commercial_only: bool, words: str, chosen: str) -> Updates:
        """Read the list again."""
        rows = read_rows(self._engine, Filters(task, commercial_only, words or ""))
        problems = self._engine.registry.problems if self._manages else {}
        return {self._table: table_html(rows, chosen), self._problems: problems_html(problems)}

    @toasts
    def choose(self, event: gr.EventData) -> Updates:
        """Show the model whose row was clicked."""
        return self.show(named(event, "model"))

    @toasts
    def show(self, chosen: str) -> Updates:
        """Show one model and what can be done with it."""
        row = self._row(chosen)
        updates: Updates = {self._chosen: chosen, self._details: details_html(row)}
        if not self._manages:
            return updates
        can_fetch = row is not None and not row.installed and not is_offline()
        must_accept = can_fetch and row is not None and not row.card.commercial_use
        return updates | {
            self._accept: gr.update(visible=must_accept, value=False),
            self._fetch: gr.update(visible=can_fetch, interactive=not must_accept),
            self._stop: gr.update(visible=False),
            self._remove: gr.update(visible=row is not None and row.installed),
            self._question: gr.update(visible=False),
            self._remove_yes: gr.update(visible=False),
            self._keep: gr.update(visible=False),
            self._status: "",
        }

    @toasts
    def fetch(self, task: str, commercial_only: bool, words: str, chosen: str, accepted: bool) -> Iterator[Updates]:
        """Fetch the chosen model and show how it goes; ends early when the Stop button cancels the event."""
        yield {
            self._status: progress_html(None),
            self._fetch: gr.update(visible=False),
            self._accept: gr.update(visible=False),
            self._stop: gr.update(visible=True),
        }
        try:
            with closing(fetch_steps(self._engine, chosen, accept_license=accepted)) as steps:
                for step in steps:
                    yield {self._status: progress_html(step)}
        except Exception:
            yield self.show(chosen)
            raise
        done = {self._status: _line(both("ge.models.fetched", id=chosen))}
        yield self.show(chosen) | self.listed(task, commercial_only, words, chosen) | done

    @toasts
    def stopped(self, chosen: str) -> Updates:
        """Bring the Fetch button back; the event that fetched has been cancelled."""
        return self.show(chosen) | {self._status: _line(both("ge.models.stopped"))}

    @toasts
    def ask(self, chosen: str) -> Updates:
        """Ask once before removing."""
        return {
            self._remove: gr.update(visible=False),
            self._question: gr.update(value=_line(both("ge.models.remove_ask", id=chosen)), visible=True),
            self._remove_yes: gr.update(visible=True),
            self._keep: gr.update(visible=True),
            self._status: "",
        }

    @toasts
    def remove(self, task: str, commercial_only: bool, words: str, chosen: str) -> Updates:
        """Remove the chosen model; one of the user's own is gone from the list then."""
        self._engine.registry.remove(chosen)
        left = chosen if any(row.card.id == chosen for row in read_rows(self._engine)) else ""
        done = {self._status: _line(both("ge.models.removed", id=chosen))}
        return self.show(left) | self.listed(task, commercial_only, words, left) | done

    @toasts
    def add(self, path: str | None, task: str, commercial_only: bool, words: str) -> Updates:
        """Take in a user's own checkpoint and show it."""
        if path is None:
            raise UserError(both("ge.error.stale"))
        try:
            card = self._engine.registry.add(Path(path))
        finally:
            Path(path).unlink(missing_ok=True)  # gradio's copy of the upload; the registry has made its own
        done = {self._status: _line(both("ge.models.added", id=card.id))}
        return self.show(card.id) | self.listed(task, commercial_only, words, card.id) | done

    def _row(self, chosen: str) -> ModelRow | None:
        if not chosen:
            return None
        card = self._engine.registry.get(chosen)
        registry = self._engine.registry
        return ModelRow(card, registry.is_installed(chosen), chosen in registry.loaded_ids)


def _line(text: str) -> str:
    return f'<div class="ge-status" role="status" aria-live="polite">{text}</div>'
