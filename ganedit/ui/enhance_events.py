"""What happens on the Enhance tab. Every method is an event function: values in, updates by component out."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import gradio as gr
from gradio.blocks import Block

from ganedit.engine import Engine
from ganedit.errors import BadRequestError, UserError
from ganedit.models.card import ModelCard
from ganedit.requests import EditResult, EnhanceRequest
from ganedit.ui import stage, status
from ganedit.ui.choices import FAST_MODEL, NO_MODEL, PICK, Choices, blank_picture, scales_for
from ganedit.ui.enhance_layout import EXAMPLES, TONES, Controls, Intake, View, scale_choices
from ganedit.ui.i18n import both, label
from ganedit.ui.limits import check_duration
from ganedit.ui.session import Outcome, Photo, Previews, Recent, Vault
from ganedit.ui.toast import toasts

Values = dict[Block, Any]
Updates = dict[Block, Any]

HISTORY_LENGTH = 12
_SECONDS_BETWEEN_UPDATES = 0.4


@dataclass(frozen=True)
class Memory:
    """What the server remembers of one open page.

    Attributes:
        photo: the ``Photo`` that is in, or None.
        outcome: the ``Outcome`` that is shown, or None.
        history: ``Outcome``s of this session, newest first.
        stopped: the run that is going on, or the last one, was stopped by the visitor.
    """

    photo: gr.State
    outcome: gr.State
    history: gr.State
    stopped: gr.State


class EnhanceEvents:
    """The event functions of the tab, and the folders and memories behind them."""

    def __init__(self, engine: Engine, limit_seconds: float | None) -> None:
        """Take the engine that runs the edits, and the longest edit allowed; None does not limit."""
        self._engine = engine
        self._limit_seconds = limit_seconds
        self._vault = Vault()
        self._recent = Recent()
        self._previews = Previews()

    def place(self, memory: Memory, intake: Intake, controls: Controls, view: View) -> None:
        """Tell which components the page has; called once, while it is built."""
        self.memory, self.intake, self.controls, self.view = memory, intake, controls, view

    # ------------------------------------------------------------------ model

    def model_choices(self) -> list[tuple[Any, str]]:
        """List the models as (shown, id): installed ones first, the others marked with an arrow."""
        rows = sorted(self._engine.registry.rows("enhance"), key=lambda row: not row["installed"])
        shown = [(row["id"] if row["installed"] else f"{row['id']} ⤓", row["id"]) for row in rows]
        return [*shown, (label("ge.model.none"), NO_MODEL)]

    def refresh_models(self, chosen: str) -> Any:
        """List the models again: the Models tab may have fetched or removed some."""
        choices = self.model_choices()
        known = any(value == chosen for _, value in choices)
        return gr.update(choices=choices, value=chosen if known else FAST_MODEL)

    def show_model(self, model: str, photo: Photo | None, scale: str) -> Updates:
        """Fit hint, denoise and scales to the model."""
        card = self._card(model)
        scales = scales_for(card)
        if scale not in scales:
            scale = scales[0] if card and card.scale == 1 else Choices().scale
        return {
            self.controls.hint: self._hint(model, photo),
            self.controls.parts["denoise"]: gr.update(visible=bool(card and card.twin)),
            self.controls.parts["scale"]: gr.update(choices=scale_choices(scales), value=scale),
            self.controls.size: gr.update(visible=scale == "size"),
        }

    def estimate(self, values: Values) -> Iterator[str]:
        """Say how large the result will be, then how long it will take; a refusal is said here too, in time."""
        photo, choices = values[self.memory.photo], self._choices(values)
        if photo is None:
            yield ""
            return
        try:
            size = choices.result_size(photo.width, photo.height)
            # At once, because the seconds may have to wait for the model, and the ones shown are another model's.
            yield status.estimate_line(size, None)
            request = choices.request(blank_picture(photo.width, photo.height), self._card(choices.model))
            seconds = self._engine.estimate(request)
        except UserError as error:
            yield status.warning_line(str(error))
            return
        yield status.estimate_line(size, seconds if choices.model != NO_MODEL else None)

    def _card(self, model: str) -> ModelCard | None:
        return None if model == NO_MODEL else self._engine.registry.get(model)

    def _hint(self, model: str, photo: Photo | None) -> str:
        installed = model == NO_MODEL or self._engine.registry.is_installed(model)
        return status.hint_line(photo and photo.damaged, self._card(model), installed=installed)

    def _choices(self, values: Values) -> Choices:
        return Choices(**{name: values[part] for name, part in self.controls.parts.items()})

    # ------------------------------------------------------------- picture in

    @property
    def intake_outputs(self) -> list[Any]:
        """What a new picture changes."""
        return [
            *(self.memory.photo, self.memory.outcome),
            *(self.intake.drop, self.intake.card, self.intake.change, self.controls.hint, self.view.status),
            *(self.controls.parts["width"], self.controls.parts["height"], self.controls.parts["spot"]),
            *self.stage_parts,
        ]

    @toasts
    def take(self, path: str, values: Values) -> Updates:
        """Take a picture in; the one before is forgotten only when the new one is good."""
        photo = stage.take_in(Path(path), self._vault, self._previews)
        old: Photo | None = values[self.memory.photo]
        if old is not None:
            self.forget_photo(old)
        choices = replace(self._choices(values), spot="")
        small = self._engine.preview(stage.preview_of(photo, self._vault, self._previews), choices.adjustments)
        updates = self._shown("preview", compare=False)
        updates[self.view.preview] = gr.update(value=stage.show_preview(photo, small, self._previews), visible=True)
        return {
            **updates,
            self.memory.photo: photo,
            self.memory.outcome: None,
            self.intake.drop: gr.update(visible=False),
            self.intake.card: gr.update(value=status.photo_card(photo), visible=True),
            self.intake.change: gr.update(visible=True),
            self.controls.hint: self._hint(choices.model, photo),
            self.controls.parts["width"]: photo.width * 4,
            self.controls.parts["height"]: photo.height * 4,
            self.controls.parts["spot"]: "",
            self.view.status: status.message_line("ge.result.ready"),
        }

    def take_upload(self, values: Values) -> Updates:
        """Take what was dropped or chosen."""
        return self.take(values[self.intake.drop] or values[self.intake.change], values)

    @toasts
    def take_example(self, values: Values, event: gr.EventData) -> Updates:
        """Take one of the example pictures; the name comes from the browser and is only looked up."""
        return self.take(str(EXAMPLES[event._data["example"]]), values)

    def forget_photo(self, photo: Photo | None) -> None:
        """Remove a photo's files."""
        if photo is not None:
            self._vault.drop(photo.token)
            self._previews.drop(photo.token)

    def forget_history(self, history: list[Outcome]) -> None:
        """Remove the files of a session's results."""
        for outcome in history:
            self._forget_outcome(outcome)

    def _forget_outcome(self, outcome: Outcome) -> None:
        self._vault.drop(outcome.token)
        self._recent.drop(outcome.token)

    # ------------------------------------------------------------ light, color

    @toasts
    def preview(self, values: Values) -> Updates:
        """Show light and color on the small copy, while a slider moves."""
        photo = values[self.memory.photo]
        if photo is None:
            return {self.view.preview: gr.skip()}
        small = stage.preview_of(photo, self._vault, self._previews)
        shown = self._engine.preview(small, self._choices(values).adjustments)
        updates = self._shown("preview", compare=True) if values[self.view.stage] != "preview" else {}
        updates[self.view.preview] = gr.update(value=stage.show_preview(photo, shown, self._previews), visible=True)
        return updates

    @toasts
    def pick_spot(self, photo: Photo | None, balance: str, spot: str, event: gr.SelectData) -> str:
        """Take the color of the clicked spot, as it is in the picture before any adjustment."""
        if photo is None or balance != PICK:
            return spot
        x, y = event.index
        return stage.spot_color(stage.preview_of(photo, self._vault, self._previews), int(x), int(y))

    def reset_tones(self) -> list[Any]:
        """Put light and color back."""
        start = Choices()
        return [*(getattr(start, name) for name in TONES), start.balance, start.spot]

    # --------------------------------------------------------------------- run

    @property
    def run_outputs(self) -> list[Any]:
        """What a run changes."""
        return [
            *(self.memory.outcome, self.memory.history),
            *(self.view.status, self.view.slider, self.view.download, self.view.gallery),
            *(self.view.heat, self.view.heat_map, self.controls.run, self.controls.stop),
            *self.stage_parts,
        ]

    @toasts
    def wait(self, photo: Photo | None) -> Updates:
        """Answer the button at once; the run itself may have to wait for another visitor's."""
        if photo is None:
            raise UserError(both("ge.error.no_picture"))
        return {
            self.view.status: status.stage_line("wait"),
            self.memory.stopped: False,
            self.controls.run: gr.update(interactive=False),
            self.controls.stop: gr.update(visible=True, interactive=True),
        }

    @toasts
    def run(self, values: Values) -> Iterator[Updates]:
        """Run the edit: progress at most 2.5 times a second, then the result. Closing it stops the edit."""
        photo: Photo = values[self.memory.photo]
        choices = self._choices(values)
        yield {self.view.status: status.stage_line("load")}
        image = stage.original_of(photo, self._vault)
        request = choices.request(image, self._card(choices.model))
        result = yield from self._progress(request)
        yield {self.view.status: status.stage_line("save")}
        outcome = stage.outcome_of(result, photo, choices.save_options, choices.embed, self._vault)
        self._recent.keep(outcome.token, result)
        yield self._finished(outcome, values[self.memory.history])

    def _progress(self, request: EnhanceRequest) -> Generator[Updates, None, EditResult]:
        started, shown_at = time.monotonic(), 0.0
        with closing(cast(Generator[Any, None, None], self._engine.stream(request))) as steps:
            for step in steps:
                if isinstance(step, EditResult):
                    return step
                check_duration(time.monotonic() - started + (step.seconds_left or 0.0), self._limit_seconds)
                if time.monotonic() - shown_at >= _SECONDS_BETWEEN_UPDATES:
                    shown_at = time.monotonic()
                    yield {self.view.status: status.progress_line(step)}
        raise AssertionError("a stream ends with a result")

    def _finished(self, outcome: Outcome, history: list[Outcome]) -> Updates:
        for old in history[HISTORY_LENGTH - 1 :]:
            self._forget_outcome(old)
        history = [outcome, *history[: HISTORY_LENGTH - 1]]
        return {
            self.memory.history: history,
            self.view.gallery: gr.update(value=[str(o.thumb) for o in history], visible=len(history) > 1),
            **self._show(outcome),
        }

    def idle(self) -> Updates:
        """Put the buttons back after a run, however it ended."""
        return {self.controls.run: gr.update(interactive=True), self.controls.stop: gr.update(visible=False)}

    def stop(self) -> Updates:
        """Say that the edit is being stopped. What stops it is the cancelling of its event; one tile is still to end.

        The button for the next run stays closed until then: gradio drops a click while the cancelled event is open.
        """
        return {
            self.view.status: status.stage_line("stop"),
            self.memory.stopped: True,
            self.controls.stop: gr.update(interactive=False),
        }

    def broken_off(self, stopped: bool, outcome: Outcome | None) -> str:
        """Say that the edit was stopped; after an error, show the status of what is on the stage again."""
        if stopped:
            return status.message_line("ge.run.stopped")
        return outcome.status if outcome else status.message_line("ge.result.ready")

    # ------------------------------------------------------------------ result

    @property
    def stage_parts(self) -> list[Any]:
        """What switches between preview and comparison."""
        view = self.view
        return [view.stage, view.empty, view.preview, view.slider, view.result, view.heat]

    def _shown(self, which: str, *, compare: bool) -> Updates:
        """Show the preview or the comparison; ``compare``: there is a result to go back to."""
        comparing = which == "compare"
        return {
            self.view.stage: gr.update(value=which, visible=compare),
            self.view.empty: gr.update(visible=False),
            self.view.preview: gr.update(visible=not comparing),
            self.view.slider: gr.update(visible=comparing),
            self.view.result: gr.update(visible=compare),
            self.view.heat: gr.update(visible=compare),
        }

    def switch_stage(self, which: str) -> Updates:
        """Switch between preview and comparison."""
        return self._shown(which, compare=True)

    def _show(self, outcome: Outcome) -> Updates:
        shown = self._shown("compare", compare=True)
        shown[self.view.slider] = gr.update(value=(str(outcome.before), str(outcome.after)), visible=True)
        shown[self.view.heat] = gr.update(visible=True, open=False)
        return {
            **shown,
            self.memory.outcome: outcome,
            self.view.status: outcome.status,
            self.view.download: str(outcome.download),
            self.view.heat_map: None,
        }

    @toasts
    def reopen(self, history: list[Outcome], event: gr.SelectData) -> Updates:
        """Show an earlier result again."""
        outcome = history[cast(int, event.index)]
        self._vault.path(outcome.token, outcome.after.name)  # counts as used; refuses what is gone
        return self._show(outcome)

    @toasts
    def rewrite(self, values: Values) -> Iterator[Updates]:
        """Write the shown result again, in the format chosen after the run; meanwhile the old file cannot be had."""
        outcome: Outcome | None = values[self.memory.outcome]
        if outcome is None:
            return
        yield {self.view.download: gr.update(interactive=False)}
        choices = self._choices(values)
        try:
            result = self._recent.get(outcome.token)
            path = stage.write_download(
                result, outcome.token, outcome.download.stem, choices.save_options, choices.embed, self._vault
            )
        except UserError:
            yield {self.view.download: gr.update(interactive=True)}
            raise
        outcome = replace(outcome, download=path)
        yield {
            self.memory.outcome: outcome,
            self.memory.history: [outcome if o.token == outcome.token else o for o in values[self.memory.history]],
            self.view.download: gr.update(value=str(path), interactive=True),
        }

    def show_quality(self, chosen: str) -> tuple[Any, Any]:
        """Show what the format has: a quality, or 16 bits."""
        return gr.update(visible=chosen != "png"), gr.update(visible=chosen == "png")

    @toasts
    def invented(self, outcome: Outcome | None) -> Any:
        """Compute the map of what the model invented, when it is looked at."""
        if outcome is None:
            raise BadRequestError("Run an edit first, then look at what the model invented.")
        return self._engine.invented(self._recent.get(outcome.token)).to_pil()
