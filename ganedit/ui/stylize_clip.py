"""Clips on the Stylize tab: a GIF or a video in, painted as the controls say, the same kind out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from ganedit.clips import READABLE, VIDEOS, read_clip, save_clip
from ganedit.errors import UserError
from ganedit.image import Picture, thumbnail
from ganedit.provenance import make_recipe
from ganedit.requests import MAX_FRAMES, ClipRequest
from ganedit.ui import status
from ganedit.ui.desk import Updates, Values
from ganedit.ui.edit_wiring import LIGHT, QUIET
from ganedit.ui.i18n import both, label
from ganedit.ui.session import safe_name
from ganedit.ui.stylize_events import TAB, StylizeTab
from ganedit.ui.toast import toasts

_SHOWN_PX = 480


class ClipPart:
    """The controls and event functions of clips."""

    def __init__(self, tab: StylizeTab) -> None:
        """Build the controls inside the open column; what is painted and how comes from the tab."""
        self._tab = tab
        with gr.Accordion(label("ge.clip.title"), open=False, elem_id=f"ge-{TAB}-clips"):  # pyright: ignore[reportArgumentType]
            self.source = gr.File(
                label=label("ge.clip.source"),
                file_types=list(READABLE),
                height=100,
                elem_id=f"ge-{TAB}-clip-source",
                elem_classes="ge-drop",
            )
            with gr.Row():
                self.start = gr.Button(label("ge.clip.button"), size="md", elem_id=f"ge-{TAB}-clip-run")
                self.stop = gr.Button(
                    label("ge.run.stop"), size="md", variant="stop", visible=False, elem_id=f"ge-{TAB}-clip-stop"
                )
            self.shown = gr.Image(
                label=label("ge.clip.shown"),
                type="filepath",
                format="gif",
                interactive=False,
                buttons=[],
                visible=False,
                elem_id=f"ge-{TAB}-clip",
            )
            self.file = gr.DownloadButton(
                label("ge.explore.download"),  # pyright: ignore[reportArgumentType]
                size="md",
                visible=False,
                elem_id=f"ge-{TAB}-clip-download",
            )

    def wire(self) -> None:
        """Connect the controls; called once the tab has all of its own."""
        tab, buttons = self._tab, [self.start, self.stop]
        begun = self.start.click(
            lambda: [gr.update(interactive=False), gr.update(visible=True)], None, buttons, **LIGHT
        )
        running = begun.then(
            self.paint,
            {*tab.read, self.source},
            [tab.desk.view.status, self.shown, self.file],
            concurrency_limit=1,
            concurrency_id="gpu",
            **QUIET,
        )
        # Gradio follows an error with "failure" alone, and a cancelled event with both.
        running.then(self.idle, None, buttons, **LIGHT)
        running.failure(self.broken_off, None, [tab.desk.view.status, *buttons], **LIGHT)
        said = status.stage_line("stop")
        self.stop.click(lambda: said, None, tab.desk.view.status, cancels=[running], **LIGHT)

    def idle(self) -> list[Any]:
        """Put the buttons back, however painting ended."""
        return [gr.update(interactive=True), gr.update(visible=False)]

    def broken_off(self) -> list[Any]:
        """Say that nothing was written; why, a toast says unless it was the visitor's wish."""
        return [status.message_line("ge.run.stopped"), *self.idle()]

    @toasts
    def paint(self, values: Values) -> Iterator[Updates]:
        """Paint the clip and hand it out: as a GIF, and as a video if it came as one."""
        if not values[self.source]:
            raise UserError(both("ge.clip.missing"))
        source, tab = Path(values[self.source]), self._tab
        clip = read_clip(source, MAX_FRAMES)
        result = yield from tab.progress(ClipRequest(clip.frames, tab.request(clip.frames[0], values)))
        painted, recipe = replace(clip, frames=result.images), make_recipe(result)
        folder, stem = tab.vault.folder(), f"{safe_name(source.stem)}-painted"
        gif = tab.vault.path(folder, f"{stem}.gif")
        file = gif
        notes = save_clip(replace(painted, frames=_small(result.images)), gif, recipe)
        if source.suffix.lower() in VIDEOS:
            file = tab.vault.path(folder, f"{stem}.mp4")
            notes = save_clip(painted, file, recipe)
        elif max(clip.frames[0].width, clip.frames[0].height) > _SHOWN_PX:
            file = tab.vault.path(folder, f"{stem}-full.gif")
            notes = save_clip(painted, file, recipe)
        yield {
            tab.desk.view.status: status.done_line(replace(result, notes=(*result.notes, *notes))),
            self.shown: gr.update(value=str(gif), visible=True),
            self.file: gr.update(value=str(file), visible=True),
        }


def _small(frames: tuple[Picture, ...]) -> list[Picture]:
    """Copies of frames for the page, which shows GIFs alone."""
    return [thumbnail(frame, _SHOWN_PX) for frame in frames]
