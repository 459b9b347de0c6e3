"""What happens on the Inpaint tab alone: masks, tools that make them, candidates, extending."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import gradio as gr
import numpy as np

from ganedit.engine import HAIRLINE_MODEL, HAIRLINE_PX, Engine
from ganedit.errors import UserError
from ganedit.image import Picture
from ganedit.masks import from_preview, open_mask, save_mask, to_preview
from ganedit.requests import EditResult, InpaintRequest, OutpaintRequest, Request, parse_aspect, sides_for
from ganedit.ui import downloads, painter, stage, status
from ganedit.ui.desk import Desk
from ganedit.ui.editing import EditTab, Updates, Values
from ganedit.ui.i18n import Html, both, label
from ganedit.ui.inpaint_layout import TAB, Controls, View
from ganedit.ui.model_choice import listed_again, model_choices
from ganedit.ui.model_table import size_text
from ganedit.ui.session import Outcome, Photo
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import toasts

GAN_MODEL = InpaintRequest.model
ALL_HOLES = 0
_HOLES_OFFERED = 8
_MASK_FILE = "mask.png"


@dataclass(frozen=True)
class Tries:
    """What all models made of the same holes.

    Attributes:
        tokens: of their results in ``Recent``, in the order of the gallery.
        holes: how many holes there are.
        picks: index of the result picked for each hole, the largest first.
    """

    tokens: tuple[str, ...] = ()
    holes: int = 0
    picks: tuple[int, ...] = field(default=(0,))


class InpaintTab(EditTab):
    """The event functions of the tab."""

    name = TAB
    put_away: Literal["hidden"] = "hidden"

    def __init__(self, engine: Engine, settings: UiSettings) -> None:
        """Make the tab's memory; on a public server visitors fetch nothing."""
        super().__init__(engine, settings)
        self._may_fetch = not settings.public

    def place(self, desk: Desk, controls: Controls, view: View, canvas: gr.State, tries: gr.State) -> None:
        """Tell which components the tab has; called once, while it is built."""
        self.desk, self.controls, self.view, self.canvas, self.tries = desk, controls, view, canvas, tries
