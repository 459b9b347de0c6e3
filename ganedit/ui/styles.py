"""The styles to choose from: those that painters have learned, and paintings that another model takes as a style."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import open_picture
from ganedit.image import thumbnail
from ganedit.requests import ANY_STYLE_MODEL, SAME_MODEL, StylizeRequest
from ganedit.ui.i18n import label

_EXAMPLES = Path(__file__).parent / "examples"
_THUMB_PX = 192


@dataclass(frozen=True)
class Style:
    """One style.

    Attributes:
        model: id of the model that paints in it.
        name: what the model calls it; of a painting, its own name.
        painting: the picture that the style is taken from; None for a style that the model has learned.
    """

    model: str
    name: str
    painting: Path | None = None


PAINTINGS = tuple(Style(ANY_STYLE_MODEL, path.stem, path) for path in sorted((_EXAMPLES / "styles").glob("*.jpg")))
"""Paintings in the public domain; their origins stand in ``examples/LICENSES.md``."""


class Styles:
    """All styles that can be painted in now, and a small picture of each."""

    def __init__(self, engine: Engine) -> None:
        """Nothing is painted before it is asked for."""
        self._engine = engine
        self._thumbs: dict[Style, Image.Image] = {}

    def all(self, handed: Iterable[str] = ()) -> tuple[Style, ...]:
        """List what networks on this machine have learned, those unlisted ones that were handed over, the paintings."""
        registry = self._engine.registry
        listed = [card.id for card in registry.cards("stylize")]
        learned = []
        for model in dict.fromkeys([*listed, *(model for model in handed if registry.has(model, "stylize"))]):
            if model != ANY_STYLE_MODEL and registry.is_installed(model):
                with suppress(UserError):  # a damaged file takes no other style away
                    learned += [Style(model, name) for name in self._engine.styles(model) or ("",)]
        return (*learned, *PAINTINGS)

    def pictures(self, styles: tuple[Style, ...]) -> list[tuple[str | Image.Image, str]]:
        """Give a small picture and a label of each: the painting, or an example photo as the painter repaints it."""
        return [(str(style.painting) if style.painting else self._thumb(style), label_of(style)) for style in styles]

    def forget(self, model: str) -> None:
        """Paint a model's pictures anew when they are next asked for."""
        self._thumbs = {style: thumb for style, thumb in self._thumbs.items() if style.model != model}

    def _thumb(self, style: Style) -> Image.Image:
        if style not in self._thumbs:
            photo = thumbnail(open_picture(_EXAMPLES / "cat.jpg"), _THUMB_PX)
            request = StylizeRequest(photo, model=style.model, shares=shares_of(style))
            self._thumbs[style] = self._engine.run(request).images[0].to_pil()
        return self._thumbs[style]


def label_of(style: Style) -> str:
    """Name a style; a painter's only one has the painter's name."""
    return style.name or style.model


def face_choices(styles: tuple[Style, ...]) -> list[tuple[Any, str]]:
    """List what may paint faces as (shown, value of ``StylizeRequest.faces``): models with one style come last."""
    single = [style.model for style in styles if not (style.name or style.painting)]
    ways = [(label("ge.stylize.faces_like_rest"), ""), (label("ge.stylize.faces_same"), SAME_MODEL)]
    return [*ways, *((model, model) for model in single)]


def shares_of(style: Style, other: str | None = None, share: float = 0.0) -> dict[str, float]:
    """Give the shares of a learned style and of another one of the same painter that is mixed in."""
    if not style.name:
        return {}
    if not other or other == style.name or share <= 0:
        return {style.name: 1.0}
    return {other: 1.0} if share >= 1 else {style.name: 1 - share, other: share}
