"""What happens on the Enhance tab alone: models and scales, light and color, what the model invented."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from ganedit.errors import BadRequestError, UserError
from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.requests import EditResult, EnhanceRequest
from ganedit.ui import stage, status
from ganedit.ui.desk import Desk, Updates, Values
from ganedit.ui.editing import EditTab
from ganedit.ui.enhance_choices import FAST_MODEL, NO_MODEL, PICK, Choices, download_stem, scales_for
from ganedit.ui.enhance_layout import TAB, TONES, Controls, View, hint_line, scale_choices
from ganedit.ui.i18n import label
from ganedit.ui.model_choice import listed_again, model_choices
from ganedit.ui.result_view import EDIT
from ganedit.ui.session import Outcome, Photo
from ganedit.ui.toast import toasts


class EnhanceTab(EditTab):
    """The event functions of the tab."""

    name = TAB

    def place(self, desk: Desk, controls: Controls, view: View) -> None:
        """Tell which components the tab has; called once, while it is built."""
        self.desk, self.controls, self.view = desk, controls, view

    def request(self, image: Picture, values: Values) -> EnhanceRequest:
        """Give the request that the controls describe."""
        choices = self._choices(values)
        return choices.request(image, self._card(choices.model))

    def stem(self, photo: Photo, result: EditResult) -> str:
        """Name the file after the size of the result."""
        return download_stem(photo.name, result)

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        """Show the picture as the sliders have it, and say which model suits it."""
        choices, parts = replace(self._choices(values), spot=""), self.controls.parts
        return {
            self.view.preview: self._previewed(photo, choices),
            self.controls.hint: self._hint(choices.model, photo),
            parts["width"]: photo.width * 4,
            parts["height"]: photo.height * 4,
            parts["spot"]: "",
        }

    def result_in(self, outcome: Outcome) -> Updates:
        """Fold the map of the result before away."""
        return {self.view.heat: gr.update(visible=True, open=False), self.view.heat_map: None}

    def _card(self, model: str) -> ModelCard | None:
        return None if model == NO_MODEL else self.engine.registry.get(model)

    def _choices(self, values: Values) -> Choices:
        return Choices(**{name: values[part] for name, part in self.controls.parts.items()})

    # ------------------------------------------------------------------ model

    def model_choices(self) -> list[tuple[Any, str]]:
        """List the models as (shown, id), and at last what only resizes."""
        return [*model_choices(self.engine, "enhance"), (label("ge.model.none"), NO_MODEL)]

    def refresh_models(self, chosen: str) -> Any:
        """List the models again: the Models tab may have fetched or removed some."""
        return listed_again(self.model_choices(), chosen, FAST_MODEL)

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
        photo, choices = values[self.desk.memory.photo], self._choices(values)
        if photo is None:
            yield ""
            return
        try:
            size = choices.result_size(photo.width, photo.height)
            # At once, because the seconds may have to wait for the model, and the ones shown are another model's.
            yield status.estimate_line(size, None)
            seconds = self.engine.estimate(self.request(stage.blank_picture(photo.width, photo.height), values))
        except UserError as error:
            yield status.warning_line(str(error))
            return
        yield status.estimate_line(size, seconds if choices.model != NO_MODEL else None)

    def _hint(self, model: str, photo: Photo | None) -> str:
        installed = model == NO_MODEL or self.engine.registry.is_installed(model)
        return hint_line(photo and photo.damaged, self._card(model), installed=installed)

    # ------------------------------------------------------------ light, color

    @toasts
    def preview(self, values: Values) -> Updates:
        """Show light and color on the small copy, while a slider moves."""
        photo = values[self.desk.memory.photo]
        if photo is None:
            return {self.view.preview: gr.skip()}
        updates = self.shown(EDIT, compare=True) if values[self.view.result.switch] != EDIT else {}
        updates[self.view.preview] = self._previewed(photo, self._choices(values))
        return updates

    def _previewed(self, photo: Photo, choices: Choices) -> Any:
        small = self.engine.preview(stage.preview_of(photo, self.vault, self.previews), choices.adjustments)
        return gr.update(value=stage.show_preview(photo, small, self.previews), visible=True)

    @toasts
    def pick_spot(self, photo: Photo | None, balance: str, spot: str, event: gr.SelectData) -> str:
        """Take the color of the clicked spot, as it is in the picture before any adjustment."""
        if photo is None or balance != PICK:
            return spot
        x, y = event.index
        return stage.spot_color(stage.preview_of(photo, self.vault, self.previews), int(x), int(y))

    def reset_tones(self) -> list[Any]:
        """Put light and color back."""
        start = Choices()
        return [*(getattr(start, name) for name in TONES), start.balance, start.spot]

    # ------------------------------------------------------------------ result

    @toasts
    def invented(self, outcome: Outcome | None) -> Any:
        """Compute the map of what the model invented, when it is looked at."""
        if outcome is None:
            raise BadRequestError("Run an edit first, then look at what the model invented.")
        return self.engine.invented(self.recent.get(outcome.token)).to_pil()
