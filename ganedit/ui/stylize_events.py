"""What happens on the Stylize tab alone: the styles to choose from, and all of them on the visitor's own picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import open_picture
from ganedit.image import Picture, thumbnail
from ganedit.requests import EditResult, Progress, StylizeRequest
from ganedit.ui import downloads, stage, status
from ganedit.ui.desk import Actions, Desk, Updates, Values
from ganedit.ui.editing import EditTab
from ganedit.ui.i18n import both
from ganedit.ui.session import Photo
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import toasts

TAB = "stylize"
STYLES = {path.stem: path for path in sorted((Path(__file__).parent / "examples" / "styles").glob("*.jpg"))}
"""Paintings in the public domain, by name; their origins stand in ``examples/LICENSES.md``."""

_SHEET_PX = 384
_MODEL = StylizeRequest.model


@dataclass(frozen=True)
class Controls:
    """What to do.

    Attributes:
        style: name of the chosen painting.
        gallery: the paintings, or what the picture looks like with each.
        own: a picture of the visitor's as the style, which comes before the paintings.
        sheet: draws the picture with each.
        strength, brush, keep_colors: see ``StylizeRequest``.
        fetch: fetches the model if it is not here.
        actions: paint, stop.
        file: the control of each field of ``FileChoices``.
    """

    style: gr.State
    gallery: gr.Gallery
    own: gr.File
    sheet: gr.Button
    strength: gr.Slider
    brush: gr.Slider
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
        self._may_fetch = not settings.public

    def place(self, desk: Desk, controls: Controls, preview: gr.Image) -> None:
        """Tell which components the tab has; called once, while it is built."""
        self.desk, self.controls, self.preview = desk, controls, preview

    def request(self, image: Picture, values: Values) -> StylizeRequest:
        """Give the request that the controls describe."""
        own = values[self.controls.own]
        return self._request(image, Path(own) if own else STYLES[str(values[self.controls.style])], values)

    def _request(self, image: Picture, style: Path, values: Values) -> StylizeRequest:
        controls = self.controls
        return StylizeRequest(
            image,
            open_picture(style),
            strength=float(values[controls.strength]),
            keep_colors=bool(values[controls.keep_colors]),
            brush=float(values[controls.brush]),
        )

    def stem(self, photo: Photo, result: EditResult) -> str:
        """Name the file after what was done."""
        return f"{photo.name}-painted"

    def picture_in(self, photo: Photo, values: Values) -> Updates:
        """Show the picture, and the paintings as they are."""
        small = stage.preview_of(photo, self.vault, self.previews)
        return {
            self.preview: gr.update(value=stage.show_preview(photo, small, self.previews), visible=True),
            self.controls.gallery: [(str(path), name) for name, path in STYLES.items()],
        }

    def choose(self, event: gr.SelectData) -> Updates:
        """Take a painting as the style, instead of a picture of the visitor's."""
        return {self.controls.style: list(STYLES)[cast(int, event.index)], self.controls.own: None}

    @toasts
    def sheet(self, values: Values) -> Iterator[Updates]:
        """Paint a small copy of the picture in every style."""
        photo = values[self.desk.memory.photo]
        if photo is None:
            raise UserError(both("ge.error.no_picture"))
        small = thumbnail(stage.preview_of(photo, self.vault, self.previews), _SHEET_PX)
        # Strokes cover as much of the picture as they will at full size, unless that is finer than the network paints.
        brush = float(values[self.controls.brush]) * small.width / photo.width
        chosen = {**values, self.controls.brush: max(1.0, brush)}
        painted = []
        for done, (name, path) in enumerate(STYLES.items()):
            yield {self.desk.view.status: status.progress_line(Progress(done, len(STYLES), None, "stylize"))}
            result = self.engine.run(self._request(small, path, chosen))
            painted.append((result.images[0].to_pil(), name))
        yield {self.desk.view.status: "", self.controls.gallery: gr.update(value=painted, selected_index=None)}

    # ------------------------------------------------------------------- model

    def show_fetch(self) -> Any:
        """Offer to fetch the model if it is not here."""
        return gr.update(visible=self._may_fetch and not self.engine.registry.is_installed(_MODEL))

    @toasts
    def fetch(self) -> Iterator[Updates]:
        """Fetch the model and show how far it is."""
        if not self._may_fetch:
            return
        for step in downloads.fetch_steps(self.engine, _MODEL, accept_license=False):
            yield {self.desk.view.status: downloads.progress_html(step)}
        yield {self.desk.view.status: "", self.controls.fetch: gr.update(visible=False)}
