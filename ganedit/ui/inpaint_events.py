"""What happens on the Inpaint tab alone: masks and the tools that make them, extending, going on with a result."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from ganedit.engine import HAIRLINE_MODEL, HAIRLINE_PX, Engine
from ganedit.errors import UserError
from ganedit.image import Picture
from ganedit.masks import from_preview, open_mask, save_mask, to_preview
from ganedit.requests import EditResult, InpaintRequest, OutpaintRequest
from ganedit.ui import downloads, painter, stage, status
from ganedit.ui.candidates import Candidates
from ganedit.ui.desk import Desk, Updates, Values
from ganedit.ui.editing import EditTab
from ganedit.ui.i18n import both
from ganedit.ui.inpaint_layout import GROW_PX, TAB, Controls, View
from ganedit.ui.model_choice import listed_again, model_choices
from ganedit.ui.model_table import size_text
from ganedit.ui.session import Outcome, Photo
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import toasts
from ganedit.ui.watch import EDITS, once, result_of, shown, watched
from ganedit.wording import parse_aspect, sides_for

GAN_MODEL = InpaintRequest.model
SCRATCH_GROW_PX = 1
"""The finder's marks have a rim already; what is grown more loses the thinness that makes scratches easy to fill."""

_MASK_FILE = "mask.png"


class InpaintTab(EditTab):
    """The event functions of the tab."""

    name = TAB
    put_away = "hidden"

    def __init__(self, engine: Engine, settings: UiSettings) -> None:
        """Make the tab's memory; on a public server visitors fetch nothing."""
        super().__init__(engine, settings)
        self._may_fetch = not settings.public

    def place(self, desk: Desk, controls: Controls, view: View) -> None:
        """Tell which components the tab has; called once, while it is built."""
        self.desk, self.controls, self.view = desk, controls, view
        self.candidates = Candidates(self)

    @property
    def runs(self) -> dict[gr.Button, Callable[[Values], Iterator[Updates]]]:
        """Fill, try all models, extend, look for scratches."""
        controls = self.controls
        edits = {controls.actions.run: self.run, controls.every: self.candidates.run, controls.extend: self.extend}
        return {**edits, controls.find: self.find_scratches}

    def request(self, image: Picture, values: Values) -> InpaintRequest:
        """Give the request that the controls and the painter describe.

        Raises:
            UserError: nothing is painted.
        """
        controls, photo = self.controls, values[self.desk.memory.photo]
        mask = self._mask(photo, values)
        if not mask.any():
            raise UserError(both("ge.inpaint.no_mask"))
        return InpaintRequest(
            image,
            mask,
            values[controls.model],
            grow_px=int(values[controls.grow]),
            feather_px=int(values[controls.feather]),
            detail=bool(values[controls.detail]),
        )

    def stem(self, photo: Photo, result: EditResult) -> str:
        """Name the file after what was done."""
        return f"{photo.name}-{'extended' if isinstance(result.request, OutpaintRequest) else 'filled'}"

    def before(self, result: EditResult) -> Picture:
        """Give the picture; an extended one is compared with itself on the same canvas."""
        request = result.request
        return self.engine.canvas(request) if isinstance(request, OutpaintRequest) else result.edited

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        """Put the picture into the painter, with nothing painted on it."""
        small = stage.preview_of(photo, self.vault, self.previews)
        path = self.previews.write(photo.token, small.to_pil())
        return {
            self.view.painter: gr.update(value=painter.show(path, None, undoable=False), visible=True),
            self.view.canvas: path,
            self.controls.hint: self._hint(values[self.controls.model]),
            # What suited the marks of the scratch finder does not suit what is painted by hand.
            self.controls.grow: GROW_PX if values[self.controls.grow] == SCRATCH_GROW_PX else gr.skip(),
            **self.candidates.none(),
        }

    def result_in(self, outcome: Outcome) -> Updates:
        """Candidates stay for as long as what is shown comes from them."""
        return self.candidates.none()

    # ------------------------------------------------------------------ model

    def model_choices(self) -> list[tuple[Any, str]]:
        """List the models as (shown, id)."""
        return model_choices(self.engine, "inpaint")

    def first_model(self) -> str:
        """Give the model to start with: MI-GAN, or what needs no weights if it is not here."""
        return GAN_MODEL if self.engine.registry.is_installed(GAN_MODEL) else HAIRLINE_MODEL

    def refresh_models(self, chosen: str) -> Updates:
        """List the models again: the Models tab may have fetched or removed some."""
        return {self.controls.model: listed_again(self.model_choices(), chosen, GAN_MODEL), **self.show_model(chosen)}

    def show_model(self, model: str) -> Updates:
        """Fit the hint and the button that fetches to the model."""
        card = self.engine.registry.get(model)
        wanted = self._may_fetch and card.commercial_use and not self.engine.registry.is_installed(model)
        return {self.controls.hint: self._hint(model), self.controls.fetch: gr.update(visible=wanted)}

    def _hint(self, model: str) -> str:
        card = self.engine.registry.get(model)
        if not self.engine.registry.is_installed(model):
            sentences = [both("ge.inpaint.hint_fetch", id=card.id, size=size_text(card.size_bytes))]
            if not card.commercial_use:
                sentences.append(both("ge.inpaint.hint_license"))
        elif card.kind == "gan":
            sentences = [both("ge.inpaint.hint", gan=card.id, hairline=HAIRLINE_MODEL)]
        else:
            sentences = [both("ge.inpaint.hint_other")]
        return status.hint_block(sentences)

    @toasts
    def fetch(self, model: str) -> Iterator[Updates]:
        """Fetch the chosen model and show how far it is; leaving the page stops it."""
        if not self._may_fetch:
            return
        yield {self.controls.fetch: gr.update(interactive=False)}
        try:
            for step in downloads.fetch_steps(self.engine, model, accept_license=False):
                yield {self.desk.view.status: downloads.progress_html(step)}
        except UserError:
            yield {self.controls.fetch: gr.update(interactive=True), self.desk.view.status: ""}
            raise
        yield {
            self.desk.view.status: status.message_line(both("ge.inpaint.fetched", id=model)),
            self.controls.fetch: gr.update(interactive=True, visible=False),
            **self.refresh_models(model),
        }

    # ------------------------------------------------------------------- mask

    def _mask(self, photo: Photo, values: Values) -> np.ndarray:
        """Give the mask at the picture's size: what a tool made of it, and on top what was painted since."""
        small = stage.preview_of(photo, self.vault, self.previews)
        size = (photo.width, photo.height)
        file = self.vault.path(photo.token, _MASK_FILE)
        full = open_mask(file, size) if file.is_file() else np.zeros(size[::-1], bool)
        shown = to_preview(full, small.height, small.width)
        return from_preview(painter.painted(values[self.view.painter], small.height, small.width), shown, full)

    def _set_mask(self, photo: Photo, mask: np.ndarray, values: Values) -> Any:
        """Keep a mask at the picture's size and show it, as a step that can be undone."""
        file = self.vault.path(photo.token, _MASK_FILE)
        if mask.any() and not mask.all():
            save_mask(mask, file)
        else:
            file.unlink(missing_ok=True)
        small = stage.preview_of(photo, self.vault, self.previews)
        shown = to_preview(mask, small.height, small.width)
        before = values[self.view.painter]
        return painter.show(values[self.view.canvas], shown, undoable=True, answers=before)

    def _photo(self, values: Values) -> Photo:
        photo = values[self.desk.memory.photo]
        if photo is None:
            raise UserError(both("ge.error.no_picture"))
        return photo

    @toasts
    def select(self, values: Values) -> Updates:
        """Add the thing that a stroke was drawn over to the mask."""
        photo = self._photo(values)
        small = stage.preview_of(photo, self.vault, self.previews)
        stroke = painter.last_stroke(values[self.view.painter], small.height, small.width)
        found = result_of(watched(once(lambda: self.engine.select_object(small, stroke)), self.limit_seconds))
        nothing = np.zeros_like(found)
        mask = self._mask(photo, values) | from_preview(found, nothing, np.zeros((photo.height, photo.width), bool))
        return {self.view.painter: self._set_mask(photo, mask, values)}

    @toasts
    def find_scratches(self, values: Values) -> Iterator[Updates]:
        """Replace the mask by one of the scratches and dust that are found."""
        photo, line, said = self._photo(values), self.desk.view.status, status.stage_line("scratches")
        yield {line: said}
        steps = watched(once(lambda: self._scratches(photo, values)), self.limit_seconds, EDITS)
        found, thin = yield from shown(steps, line, said)
        model = HAIRLINE_MODEL if thin else values[self.controls.model]
        share = f"{found.mean():.2%}"
        said = both("ge.inpaint.found", share=share, model=model) if found.any() else both("ge.inpaint.found_nothing")
        yield {
            **self.shown("edit", compare=values[self.desk.memory.outcome] is not None),
            self.view.painter: gr.update(value=self._set_mask(photo, found, values), visible=True),
            self.desk.view.status: status.message_line(said),
            self.controls.grow: SCRATCH_GROW_PX,
        }

    def _scratches(self, photo: Photo, values: Values) -> tuple[np.ndarray, bool]:
        """Find scratches, (H, W) bool, and tell whether all are as thin as hairlines."""
        original = stage.original_of(photo, self.vault)
        found = self.engine.find_scratches(original, float(values[self.controls.sensitivity]))
        holes = self.engine.holes(InpaintRequest(original, found, grow_px=SCRATCH_GROW_PX))
        return found, holes.thickness_px <= HAIRLINE_PX

    @toasts
    def take_mask(self, values: Values) -> Updates:
        """Replace the mask by an uploaded one."""
        photo = self._photo(values)
        mask = open_mask(Path(values[self.controls.mask_in]), (photo.width, photo.height))
        shown = self.shown("edit", compare=values[self.desk.memory.outcome] is not None)
        return {**shown, self.view.painter: gr.update(value=self._set_mask(photo, mask, values), visible=True)}

    @toasts
    def give_mask(self, values: Values) -> str:
        """Write the mask for download."""
        photo = self._photo(values)
        path = self.vault.path(photo.token, f"{photo.name}-mask.png")
        save_mask(self._mask(photo, values), path)
        return str(path)

    # ----------------------------------------------------------------- extend

    @toasts
    def extend(self, values: Values) -> Iterator[Updates]:
        """Continue the picture beyond its edges."""
        yield from self.edit(self._outpaint_request, values)

    def _outpaint_request(self, image: Picture, values: Values) -> OutpaintRequest:
        controls = self.controls
        if values[controls.aspect]:
            sides = sides_for(
                (image.width, image.height), parse_aspect(values[controls.aspect]), values[controls.position]
            )
        else:
            sides = {side: int(values[number] or 0) for side, number in controls.sides.items()}
        return OutpaintRequest(image, **sides, model=values[controls.model], detail=bool(values[controls.detail]))

    # ------------------------------------------------------------------ go on

    @toasts
    def keep(self, values: Values) -> Updates:
        """Go on with the result that is shown, as the picture."""
        photo, outcome = self._photo(values), values[self.desk.memory.outcome]
        if outcome is None:
            raise UserError(both("ge.inpaint.no_mask"))
        return self.take_picture(self.recent.get(outcome.token).images[0], photo.name, values)
