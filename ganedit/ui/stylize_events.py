"""What happens on the Stylize tab alone: the styles to choose from, and all of them on the visitor's own picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import open_picture
from ganedit.image import Picture, thumbnail
from ganedit.requests import ANY_STYLE_MODEL, MAX_BRUSH, EditResult, Progress, StylizeRequest
from ganedit.ui import downloads, stage, status
from ganedit.ui.clicks import clicked
from ganedit.ui.desk import Actions, Desk, Updates, Values
from ganedit.ui.editing import EditTab
from ganedit.ui.i18n import both
from ganedit.ui.session import Photo
from ganedit.ui.settings import UiSettings
from ganedit.ui.styles import Style, Styles, face_choices, label_of, shares_of
from ganedit.ui.toast import toasts

TAB = "stylize"

_SHEET_PX = 384
_FINE_PX = 768  # longer side of a picture that is painted with the finest brush


@dataclass(frozen=True)
class Controls:
    """What to do.

    Attributes:
        styles: all there are, in the order of the gallery.
        style: the chosen one.
        gallery: a small picture of each, or what the visitor's picture looks like with it.
        mixed: name of a learned style that is mixed into the chosen one, if that is of the same painter.
        share: of the mixed one.
        own: a picture of the visitor's as the style, which comes before the others.
        sheet: draws the picture with each.
        strength, brush, faces, keep_colors: see ``StylizeRequest``.
        fetch: fetches the model that takes its style from pictures, if it is not here.
        actions: paint, stop.
        file: the control of each field of ``FileChoices``.
    """

    styles: gr.State
    style: gr.State
    gallery: gr.Gallery
    mixed: gr.Dropdown
    share: gr.Slider
    own: gr.File
    sheet: gr.Button
    strength: gr.Slider
    brush: gr.Slider
    faces: gr.Dropdown
    keep_colors: gr.Checkbox
    fetch: gr.Button
    actions: Actions
    file: dict[str, Any]


class StylizeTab(EditTab):
    """The event functions of the tab."""

    name = TAB

    def __init__(self, engine: Engine, settings: UiSettings) -> None:
        """Make the tab's memory; on a public server visitors fetch nothing."""
        super().__init__(engine, settings)
        self._styles = Styles(engine)
        self._may_fetch = not settings.public

    def place(self, desk: Desk, controls: Controls, preview: gr.Image) -> None:
        """Tell which components the tab has; called once, while it is built."""
        self.desk, self.controls, self.preview = desk, controls, preview

    @property
    def runs(self) -> dict[gr.Button, Callable[[Values], Iterator[Updates]]]:
        """Paint, or paint small in every style."""
        return {**super().runs, self.controls.sheet: self.sheet}

    def request(self, image: Picture, values: Values) -> StylizeRequest:
        """Give the request that the controls describe."""
        own = values[self.controls.own]
        style = Style(ANY_STYLE_MODEL, "", Path(own)) if own else values[self.controls.style]
        return self._request(image, style or self._styles.all()[0], values)

    def _request(self, image: Picture, style: Style, values: Values) -> StylizeRequest:
        controls = self.controls
        mixed = values[controls.mixed]
        fits = mixed and mixed in [each.name for each in values[controls.styles] if each.model == style.model]
        return StylizeRequest(
            image,
            open_picture(style.painting) if style.painting else None,
            style.model,
            strength=float(values[controls.strength]),
            keep_colors=bool(values[controls.keep_colors]),
            brush=float(values[controls.brush]),
            shares={} if style.painting else shares_of(style, mixed if fits else None, float(values[controls.share])),
            faces=values[controls.faces],
        )

    def stem(self, photo: Photo, result: EditResult) -> str:
        """Name the file after what was done."""
        return f"{photo.name}-painted"

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        """Show the picture and the styles as they are; strokes cover as much of a large picture as of a small one."""
        small = stage.preview_of(photo, self.vault, self.previews)
        brush = round(2 * max(photo.width, photo.height) / _FINE_PX) / 2
        return {
            self.controls.brush: min(max(1.0, brush), MAX_BRUSH),
            self.preview: gr.update(value=stage.show_preview(photo, small, self.previews), visible=True),
            self.controls.gallery: self._styles.pictures(values[self.controls.styles]),
        }

    @toasts
    def choose(self, styles: tuple[Style, ...], event: gr.SelectData) -> Updates:
        """Take a style of the gallery, instead of a picture of the visitor's."""
        return {self.controls.style: styles[clicked(event, styles)], self.controls.own: None}

    def show_styles(self, known: tuple[Style, ...]) -> Updates:
        """Show the styles there are now, unless all of them are shown already; offer to fetch the model of the rest."""
        styles = self._styles.all(style.model for style in known)
        missing = not self.engine.registry.is_installed(ANY_STYLE_MODEL)
        updates: Updates = {self.controls.fetch: gr.update(visible=self._may_fetch and missing)}
        return updates if styles == known else updates | self._shown(styles)

    def _shown(self, styles: tuple[Style, ...], place: int = 0) -> Updates:
        controls = self.controls
        names = list(dict.fromkeys(style.name for style in styles if not style.painting and style.name))
        return {
            controls.styles: styles,
            controls.style: styles[place],
            controls.gallery: gr.update(value=self._styles.pictures(styles), selected_index=place),
            controls.mixed: gr.update(choices=[("–", ""), *((name, name) for name in names)]),
            controls.faces: gr.update(choices=face_choices(styles)),
        }

    def take_model(self, model: str, values: Values) -> Updates:
        """Choose the first style of a painter that was just trained; its pictures are painted anew."""
        self._styles.forget(model)
        styles = self._styles.all([*(style.model for style in values[self.controls.styles]), model])
        place = next((number for number, style in enumerate(styles) if style.model == model), 0)
        return {**self._shown(styles, place), self.controls.own: None}

    @toasts
    def sheet(self, values: Values) -> Iterator[Updates]:
        """Paint a small copy of the picture in every style."""
        photo = values[self.desk.memory.photo]
        if photo is None:
            raise UserError(both("ge.error.no_picture"))
        styles = values[self.controls.styles]
        small = thumbnail(stage.preview_of(photo, self.vault, self.previews), _SHEET_PX)
        # Strokes cover as much of the picture as they will at full size, unless that is finer than the network paints.
        brush = float(values[self.controls.brush]) * small.width / photo.width
        chosen = {**values, self.controls.brush: max(1.0, brush), self.controls.mixed: None, self.controls.faces: ""}
        painted = []
        for done, style in enumerate(styles):
            yield {self.desk.view.status: status.progress_line(Progress(done, len(styles), None, "stylize"))}
            if not self.engine.registry.is_installed(style.model):
                painted += self._styles.pictures((style,))
                continue
            request = self._request(small, style, chosen)
            result = yield from self.progress(request)
            painted.append((result.images[0].to_pil(), label_of(style)))
        yield {self.desk.view.status: "", self.controls.gallery: gr.update(value=painted, selected_index=None)}

    # ------------------------------------------------------------------- model

    @toasts
    def fetch(self) -> Iterator[Updates]:
        """Fetch the model and show how far it is."""
        if not self._may_fetch:
            return
        for step in downloads.fetch_steps(self.engine, ANY_STYLE_MODEL, accept_license=False):
            yield {self.desk.view.status: downloads.progress_html(step)}
        yield {self.desk.view.status: "", self.controls.fetch: gr.update(visible=False)}
