"""What the Generate tab's events do: fit the controls to the model, draw, and hand out the chosen picture."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import save_picture
from ganedit.provenance import make_recipe
from ganedit.requests import EditResult, GenerateRequest, Told
from ganedit.ui import status
from ganedit.ui.desk import Updates, Values
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.session import Vault, safe_name
from ganedit.ui.toast import toasts

ANY = ""
_SEEDS = 1_000_000


@dataclass(frozen=True)
class Parts:
    """The components of the tab.

    Attributes:
        model, about: which generator, and what is known of it.
        class_name, attributes, text: what it is told; only what the model understands is shown.
        seed, shuffle, count: which pictures.
        run: draws.
        status, empty, gallery: what came out.
        row, send, download: what can be done with the chosen picture.
        drawn: paths of the pictures in the gallery.
    """

    model: gr.Dropdown
    about: gr.HTML
    class_name: gr.Dropdown
    attributes: gr.Dropdown
    text: gr.Textbox
    seed: gr.Number
    shuffle: gr.Button
    count: gr.Slider
    run: gr.Button
    status: gr.HTML
    empty: gr.HTML
    gallery: gr.Gallery
    row: gr.Row
    send: gr.Row
    download: gr.DownloadButton
    drawn: gr.State


class GenerateTab:
    """The tab's events."""

    parts: Parts

    def __init__(self, engine: Engine) -> None:
        """Take who draws."""
        self._engine, self.vault = engine, Vault()

    @property
    def read(self) -> set[Any]:
        """What a drawing reads."""
        parts = self.parts
        return {parts.model, parts.class_name, parts.attributes, parts.text, parts.seed, parts.count, parts.drawn}

    @property
    def written(self) -> list[Any]:
        """What a drawing writes."""
        parts = self.parts
        return [parts.status, parts.empty, parts.gallery, parts.row, parts.download, parts.drawn]

    @property
    def fitted(self) -> list[Any]:
        """What follows the model."""
        parts = self.parts
        return [parts.about, parts.class_name, parts.attributes, parts.text]

    def refresh(self, model: str | None) -> Any:
        """List the generators that are here; training may have made one, and the Models tab fetches others."""
        registry = self._engine.registry
        ids = [card.id for card in registry.cards("generate") if registry.is_installed(card.id)]
        return gr.update(choices=ids, value=model if model in ids else next(iter(ids), None))

    def take_model(self, model: str, _: Values) -> Updates:
        """Choose a model that another tab hands over; opening this tab fits the controls to it."""
        return {self.parts.model: self.refresh(model)}

    @toasts
    def fit(self, model: str | None) -> Updates:
        """Show the controls that a model understands."""
        parts = self.parts
        if not model:
            hidden = {part: gr.update(visible=False) for part in (parts.class_name, parts.attributes, parts.text)}
            return {parts.about: status.hint_block([both("ge.generate.no_model")]), **hidden}
        generator, card = self._engine.registry.load_generator(model), self._engine.registry.get(model)
        facts = (f"{generator.resolution} × {generator.resolution} px", card.trained_on, card.license)
        pairs = [f"{name}: {value}" for name, values in generator.attributes.items() for value in values]
        kind = generator.condition
        return {
            parts.about: status.hint_block([Html.escaped(" · ".join(fact for fact in facts if fact))]),
            parts.class_name: gr.update(
                choices=[(label("ge.generate.any"), ANY), *((name, name) for name in generator.class_names)],
                value=ANY,
                visible=kind == "class",
            ),
            parts.attributes: gr.update(choices=pairs, value=[], visible=kind == "attributes"),
            parts.text: gr.update(visible=kind in ("text", "attributes")),
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
        with closing(cast(Any, self._engine.stream(self._request(values)))) as steps:
            for step in steps:
                if isinstance(step, EditResult):
                    yield self._shown(step, values[parts.drawn])
                else:
                    yield {parts.status: status.progress_line(step)}

    def _request(self, values: Values) -> GenerateRequest:
        parts = self.parts
        model = str(values[parts.model])
        kind = self._engine.registry.load_generator(model).condition
        pairs = (str(pair).partition(": ") for pair in values[parts.attributes] or ())
        told = Told(
            str(values[parts.class_name]) or None if kind == "class" and values[parts.class_name] else None,
            {name: value for name, _, value in pairs} if kind == "attributes" else {},
            str(values[parts.text] or "") if kind in ("text", "attributes") else None,
        )
        return GenerateRequest(model, int(values[parts.seed] or 0), int(values[parts.count]), told)

    def _shown(self, result: EditResult, before: tuple[str, ...]) -> Updates:
        parts, request = self.parts, cast(GenerateRequest, result.request)
        if before:
            self.vault.drop(Path(before[0]).parent.name)
        token, paths, captions = self.vault.folder(), [], []
        for number, picture in enumerate(result.images):
            seed = request.seed + number
            path = self.vault.path(token, f"{safe_name(request.model)}-{seed}.png")
            alone = replace(result, images=(picture,), request=replace(request, seed=seed, count=1))
            save_picture(picture, path, recipe=make_recipe(alone))
            paths.append(str(path))
            captions.append(str(seed))
        return {
            parts.status: status.done_line(result),
            parts.empty: gr.update(visible=False),
            parts.gallery: gr.update(
                value=list(zip(paths, captions, strict=True)), visible=True, selected_index=None, preview=False
            ),
            parts.row: gr.update(visible=True),
            parts.download: paths[0],
            parts.drawn: tuple(paths),
        }

    def forget(self, drawn: tuple[str, ...]) -> None:
        """Remove the files of a page that was closed."""
        if drawn:
            self.vault.drop(Path(drawn[0]).parent.name)

    @toasts
    def choose(self, drawn: tuple[str, ...], event: gr.SelectData) -> str:
        """Make a picture of the gallery the one that is handed out."""
        path = Path(drawn[cast(int, event.index)])
        if not self.vault.path(path.parent.name, path.name).is_file():
            raise UserError(both("ge.error.expired"))
        return str(path)
