"""What the Generate tab's events do: fit the controls to the model, draw, and hand out the chosen picture."""

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import open_picture, save_picture
from ganedit.provenance import make_recipe
from ganedit.requests import EditResult, GenerateRequest, Guide, Latent, Request, Told
from ganedit.ui import status
from ganedit.ui.clicks import clicked
from ganedit.ui.desk import Updates, Values
from ganedit.ui.edit_wiring import LIGHT, QUIET
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.session import Vault, safe_name
from ganedit.ui.toast import toasts
from ganedit.ui.watch import edit, shown

ANY = ""
_SEEDS = 1_000_000
_SMALL_PX = 128
"""Pictures up to this side are enlarged unless the visitor says otherwise."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is in the gallery.

    Attributes:
        paths: the files.
        request: what drew them.
    """

    paths: tuple[str, ...]
    request: GenerateRequest

    def alone(self, index: int) -> GenerateRequest:
        """Give the request that draws one of them again."""
        return replace(self.request, seed=self.request.seed + index, count=1)


@dataclass(frozen=True)
class Parts:
    """The components of the tab.

    Attributes:
        model, about: which generator, and what is known of it.
        class_name, attributes, text: what it is told; only what the model understands is shown.
        start, strength: a picture to start from, for a model that can, and how little of it is left.
        seed, shuffle, count: which pictures.
        truncation: how near to the average picture they stay.
        upscale: whether they are enlarged.
        run, stop: draw, and end that.
        status, empty, gallery: what came out.
        row, send, download: what can be done with the chosen picture.
        drawn: what is in the gallery, or None.
        chosen: which of it was clicked.
    """

    model: gr.Dropdown
    about: gr.HTML
    class_name: gr.Dropdown
    attributes: gr.Dropdown
    text: gr.Textbox
    start: gr.File
    strength: gr.Slider
    seed: gr.Number
    shuffle: gr.Button
    count: gr.Slider
    truncation: gr.Slider
    upscale: gr.Checkbox
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    empty: gr.HTML
    gallery: gr.Gallery
    row: gr.Row
    send: gr.Row
    download: gr.DownloadButton
    drawn: gr.State
    chosen: gr.State


class GenerateTab:
    """The tab's events."""

    parts: Parts

    def __init__(self, engine: Engine, limit_seconds: float | None) -> None:
        """Take who draws, and the longest that it may take; None does not limit."""
        self._engine, self.limit_seconds, self.vault = engine, limit_seconds, Vault()

    @property
    def read(self) -> set[Any]:
        """What a drawing reads."""
        parts = self.parts
        told = {parts.model, parts.class_name, parts.attributes, parts.text, parts.start, parts.strength}
        return {*told, parts.seed, parts.count, parts.truncation, parts.upscale, parts.drawn}

    @property
    def written(self) -> list[Any]:
        """What a drawing writes."""
        parts = self.parts
        return [parts.status, parts.empty, parts.gallery, parts.row, parts.download, parts.drawn, parts.chosen]

    @property
    def fitted(self) -> list[Any]:
        """What follows the model."""
        parts = self.parts
        told = [parts.class_name, parts.attributes, parts.text, parts.start, parts.strength]
        return [parts.about, *told, parts.truncation, parts.upscale]

    def refresh(self, model: str | None) -> Any:
        """List the generators that are here; training may have made one, and the Models tab fetches others."""
        registry = self._engine.registry
        ids = [card.id for card in registry.cards("generate") if registry.is_installed(card.id)]
        if model and model not in ids and registry.has(model, "generate") and registry.is_installed(model):
            ids.append(model)  # an unlisted one, which the Train tab handed over
        return gr.update(choices=ids, value=model if model in ids else next(iter(ids), None))

    def take_model(self, model: str, _: Values) -> Updates:
        """Choose a model that another tab hands over; opening this tab fits the controls to it."""
        return {self.parts.model: self.refresh(model)}

    @toasts
    def fit(self, model: str | None) -> Iterator[Updates]:
        """Show the controls that a model understands; reading a large one takes a while."""
        parts = self.parts
        if not model:
            hidden = {part: gr.update(visible=False) for part in self.fitted[1:]}
            yield {parts.about: status.hint_block([both("ge.generate.no_model")]), **hidden}
            return
        yield {parts.about: status.stage_line("load")}
        generator, card = self._engine.registry.load_generator(model), self._engine.registry.get(model)
        facts = (f"{generator.resolution} × {generator.resolution} px", card.trained_on, card.license)
        pairs = [f"{name}: {value}" for name, values in generator.attributes.items() for value in values]
        kind, starts = generator.condition, generator.starts_from_pictures
        yield {
            parts.about: status.hint_block([Html.escaped(" · ".join(fact for fact in facts if fact))]),
            parts.class_name: gr.update(
                choices=[(label("ge.generate.any"), ANY), *((name, name) for name in generator.class_names)],
                value=ANY,
                visible=kind == "class",
            ),
            parts.attributes: gr.update(choices=pairs, value=[], visible=kind == "attributes"),
            parts.text: gr.update(visible=kind in ("text", "attributes")),
            parts.start: gr.update(value=None, visible=starts),
            parts.strength: gr.update(visible=starts),
            parts.truncation: gr.update(value=1, visible=generator.truncates),
            parts.upscale: gr.update(value=generator.resolution <= _SMALL_PX),
        }

    def another_seed(self) -> int:
        """Give a seed that nobody chose."""
        return random.randrange(_SEEDS)

    @toasts
    def draw(self, values: Values) -> Iterator[Updates]:
        """Draw the pictures, with progress."""
        parts = self.parts
        if not values[parts.model]:
            raise UserError(both("ge.generate.no_model"))
        yield {parts.status: status.stage_line("load")}
        yield from self.run(self._request(values), values[parts.drawn])

    def run(self, request: GenerateRequest, before: Drawn | None) -> Iterator[Updates]:
        """Draw what is asked for in place of what is in the gallery, with progress."""
        yield self._shown((yield from self.progress(request)), before)

    def progress(self, request: Request) -> Generator[Updates, None, EditResult]:
        """Run a request and show its progress; gives the result."""
        return shown(edit(self._engine, request, self.limit_seconds), self.parts.status)

    def begin(self) -> Updates:
        """Offer to stop instead of to begin."""
        parts = self.parts
        return {parts.run: gr.update(interactive=False), parts.stop: gr.update(visible=True)}

    def end(self) -> Updates:
        """Offer to begin again."""
        parts = self.parts
        return {parts.run: gr.update(interactive=True), parts.stop: gr.update(visible=False)}

    def stopped(self) -> Updates:
        """Say that it was stopped; what was in the gallery is still there."""
        return {self.parts.status: status.message_line(both("ge.run.stopped")), **self.end()}

    def wire_drawing(self, drawings: list[tuple[Any, Any, Any, list[Any]]]) -> None:
        """Connect what draws, so that Stop ends it: what starts it, what is called, what it reads and writes."""
        parts, running = self.parts, []
        buttons = [parts.run, parts.stop]
        for start, draw, read, written in drawings:
            begun = start(self.begin, None, buttons, trigger_mode="once", **LIGHT)
            event = begun.then(draw, read, written, concurrency_limit=1, concurrency_id="gpu", **QUIET)
            event.failure(lambda: "", None, parts.status, **LIGHT)  # the toast says what was wrong
            event.then(self.end, None, buttons, **LIGHT)
            running.append(event)
        parts.stop.click(self.stopped, None, [parts.status, *buttons], cancels=running, **LIGHT)

    def _request(self, values: Values) -> GenerateRequest:
        parts = self.parts
        model = str(values[parts.model])
        generator = self._engine.registry.load_generator(model)
        kind = generator.condition
        pairs = (str(pair).partition(": ") for pair in values[parts.attributes] or ())
        told = Told(
            str(values[parts.class_name]) or None if kind == "class" and values[parts.class_name] else None,
            {name: value for name, _, value in pairs} if kind == "attributes" else {},
            str(values[parts.text] or "") if kind in ("text", "attributes") else None,
        )
        start = values[parts.start]
        guide = (
            Guide(open_picture(Path(start)), float(values[parts.strength]))
            if start and generator.starts_from_pictures
            else None
        )
        seed, count, latent = int(values[parts.seed] or 0), int(values[parts.count]), Latent(values[parts.truncation])
        return GenerateRequest(model, seed, count, told, guide, latent, 4 if values[parts.upscale] else 1)

    def _shown(self, result: EditResult, before: Drawn | None) -> Updates:
        parts, request = self.parts, cast(GenerateRequest, result.request)
        self.forget(before)
        token, paths, captions = self.vault.folder(), [], []
        for number, picture in enumerate(result.images):
            seed = request.seed + number
            path = self.vault.path(token, f"{safe_name(request.model)}-{seed}.png")
            save_picture(picture, path, recipe=make_recipe(result.alone(number)))
            paths.append(str(path))
            captions.append(str(seed))
        drawn = Drawn(tuple(paths), request)
        return {
            parts.status: status.done_line(result),
            parts.empty: gr.update(visible=False),
            parts.gallery: gr.update(
                value=list(zip(paths, captions, strict=True)), visible=True, selected_index=None, preview=False
            ),
            parts.row: gr.update(visible=True),
            parts.download: paths[0],
            parts.drawn: drawn,
            parts.chosen: 0,
        }

    def forget(self, drawn: Drawn | None) -> None:
        """Remove the files of a gallery that is gone."""
        if drawn:
            self.vault.drop(Path(drawn.paths[0]).parent.name)

    @toasts
    def choose(self, drawn: Drawn | None, event: gr.SelectData) -> Updates:
        """Make a picture of the gallery the one that is handed out."""
        paths = drawn.paths if drawn else ()
        index = clicked(event, paths)
        path = Path(paths[index])
        if not self.vault.path(path.parent.name, path.name).is_file():
            raise UserError(both("ge.error.expired"))
        return {self.parts.download: str(path), self.parts.chosen: index}
