"""All models on the same holes, side by side, and a pick for each hole."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
from PIL import Image, ImageDraw

from ganedit.engine import Holes
from ganedit.errors import UserError
from ganedit.requests import EditResult, InpaintRequest
from ganedit.ui import stage, status
from ganedit.ui.clicks import clicked
from ganedit.ui.desk import Updates, Values
from ganedit.ui.i18n import both, label
from ganedit.ui.session import Photo
from ganedit.ui.toast import toasts

if TYPE_CHECKING:
    from ganedit.ui.inpaint_events import InpaintTab

ALL_HOLES = 0
_SHOWN_PX = 400


@dataclass(frozen=True)
class Tries:
    """What all models made of the same holes.

    Attributes:
        tokens: of their results in ``Recent``, in the order of the gallery.
        holes: what was filled.
        picks: index of the result picked for each hole, the largest first; the last one counts for all that follow.
    """

    tokens: tuple[str, ...]
    holes: Holes
    picks: tuple[int, ...]


class Candidates:
    """The event functions; they belong to one ``InpaintTab``."""

    def __init__(self, tab: "InpaintTab") -> None:
        """Take the tab, whose components are placed."""
        self._tab = tab

    def none(self) -> Updates:
        """Show none."""
        view = self._tab.view
        return {view.candidates: gr.update(visible=False), view.tries: None}

    @toasts
    def run(self, values: Values) -> Iterator[Updates]:
        """Fill the holes with every installed model; the chosen model's result is shown first."""
        tab, line = self._tab, self._tab.desk.view.status
        photo: Photo = values[tab.desk.memory.photo]
        yield {line: status.stage_line("load")}
        request = tab.request(stage.original_of(photo, tab.vault), values)
        models = [row["id"] for row in tab.engine.registry.rows("inpaint") if row["installed"]]
        results = []
        for number, model in enumerate(models, 1):
            said = both("ge.inpaint.trying", id=model, number=number, count=len(models))
            yield {line: status.message_line(said)}
            results.append((yield from tab.progress(replace(request, model=model))))
        yield {line: status.stage_line("save")}
        chosen = models.index(request.model) if request.model in models else 0
        yield self._shown(results, values, chosen)

    def _shown(self, results: list[EditResult], values: Values, chosen: int) -> Updates:
        tab = self._tab
        tokens = [secrets.token_urlsafe(16) for _ in results]
        for token, result in zip(tokens, results, strict=True):
            tab.recent.keep(token, result)
        holes = tab.engine.holes(cast(InpaintRequest, results[0].request))
        numbers = range(1, len(holes.places) + 1)
        choices: list[tuple[Any, int]] = [(label("ge.inpaint.all_holes"), ALL_HOLES)]
        choices += [(str(number), number) for number in numbers]
        return {
            **tab.finished(results[chosen], values),
            tab.view.candidates: gr.update(visible=True),
            tab.view.gallery: [_thumb(result, holes, ALL_HOLES) for result in results],
            tab.view.hole: gr.update(choices=choices, value=ALL_HOLES, visible=holes.count > 1),
            tab.view.tries: Tries(tuple(tokens), holes, (chosen,) * len(numbers)),
        }

    def _tries(self, values: Values) -> Tries:
        """Give what was tried last.

        Raises:
            UserError: nothing was.
        """
        if (tries := values[self._tab.view.tries]) is None:
            raise UserError(both("ge.error.stale"))
        return tries

    @toasts
    def look(self, values: Values) -> Updates:
        """Show the hole that the next click is for, close up."""
        tries, hole = self._tries(values), int(values[self._tab.view.hole] or ALL_HOLES)
        results = [self._tab.recent.get(token) for token in tries.tokens]
        return {self._tab.view.gallery: [_thumb(result, tries.holes, hole) for result in results]}

    @toasts
    def pick(self, values: Values, event: gr.SelectData) -> Updates:
        """Take the clicked candidate for the chosen hole, and show all picks together."""
        tab, tries = self._tab, self._tries(values)
        hole, index = int(values[tab.view.hole] or ALL_HOLES), clicked(event, tries.tokens)
        picks = [index if hole in (ALL_HOLES, number) else pick for number, pick in enumerate(tries.picks, 1)]
        results = [tab.recent.get(token) for token in tries.tokens]
        kept = {tab.view.candidates: gr.update(visible=True), tab.view.tries: replace(tries, picks=tuple(picks))}
        return {**tab.finished(tab.engine.combine(results, picks), values), **kept}


def _thumb(result: EditResult, holes: Holes, hole: int) -> tuple[Image.Image, str]:
    """Cut one hole out with its surroundings, or all of them, numbered; and say what was measured."""
    picture, view = result.images[0], holes.views[hole]
    part = replace(picture, pixels=picture.pixels[view.slices], alpha=None).to_pil().convert("RGB")
    scale = min(1.0, _SHOWN_PX / max(part.size))
    part.thumbnail((_SHOWN_PX, _SHOWN_PX), Image.Resampling.LANCZOS)
    if hole == ALL_HOLES and holes.count > 1:
        draw = ImageDraw.Draw(part)
        for number, (x, y) in enumerate(holes.places, 1):
            place = ((x - view.left) * scale, (y - view.top) * scale)
            draw.text(place, str(number), "white", anchor="mm", font_size=18, stroke_width=3, stroke_fill="#5b21b6")
    return part, f"{status.model_names(result)} · {result.seconds:.1f} s · {result.scores['seam']:.2f}"
