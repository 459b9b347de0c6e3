"""What the file to download should be like: the controls that fold out as "File", and what they say as plain data."""

from dataclasses import dataclass, fields
from typing import Any, cast

import gradio as gr

from ganedit.formats import FileFormat, SaveOptions
from ganedit.ui.i18n import label


@dataclass(frozen=True)
class FileChoices:
    """One field a control, with the value that the page starts with.

    Attributes:
        format, quality, depth: of the file to download.
        embed: write the settings into the file.
        strip: remove the location.
    """

    format: str = "png"
    quality: float = 92
    depth: int = 8
    embed: bool = True
    strip: bool = True

    @property
    def save_options(self) -> SaveOptions:
        """How to write the file; only PNG holds 16 bits, so other formats get 8."""
        depth = 16 if int(self.depth) == 16 and self.format == "png" else 8
        return SaveOptions(cast(FileFormat, self.format), int(self.quality), depth, keep_location=not self.strip)


FILE_FIELDS = tuple(field.name for field in fields(FileChoices))


def build_file_choices(tab: str) -> dict[str, Any]:
    """Draw the accordion and give the control of each field of ``FileChoices``; ``tab`` is the tab's id."""
    start, parts = FileChoices(), {}
    with gr.Accordion(label("ge.file.title"), open=False, elem_id=f"ge-{tab}-file"):  # pyright: ignore[reportArgumentType]
        parts["format"] = gr.Radio(
            [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp"), ("AVIF", "avif")],
            value=start.format,
            label=label("ge.file.format"),
            elem_id=f"ge-{tab}-format",
            elem_classes="ge-seg",
        )
        parts["quality"] = gr.Slider(
            1, 100, start.quality, step=1, label=label("ge.file.quality"), visible=False, elem_id=f"ge-{tab}-quality"
        )
        parts["depth"] = gr.Radio(
            [("8", 8), ("16", 16)],
            value=start.depth,
            label=label("ge.file.depth"),
            elem_id=f"ge-{tab}-depth",
            elem_classes="ge-seg",
        )
        parts["embed"] = gr.Checkbox(
            start.embed, label=label("ge.file.embed"), info=label("ge.file.embed_info"), elem_id=f"ge-{tab}-embed"
        )
        parts["strip"] = gr.Checkbox(start.strip, label=label("ge.file.strip"), elem_id=f"ge-{tab}-strip")
    return parts


def show_fields(chosen: str) -> tuple[Any, Any]:
    """Show what the chosen format has: a quality, or 16 bits."""
    return gr.update(visible=chosen != "png"), gr.update(visible=chosen == "png")
