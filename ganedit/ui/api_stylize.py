"""The named endpoint ``/stylize``."""

from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.formats import open_picture
from ganedit.requests import ANY_STYLE_MODEL, StylizeRequest
from ganedit.ui.api import EditCalls, add_edit, told
from ganedit.ui.api_inputs import Range, file_inputs, picture_input, save_options
from ganedit.ui.settings import UiSettings
from ganedit.wording import parse_shares

_STRENGTH = Range(1, 0, 1, "Strength, 0 to 1")
_BRUSH = Range(1, 1, 8, "Brush, 1 to 8: how coarse the strokes are")


def add_stylize_api(engine: Engine, settings: UiSettings) -> None:
    """Add the endpoint to the Blocks being built."""
    calls = StylizeCalls(engine, settings.limit_seconds)
    inputs = [
        picture_input("Picture"),
        picture_input("Style"),
        gr.Textbox("", label="Styles of the model's own", visible=False),
        gr.Textbox("", label="Model", visible=False),
        _STRENGTH.component(),
        gr.Checkbox(False, label="Keep the picture's colors", visible=False),
        _BRUSH.component(),
        gr.Textbox("", label="Faces", visible=False),
        *file_inputs(),
    ]
    add_edit("stylize", calls.stylize, inputs)


class StylizeCalls(EditCalls):
    """What is called over HTTP. Names, types and texts of the API page and the MCP tools come from the signatures."""

    def stylize(
        self,
        image: bytes,
        style: bytes | None = None,
        styles: str = "",
        model: str = "",
        strength: float = 1,
        keep_colors: bool = False,
        brush: float = 1,
        faces: str = "",
        format: str = "png",
        quality: float = 95,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds its progress by this default
    ) -> tuple[str, dict[str, Any]]:
        """Repaint one picture in a style that a model has learned, or in that of another picture.

        Args:
            image: the picture: JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC.
            style: a picture whose style is taken; left out for a style of the model's own.
            styles: a style of the model's own, or several as in van-gogh=2, cartoon=1.
            model: id of a stylize model that /models lists as installed; empty for one that takes what is given.
            strength: 0 to 1; how much of the style.
            keep_colors: keep the picture's own colors.
            brush: 1 to 8; how coarse the strokes are.
            faces: same to paint faces larger, on their own; or the id of a model with a single style that does.
            format: png (loses nothing), jpeg, webp or avif.
            quality: 1 to 100, for jpeg, webp and avif.
            progress: told the finished tiles; filled in by gradio.

        Returns:
            The picture file, exactly as encoded here. An object with model, seconds, width, height and notes.
        """
        with told():
            request = StylizeRequest(
                open_picture(image or b""),
                open_picture(style) if style else None,
                (model or "").strip() or (ANY_STYLE_MODEL if style else StylizeRequest.model),
                _STRENGTH.checked("strength", strength),
                bool(keep_colors),
                _BRUSH.checked("brush", brush),
                parse_shares(styles or ""),
                (faces or "").strip(),
            )
            return self.answer(request, save_options(format, quality), progress)
