"""The course of an edit, the same on every editing tab: a picture comes in, is edited, shown and handed out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import gradio as gr
from gradio.blocks import Block

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.image import Picture
from ganedit.requests import EditResult, Request
from ganedit.ui import stage, status
from ganedit.ui.clicks import clicked, named
from ganedit.ui.desk import Desk, Memory, Updates, Values
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.i18n import both
from ganedit.ui.result_view import COMPARE, EDIT
from ganedit.ui.session import LIFETIME_SECONDS, Outcome, Photo, Previews, Recent, Vault
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import toasts
from ganedit.ui.watch import edit, shown

HISTORY_LENGTH = 12


class EditTab(ABC):
    """The event functions of an editing tab: values in, updates by component out.

    A tab supplies ``name``, ``request`` and ``stem``, and where it needs to ``before``, ``picture_in`` and
    ``result_in``. ``edit_wiring.wire`` says which event leads to which function.

    Attributes:
        desk: the components of the tab, set once while it is built.
        name: id of the tab; its name on the page is the sentence ``ge.tab.NAME``.
        put_away: how the tab's own parts of the stage are put away while results are compared: False takes them out of
            the page, ``"hidden"`` keeps them and what is drawn on them.
    """

    desk: Desk
    name: ClassVar[str]
    put_away: ClassVar[Literal[False, "hidden"]] = False

    def __init__(self, engine: Engine, settings: UiSettings) -> None:
        """Make the folders and memories behind the tab.

        Args:
            engine: runs the edits.
            settings: in public mode, how long an edit may take is limited.
        """
        self.engine = engine
        self.vault, self.recent, self.previews = Vault(), Recent(), Previews()
        self.limit_seconds = settings.limit_seconds

    def build_memory(self) -> Memory:
        """Make the states of an open page; what they hold is removed with them."""
        return Memory(
            photo=gr.State(None, time_to_live=LIFETIME_SECONDS, delete_callback=self.forget_photo),
            outcome=gr.State(None, time_to_live=LIFETIME_SECONDS),
            history=gr.State([], time_to_live=LIFETIME_SECONDS, delete_callback=self.forget_history),
            stopped=gr.State(False),
        )

    @property
    def read(self) -> list[Any]:
        """What the events of the tab read: the photo and every control."""
        return _each_once(self.desk.memory.photo, *self.desk.controls, *self.desk.file.values())

    # -------------------------------------------------------- what a tab supplies

    @abstractmethod
    def request(self, image: Picture, values: Values) -> Request:
        """Give what is to be done with the full-size picture; ``values`` are those of ``read``.

        Raises:
            UserError: the controls do not say enough; the sentence is shown.
        """

    @abstractmethod
    def stem(self, photo: Photo, result: EditResult) -> str:
        """Name the file to download, without ending, after what was done."""

    def before(self, result: EditResult) -> Picture:
        """Give the picture that a result is compared with, of the same shape."""
        return result.edited

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        """Fill the tab's own stage and controls (``desk.stage``, ``desk.answers``) for a new picture."""
        return {}

    def result_in(self, outcome: Outcome) -> Updates:
        """Fill the tab's own parts (``desk.extras``, ``desk.answers``) for a result that is shown."""
        return {}

    # ------------------------------------------------------------- picture in

    @property
    def intake_outputs(self) -> list[Any]:
        """What a new picture changes."""
        memory, intake = self.desk.memory, self.desk.intake
        own = [memory.photo, memory.outcome, intake.drop, intake.card, intake.change, self.desk.view.status]
        return _each_once(*own, *self.stage_parts, *self.desk.answers)

    @toasts
    def take(self, path: str, values: Values) -> Updates:
        """Take a picture file in; the one before is forgotten only when the new one is good."""
        if not path:
            raise UserError(both("ge.error.no_picture"))
        return self._taken(stage.take_in(Path(path), self.vault, self.previews), values)

    @toasts
    def take_picture(self, picture: Picture, name: str, values: Values) -> Updates:
        """Take a picture in that is in memory, such as a result to go on with; ``name`` is that of its file."""
        return self._taken(stage.take_picture(picture, name, self.vault, self.previews), values)

    def take_upload(self, values: Values) -> Updates:
        """Take what was dropped or chosen."""
        return self.take(values[self.desk.intake.drop] or values[self.desk.intake.change] or "", values)

    @toasts
    def take_example(self, values: Values, event: gr.EventData) -> Updates:
        """Take one of the example pictures; the name comes from the browser and is only looked up."""
        files = self.desk.intake.files
        return self.take(str(files[named(event, "example", files)]), values)

    def _taken(self, photo: Photo, values: Values) -> Updates:
        memory, intake = self.desk.memory, self.desk.intake
        own = self.picture_in(photo, values)
        self.forget_photo(values[memory.photo])
        return {
            **self.shown(EDIT, compare=False),
            memory.photo: photo,
            memory.outcome: None,
            intake.drop: gr.update(visible=False),
            intake.card: gr.update(value=status.photo_card(photo), visible=True),
            intake.change: gr.update(visible=True),
            self.desk.view.status: status.message_line("ge.result.ready"),
            **own,
        }

    def forget_photo(self, photo: Photo | None) -> None:
        """Remove a photo's files."""
        if photo is not None:
            self.vault.drop(photo.token)
            self.previews.drop(photo.token)

    def forget_history(self, history: list[Outcome]) -> None:
        """Remove the files of a session's results."""
        for outcome in history:
            self.vault.drop(outcome.token)
            self.recent.drop(outcome.token)

    # --------------------------------------------------------------------- run

    @property
    def run_outputs(self) -> list[Any]:
        """What a run changes."""
        memory, view, actions = self.desk.memory, self.desk.view, self.desk.actions
        own = [memory.outcome, memory.history, view.status, view.download, view.gallery, *self.runs, actions.stop]
        return _each_once(*own, *self.stage_parts, *self.desk.answers)

    @property
    def runs(self) -> dict[gr.Button, Callable[[Values], Iterator[Updates]]]:
        """The buttons that start an edit, and what each starts."""
        return {self.desk.actions.run: self.run}

    @toasts
    def wait(self, photo: Photo | None) -> Updates:
        """Answer the button at once; the run itself may have to wait for another visitor's."""
        if photo is None:
            raise UserError(both("ge.error.no_picture"))
        return {
            self.desk.view.status: status.stage_line("wait"),
            self.desk.memory.stopped: False,
            **{button: gr.update(interactive=False) for button in self.runs},
            self.desk.actions.stop: gr.update(visible=True, interactive=True),
        }

    @toasts
    def run(self, values: Values) -> Iterator[Updates]:
        """Run what the tab's ``request`` says."""
        yield from self.edit(self.request, values)

    def edit(self, ask: Callable[[Picture, Values], Request], values: Values) -> Iterator[Updates]:
        """Run an edit: progress at most 2.5 times a second, then the result. Closing it stops the edit."""
        photo: Photo = values[self.desk.memory.photo]
        yield {self.desk.view.status: status.stage_line("load")}
        request = ask(stage.original_of(photo, self.vault), values)
        result = yield from self.progress(request)
        yield {self.desk.view.status: status.stage_line("save")}
        yield self.finished(result, values)

    def progress(self, request: Request) -> Generator[Updates, None, EditResult]:
        """Run a request and show its progress; gives the result."""
        return shown(edit(self.engine, request, self.limit_seconds), self.desk.view.status)

    def finished(self, result: EditResult, values: Values) -> Updates:
        """Write a result, put it into the history and show it."""
        photo, history = values[self.desk.memory.photo], values[self.desk.memory.history]
        file, stem = self._file_choices(values), self.stem(photo, result)
        outcome = stage.outcome_of(result, self.before(result), stem, file, self.vault)
        self.recent.keep(outcome.token, result)
        self.forget_history(history[HISTORY_LENGTH - 1 :])
        history = [outcome, *history[: HISTORY_LENGTH - 1]]
        return {
            self.desk.memory.history: history,
            self.desk.view.gallery: gr.update(value=[str(o.thumb) for o in history], visible=len(history) > 1),
            **self._show(outcome),
        }

    def idle(self) -> Updates:
        """Put the buttons back after a run, however it ended."""
        ready = {button: gr.update(interactive=True) for button in self.runs}
        return {**ready, self.desk.actions.stop: gr.update(visible=False)}

    def stop(self) -> Updates:
        """Say that the edit is being stopped. What stops it is the cancelling of its event; one tile is still to end.

        The button for the next run stays closed until then: gradio drops a click while the cancelled event is open.
        """
        return {
            self.desk.view.status: status.stage_line("stop"),
            self.desk.memory.stopped: True,
            self.desk.actions.stop: gr.update(interactive=False),
        }

    def broken_off(self, stopped: bool, outcome: Outcome | None) -> Updates:
        """Say that the edit was stopped; after an error, show the status of what is on the stage again."""
        if stopped:
            said = status.message_line("ge.run.stopped")
        else:
            said = outcome.status if outcome else status.message_line("ge.result.ready")
        return {**self.idle(), self.desk.view.status: said}

    # ------------------------------------------------------------------ result

    @property
    def stage_parts(self) -> list[Any]:
        """What switches between the tab's own stage and the comparison."""
        view = self.desk.view
        return [view.switch, view.empty, view.slider, view.row, *self.desk.stage, *self.desk.extras]

    def shown(self, which: str, *, compare: bool) -> Updates:
        """Show the tab's own stage or the comparison; ``compare``: there is a result to go back to."""
        view, comparing = self.desk.view, which == COMPARE
        return {
            view.switch: gr.update(value=which, visible=compare),
            view.empty: gr.update(visible=False),
            view.slider: gr.update(visible=comparing),
            view.row: gr.update(visible=compare),
            **{part: gr.update(visible=self.put_away if comparing else True) for part in self.desk.stage},
            **{part: gr.update(visible=compare) for part in self.desk.extras},
        }

    def switch_stage(self, which: str) -> Updates:
        """Switch between the tab's own stage and the comparison."""
        return self.shown(which, compare=True)

    def _show(self, outcome: Outcome) -> Updates:
        view = self.desk.view
        return {
            **self.shown(COMPARE, compare=True),
            view.slider: gr.update(value=(str(outcome.before), str(outcome.after)), visible=True),
            view.status: outcome.status,
            view.download: str(outcome.download),
            self.desk.memory.outcome: outcome,
            **self.result_in(outcome),
        }

    @toasts
    def reopen(self, history: list[Outcome], event: gr.SelectData) -> Updates:
        """Show an earlier result again."""
        outcome = history[clicked(event, history)]
        self.vault.path(outcome.token, outcome.after.name)  # counts as used; refuses what is gone
        return self._show(outcome)

    @toasts
    def rewrite(self, values: Values) -> Iterator[Updates]:
        """Write the shown result again, in the format chosen after the run; meanwhile the old file cannot be had."""
        memory, download = self.desk.memory, self.desk.view.download
        outcome: Outcome | None = values[memory.outcome]
        if outcome is None:
            return
        yield {download: gr.update(interactive=False)}
        try:
            result = self.recent.get(outcome.token)
            stem, file = outcome.download.stem, self._file_choices(values)
            path = stage.write_download(result, outcome.token, stem, file, self.vault)
        except UserError:
            yield {download: gr.update(interactive=True)}
            raise
        outcome = replace(outcome, download=path)
        yield {
            memory.outcome: outcome,
            memory.history: [outcome if o.token == outcome.token else o for o in values[memory.history]],
            download: gr.update(value=str(path), interactive=True),
        }

    def _file_choices(self, values: Values) -> FileChoices:
        return FileChoices(**{name: values[part] for name, part in self.desk.file.items()})


def _each_once(*blocks: Block) -> list[Any]:
    return list(dict.fromkeys(blocks))
