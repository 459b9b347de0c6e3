"""How a named endpoint takes its parameters: hidden components, and checks of what clients sent for them."""

import re
from dataclasses import dataclass
from typing import Any, cast

import gradio as gr
from gradio.components import Component

from ganedit.errors import BadRequestError
from ganedit.formats import FileFormat, SaveOptions


@dataclass(frozen=True)
class Range:
    """What a number of a call may be.

    Attributes:
        default: taken when a client sends nothing; None if that is an answer too.
        lowest, highest: the ends, both allowed.
        label: what the API page calls it.
    """

    default: float | None
    lowest: float
    highest: float
    label: str

    def component(self) -> gr.Number:
        """Make the hidden component of the number."""
        return gr.Number(self.default, label=self.label, visible=False)

    def checked(self, name: str, value: Any) -> float:
        """Check the number of a call, which a client may have sent as anything.

        Raises:
            BadRequestError: it is not a number, or out of range.
        """
        value = self.default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.lowest <= value <= self.highest:
            ends = f"{self.lowest:g} to {self.highest:g}"
            raise BadRequestError(f"{name} must be a number from {ends}, not {str(value)[:40]!r}.")
        return float(value)

    def optional(self, name: str, value: Any) -> float | None:
        """Check a number that may be left out."""
        return None if value is None else self.checked(name, value)


_QUALITY = Range(95, 1, 100, "Quality of JPEG, WebP and AVIF, 1 to 100")


def picture_input(label: str) -> gr.File:
    """Make the hidden component of a picture; it comes as bytes.

    gr.Image would answer a file that is no picture with an error of its own that says nothing.
    """
    return gr.File(label=label, type="binary", visible=False)


def choice_input(label: str, choices: tuple[str, ...]) -> gr.Dropdown:
    """Make the hidden component of a choice; the first is the default."""
    return gr.Dropdown(list(choices), value=choices[0], label=label, visible=False)


def file_inputs() -> list[Component]:
    """Make the hidden components of what ``save_options`` takes."""
    return [choice_input("Format", ("png", "jpeg", "webp", "avif")), _QUALITY.component()]


def save_options(format: str, quality: float) -> SaveOptions:
    """Read how the file is to be written.

    Raises:
        BadRequestError: there is no such format or quality.
    """
    return SaveOptions(format=cast(FileFormat, format), quality=round(_QUALITY.checked("quality", quality)))


def parse_size(text: str) -> tuple[int, int] | None:
    """Read ``"1920x1080"`` as (width, height) in pixels; None for an empty text.

    Raises:
        BadRequestError: it is neither.
    """
    if not (text or "").strip():
        return None
    found = re.fullmatch(r"\s*(\d{1,6})\s*[xX*]\s*(\d{1,6})\s*", text)
    if found is None or not (int(found[1]) and int(found[2])):
        raise BadRequestError(f'A size is written as WIDTHxHEIGHT in pixels, such as "1920x1080", not {text[:40]!r}.')
    return int(found[1]), int(found[2])
