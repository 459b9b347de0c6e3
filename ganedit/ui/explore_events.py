"""What the latent tools do: repaint the chosen picture, draw its neighbors, show a way, find a photo."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from ganedit.clips import save_clip, there_and_back
from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import open_picture
from ganedit.provenance import make_recipe
from ganedit.requests import GenerateRequest, InterpolateRequest, Latent, ProjectRequest
from ganedit.ui import status
from ganedit.ui.desk import Updates, Values
from ganedit.ui.generate_events import Drawn, GenerateTab
from ganedit.ui.i18n import both
from ganedit.ui.session import safe_name
from ganedit.ui.stage import marked_image
from ganedit.ui.toast import toasts
from ganedit.ui.watch import result_of, watched

DIRECTIONS = 8


@dataclass(frozen=True, eq=False)
class Base:
    """Where the tools start: what draws the chosen picture."""

    request: GenerateRequest


@dataclass(frozen=True)
class Tools:
    """The components of the tools.

    Attributes:
        panel: around them all; seen where the generator has styles and something is drawn.
        base: the ``Base`` that they start from, or None.
        kept: the visitor's names of directions by model, in the browser.
        painted, take, reset: the picture as it is now, draw it in full, and begin anew.
        photo, error: a photo to be found, and where what was found differs from it.
        moves, names: steps along the directions, and what they are called.
        mix_seed, mix_level: whose style the fine levels take, and from which on.
        distance, near: neighbors.
        way_to, frames, kind, way, clip, clip_file: the way to another picture.
    """

    panel: gr.Accordion
    base: gr.State
    kept: gr.BrowserState
    painted: gr.Image
    take: gr.Button
    reset: gr.Button
    photo: gr.UploadButton
    error: gr.Image
    moves: tuple[gr.Slider, ...]
    names: gr.Textbox
    mix_seed: gr.Number
    mix_level: gr.Slider
    distance: gr.Slider
    near: gr.Button
    way_to: gr.Number
    frames: gr.Slider
    kind: gr.Radio
    way: gr.Button
    clip: gr.Image
    clip_file: gr.DownloadButton


class Explorer:
    """The events of the tools."""

    def __init__(self, engine: Engine, tab: GenerateTab, tools: Tools) -> None:
        """Take who draws, the tab whose gallery the tools belong to, and the components."""
        self._engine, self.tab, self.tools = engine, tab, tools

    @property
    def read(self) -> set[Any]:
        """What most of the tools read."""
        tools, parts = self.tools, self.tab.parts
        latent = {tools.base, *tools.moves, tools.mix_seed, tools.mix_level, tools.distance}
        return {*latent, tools.way_to, tools.frames, tools.kind, parts.upscale, parts.count, parts.drawn}

    @property
    def begun(self) -> list[Any]:
        """What follows the chosen picture."""
        tools = self.tools
        latent = [*tools.moves, tools.names, tools.mix_seed, tools.mix_level]
        return [tools.panel, tools.base, tools.painted, tools.error, *latent, tools.clip, tools.clip_file]

    @property
    def named(self) -> set[Any]:
        """What a change of names reads."""
        return {self.tools.names, self.tools.base, self.tools.kept}

    @property
    def found(self) -> list[Any]:
        """What the search of a photo writes."""
        tools = self.tools
        return [
            self.tab.parts.status,
            tools.base,
            tools.painted,
            tools.error,
            tools.photo,
            *tools.moves,
            tools.mix_seed,
        ]

    @toasts
    def begin(self, values: Values) -> Updates:
        """Start from the chosen picture, with all sliders in the middle."""
        tools, drawn = self.tools, cast(Drawn | None, values[self.tab.parts.drawn])
        generator = drawn and self._engine.registry.load_generator(drawn.request.model)
        if not drawn or not generator or not generator.styles:
            return {tools.panel: gr.update(visible=False), tools.base: None}
        base = replace(drawn.alone(int(values[self.tab.parts.chosen])), upscale=1)
        names = (values[tools.kept] or {}).get(base.model, [])
        gone = gr.update(value=None, visible=False)
        return {
            tools.panel: gr.update(visible=True),
            tools.base: Base(base),
            tools.painted: self._paint(base),
            tools.error: gone,
            tools.clip: gone,
            tools.clip_file: gone,
            tools.names: ", ".join(names),
            tools.mix_seed: None,
            tools.mix_level: gr.update(maximum=generator.styles - 1, value=min(2, generator.styles - 1)),
            **{slider: gr.update(value=0, label=name) for slider, name in self._called(names)},
        }

    def _called(self, names: list[str]) -> Iterator[tuple[gr.Slider, str]]:
        """Give each direction the visitor's name, or its number."""
        numbers = [str(number) for number in range(1, DIRECTIONS + 1)]
        return zip(self.tools.moves, [*names, *numbers[len(names) :]], strict=True)

    def _paint(self, request: GenerateRequest) -> Any:
        return marked_image(result_of(watched(self._engine.stream(request), self.tab.limit_seconds)).images[0])

    def _base(self, values: Values) -> GenerateRequest | None:
        base = values[self.tools.base]
        return base.request if isinstance(base, Base) else None

    def _worked(self, values: Values) -> GenerateRequest:
        """Give the request of the picture as the sliders have it.

        Raises:
            UserError: no picture is chosen.
        """
        tools, base = self.tools, self._base(values)
        if base is None:
            raise UserError(both("ge.explore.none"))
        moves = tuple(float(values[slider]) for slider in tools.moves)
        before = base.latent.moves or (0.0,) * DIRECTIONS
        latent = replace(base.latent, moves=tuple(a + b for a, b in zip(before, moves, strict=True)))
        if values[tools.mix_seed] is not None:
            mixing = {"mix_seed": int(values[tools.mix_seed]), "mix_level": int(values[tools.mix_level])}
            latent = replace(latent, **mixing)
        return replace(base, latent=latent)

    @toasts
    def paint(self, values: Values) -> Any:
        """Repaint the picture at its own size."""
        return self._paint(self._worked(values))

    @toasts
    def name(self, values: Values) -> Updates:
        """Keep the visitor's names for the directions of this model."""
        tools, base = self.tools, self._base(values)
        if base is None:
            return {tools.kept: gr.skip()}
        names = [name.strip()[:40] for name in str(values[tools.names]).split(",")][:DIRECTIONS]
        names = [name or str(number) for number, name in enumerate(names, 1)]
        return {
            tools.kept: {**(values[tools.kept] or {}), base.model: names},
            **{slider: gr.update(label=name) for slider, name in self._called(names)},
        }

    def _finished(self, values: Values, request: GenerateRequest) -> GenerateRequest:
        return replace(request, upscale=4 if values[self.tab.parts.upscale] else 1)

    @toasts
    def take(self, values: Values) -> Iterator[Updates]:
        """Draw the picture as it is now in full, in place of the gallery."""
        yield from self.tab.run(self._finished(values, self._worked(values)), values[self.tab.parts.drawn])

    @toasts
    def near(self, values: Values) -> Iterator[Updates]:
        """Draw neighbors of the picture; if it is a neighbor itself, around where it lies."""
        worked = self._worked(values)
        latent = replace(worked.latent, near=worked.seed, distance=float(values[self.tools.distance]))
        if worked.latent.near is not None:
            latent = replace(latent, style=self._engine.style_of(worked), moves=(), mix_seed=None)
        request = replace(worked, latent=latent, count=int(values[self.tab.parts.count]))
        yield from self.tab.run(self._finished(values, request), values[self.tab.parts.drawn])

    @toasts
    def way(self, values: Values) -> Iterator[Updates]:
        """Draw the way to the picture of another seed."""
        tools, start = self.tools, self._worked(values)
        end = replace(start, seed=int(values[tools.way_to] or 0), latent=Latent(start.latent.truncation))
        request = InterpolateRequest(start, end, int(values[tools.frames]))
        result = yield from self.tab.progress(request)
        folder, stem = self.tab.vault.folder(), f"{safe_name(start.model)}-{start.seed}-{end.seed}"
        shown = self.tab.vault.path(folder, f"{stem}.gif")
        clip, recipe = there_and_back(result.images), make_recipe(result)
        save_clip(clip, shown, recipe)
        file = shown
        if values[tools.kind] == "MP4":
            file = self.tab.vault.path(folder, f"{stem}.mp4")
            save_clip(clip, file, recipe)
        yield {
            self.tab.parts.status: status.done_line(result),
            tools.clip: gr.update(value=str(shown), visible=True),
            tools.clip_file: gr.update(value=str(file), visible=True),
        }

    @toasts
    def find(self, values: Values) -> Iterator[Updates]:
        """Find the picture that is most like a photo; the sliders then start from it."""
        tools, model = self.tools, str(values[self.tab.parts.model])
        if not values[tools.photo]:
            raise UserError(both("ge.explore.no_photo"))
        image = open_picture(Path(values[tools.photo]))
        result = yield from self.tab.progress(ProjectRequest(image, model))
        base = self._base(values) or GenerateRequest(model)
        yield {
            self.tab.parts.status: status.done_line(result),
            tools.base: Base(replace(base, model=model, latent=Latent(style=result.style))),
            tools.painted: marked_image(result.images[0]),
            tools.error: gr.update(value=result.images[1].to_pil(), visible=True),
            tools.photo: None,
            tools.mix_seed: None,
            **dict.fromkeys(tools.moves, 0),
        }
