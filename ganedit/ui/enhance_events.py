"""What happens on the Enhance tab alone: models and scales, light and color, what the model invented."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from ganedit.defaults import PHOTO_MODEL, fitting_scale
from ganedit.errors import BadRequestError, UserError
from ganedit.image import Picture
from ganedit.models.card import ModelCard
from ganedit.requests import AUTO_MODEL, NO_MODEL, EditResult, EnhanceRequest
from ganedit.ui import stage, status
from ganedit.ui.clicks import spot as spot_of
from ganedit.ui.desk import Desk, Updates, Values
from ganedit.ui.editing import EditTab
from ganedit.ui.enhance_choices import PICK, SCALES, Choices, download_stem, preset, scales_for
from ganedit.ui.enhance_layout import TAB, TONES, Controls, View, auto_hint, hint_line, limit_hint, scale_choices
from ganedit.ui.i18n import Html, label, plain
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
        """Show the picture as the sliders have it."""
        choices, parts = replace(self._choices(values), spot=""), self.controls.parts
        return {
            self.view.preview: self._previewed(photo, choices),
            parts["width"]: photo.width * self._fits(photo),
            parts["height"]: photo.height * self._fits(photo),
            parts["spot"]: "",
        }

    def result_in(self, outcome: Outcome) -> Updates:
        """Fold the map of the result before away."""
        return {self.view.heat: gr.update(visible=True, open=False), self.view.heat_map: None}

    def _card(self, model: str) -> ModelCard | None:
        return None if model in (AUTO_MODEL, NO_MODEL) else self.engine.registry.get(model)

    def _choices(self, values: Values) -> Choices:
        return Choices(**{name: values[part] for name, part in self.controls.parts.items()})

    # ------------------------------------------------------------------ model

    @property
    def runs(self) -> dict[gr.Button, Callable[[Values], Iterator[Updates]]]:
        """The button of every tab, and the one that takes the slower network."""
        return {**super().runs, self.controls.better: self.run_better}

    @toasts
    def run_better(self, values: Values) -> Iterator[Updates]:
        """Run with the network that was not chosen because it takes long."""
        yield from self.edit(self.request, {**values, self.controls.parts["model"]: PHOTO_MODEL})

    def model_choices(self) -> list[tuple[Any, str]]:
        """List what chooses by itself, the models as (shown, id), and at last what only resizes."""
        models = model_choices(self.engine, "enhance")
        return [(label("ge.model.auto"), AUTO_MODEL), *models, (label("ge.model.none"), NO_MODEL)]

    def refresh_models(self, chosen: str) -> Any:
        """List the models again: the Models tab may have fetched or removed some."""
        choices, registry = self.model_choices(), self.engine.registry
        if chosen not in dict(choices).values() and registry.has(chosen, "enhance") and registry.is_installed(chosen):
            choices.append((chosen, chosen))  # an unlisted one, which the Train tab handed over
        return listed_again(choices, chosen, AUTO_MODEL)

    def take_model(self, model: str, _: Values) -> Updates:
        """Choose a model that another tab hands over; that it has changed fits the controls to it."""
        return {self.controls.parts["model"]: self.refresh_models(model)}

    def show_model(self, model: str, photo: Photo | None, wished: str) -> Updates:
        """Fit denoise and scales to the model and the picture."""
        card = self._card(model)
        scales = scales_for(card)
        scale = preset(wished, scales, self._fits(photo))
        return {
            self.controls.parts["denoise"]: gr.update(visible=bool(card and card.twin)),
            self.controls.parts["scale"]: gr.update(choices=scale_choices(scales), value=scale),
            self.controls.size: gr.update(visible=scale == "size"),
        }

    def advise(self, values: Values, request: gr.Request) -> Updates:
        """Say which model suits the picture or was chosen for it, and why the scale is smaller than was wished for."""
        photo: Photo | None = values[self.desk.memory.photo]
        model, seconds = values[self.controls.parts["model"]], None
        hint = self._hint(model, photo)
        if photo and model == AUTO_MODEL:
            try:
                settled = self.engine.settle(self.request(stage.blank_picture(photo.width, photo.height), values))
                hint, seconds = auto_hint(settled), settled.seconds
            except UserError as error:
                hint = status.warning_line(str(error))
        return {
            self.controls.hint: Html(hint + self._limit_hint(model, photo, values)),
            **self._better(seconds, request),
        }

    def _better(self, seconds: float | None, request: gr.Request) -> Updates:
        """Offer the slower network, unless it takes longer than an edit may."""
        offered = seconds is not None and (self.limit_seconds is None or seconds <= self.limit_seconds)
        minutes = math.ceil(seconds / 60) if seconds is not None else 0
        text = plain("ge.run.better", request, model=PHOTO_MODEL, minutes=minutes)
        return {self.controls.better: gr.update(visible=offered, value=text)}

    def _limit_hint(self, model: str, photo: Photo | None, values: Values) -> Html:
        card = self._card(model)
        if photo is None or scales_for(card) == ("1",):
            return Html("")
        megapixels, limit = photo.width * photo.height / 1e6, self.engine.max_output_megapixels
        return limit_hint(self._fits(photo), values[self.controls.wished], megapixels, limit)

    def _fits(self, photo: Photo | None) -> int:
        """Give the largest scale of the page whose result may be made."""
        most = int(SCALES[-1])
        return fitting_scale((photo.width, photo.height), most, self.engine.max_output_megapixels) if photo else most

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
        yield status.estimate_line(size, seconds or None)

    def _hint(self, model: str, photo: Photo | None) -> str:
        card = self._card(model)
        installed = card is None or self.engine.registry.is_installed(card.id)
        return hint_line(photo and photo.damaged, card, installed=installed)

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
        x, y = spot_of(event)
        return stage.spot_color(stage.preview_of(photo, self.vault, self.previews), x, y)

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
