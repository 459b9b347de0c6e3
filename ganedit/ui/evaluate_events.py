"""What the Evaluate tab's events do: find the two sets of pictures, measure, and show what came out."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.ui import measuring, status
from ganedit.ui.desk import Updates, Values
from ganedit.ui.evaluate_view import progress_html, report_html, sheet_caption
from ganedit.ui.i18n import both
from ganedit.ui.measuring import Measured, Measurement
from ganedit.ui.owners import Owners
from ganedit.ui.toast import toasts
from ganedit.ui.uploads import put_together, typed_path
from ganedit.ui.watch import EVALUATIONS, watched

SHAPES, UPLOAD, PATH, MODEL = "shapes", "upload", "path", "model"

_HOMES_OF_SNAPSHOTS = ("file:", "weights/")
"""Generators that others published come from elsewhere and cannot be measured here."""


@dataclass(frozen=True)
class SetParts:
    """Where one of the two sets comes from.

    Attributes:
        source: which of the ways below.
        files: uploaded pictures, or one zip.
        path: typed path.
        model: id of a trained model; None for the real pictures.
    """

    source: gr.Radio
    files: gr.File
    path: gr.Textbox
    model: gr.Dropdown | None = None

    @property
    def all(self) -> list[Any]:
        """Every component."""
        return [part for part in (self.source, self.files, self.path, self.model) if part is not None]


@dataclass(frozen=True)
class Parts:
    """The components of the tab.

    Attributes:
        real, fake: the two sets.
        tier, backbone: how to measure; None where the server decides.
        run, stop: begin and end.
        status, report, sheet, download, command: what came out.
    """

    real: SetParts
    fake: SetParts
    tier: gr.Radio | None
    backbone: gr.Dropdown
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    report: gr.HTML
    sheet: gr.Image
    download: gr.DownloadButton
    command: gr.Code


class EvaluateTab:
    """The tab's events."""

    def __init__(self, engine: Engine, owners: Owners | None, parts: Parts, limit_seconds: float | None) -> None:
        """Take who knows the trained models and their data, the components, and the longest that it may take."""
        self._engine, self._owners, self.parts, self._limit_seconds = engine, owners, parts, limit_seconds

    @property
    def read(self) -> set[Any]:
        """What a measurement reads."""
        parts = self.parts
        return {*parts.real.all, *parts.fake.all, parts.backbone, *([parts.tier] if parts.tier else [])}

    @property
    def written(self) -> list[Any]:
        """What a measurement writes."""
        parts = self.parts
        return [parts.status, parts.report, parts.sheet, parts.download, parts.command]

    @toasts
    def measure(self, values: Values) -> Iterator[Updates]:
        """Measure with progress; closing the iterator ends it."""
        parts = self.parts
        yield {parts.status: progress_html({"stage": "start", "done": 0, "total": None}), **self._nothing_shown()}
        with closing(watched(self._steps(values), self._limit_seconds, EVALUATIONS)) as steps:
            for step in steps:
                if step is not None:
                    yield step

    def _steps(self, values: Values) -> Iterator[Updates]:
        """Measure; what is shown lies on disk until the next step."""
        with tempfile.TemporaryDirectory(prefix="ganedit-evaluate-") as folder:
            wish = self._measurement(values, Path(folder))
            with closing(measuring.run(wish, Path(folder))) as steps:
                for step in steps:
                    done = isinstance(step, Measured)
                    yield self._shown(wish, step) if done else {self.parts.status: progress_html(step)}

    def _measurement(self, values: Values, folder: Path) -> Measurement:
        parts = self.parts
        real = self._chosen(parts.real, values, folder / "real", "ge.evaluate.need_real")
        fake = self._chosen(parts.fake, values, folder / "fake", "ge.evaluate.need_fake")
        tier = str(values[parts.tier]) if parts.tier else "quick"
        return Measurement(real, fake, tier, str(values[parts.backbone]))

    def _chosen(self, chosen: SetParts, values: Values, folder: Path, missing: str) -> str:
        """Give what the command line is told of a set; uploads are put together in a folder."""
        source, files = values[chosen.source], values[chosen.files]
        path = str(values[chosen.path] or "").strip()
        if source == SHAPES:
            return SHAPES
        if source == PATH and path:
            return SHAPES if path == SHAPES else typed_path(path)
        if source == MODEL and chosen.model is not None and values[chosen.model]:
            return str(self._engine.registry.info(str(values[chosen.model]))["path"])
        if source == UPLOAD and files:
            return put_together([Path(file) for file in files], folder)
        raise UserError(both(missing))

    def _shown(self, wish: Measurement, measured: Measured) -> Updates:
        parts = self.parts
        return {
            parts.status: "",
            parts.report: report_html(measured.report) + (sheet_caption() if measured.sheet else ""),
            parts.sheet: gr.update(value=measured.sheet and str(measured.sheet), visible=measured.sheet is not None),
            parts.download: gr.update(value=str(measured.report_file), visible=True),
            parts.command: gr.update(value=wish.shown_command(), visible=True),
        }

    def _nothing_shown(self) -> Updates:
        """Take away the last result, which would pass for the next one."""
        parts = self.parts
        hidden = {part: gr.update(value=None, visible=False) for part in (parts.sheet, parts.download, parts.command)}
        return {parts.report: "", **hidden}

    def begin(self) -> Updates:
        """Offer to stop instead of to begin."""
        return {self.parts.run: gr.update(interactive=False), self.parts.stop: gr.update(visible=True)}

    def idle(self) -> Updates:
        """Put the buttons back, however it ended."""
        return {self.parts.run: gr.update(interactive=True), self.parts.stop: gr.update(visible=False)}

    def failed(self) -> Updates:
        """Put everything back after an error, which was shown."""
        return {**self.idle(), self.parts.status: ""}

    def stopped(self) -> Updates:
        """Say that it was stopped."""
        return {**self.idle(), self.parts.status: status.message_line("ge.evaluate.stopped")}

    def refresh(self, model: str | None, key: object) -> Updates:
        """List the trained models again, those that were trained here first, of strangers' the visitor's own."""
        cards = self._engine.registry.cards("generate")
        ids = [card.id for home in _HOMES_OF_SNAPSHOTS for card in cards if card.sources[0].locator.startswith(home)]
        own = [run for run in self._owners.of(key).all() if run.owner] if self._owners else []
        private = {run.model: run.name for run in own if self._engine.registry.has(run.model, "generate")}
        choices = [*((name, each) for each, name in private.items()), *((each, each) for each in ids)]
        known = [each for _, each in choices]
        chosen = model if model in known else next(iter(known), None)
        assert self.parts.fake.model is not None
        return {self.parts.fake.model: gr.update(choices=choices, value=chosen)}

    def show_source(self, source: str) -> tuple[Any, ...]:
        """Show where pictures, a path or a model can be given."""
        return tuple(gr.update(visible=source == way) for way in (UPLOAD, PATH, MODEL))

    def show_real(self, source: str) -> tuple[Any, ...]:
        """Show where real pictures or a path can be given."""
        return self.show_source(source)[:2]

    def take_its_data(self, model: str | None, key: object) -> Any:
        """Compare a model that was trained here with the data it was trained on."""
        run = self._owners.of(key).get(model or "") if self._owners else None
        if run is None:
            return gr.skip()
        real = self.parts.real
        if run.wish.data == SHAPES:
            return {real.source: SHAPES}
        return {real.source: PATH, real.path: run.wish.data}
