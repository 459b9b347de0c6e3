"""What the Train tab's events do: start, stop, resume and remove runs, and show the chosen one as it goes."""

import html
import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from PIL import Image

from ganedit.errors import UserError
from ganedit.models.card import Task
from ganedit.ui.clicks import named
from ganedit.ui.fair import address_of
from ganedit.ui.i18n import both
from ganedit.ui.owners import Owners, OwnRuns
from ganedit.ui.run import Run, Wish, recipe_values
from ganedit.ui.runs import Runs
from ganedit.ui.session import Vault
from ganedit.ui.toast import toasts
from ganedit.ui.train_view import plots_html, runs_html, status_html
from ganedit.ui.uploads import typed_path

Updates = dict[Block, Any]
Values = dict[Block, Any]

_RECIPES = Path(__file__).parents[2] / "recipes"


@dataclass(frozen=True)
class Knob:
    """One setting of a recipe that the tab offers.

    Attributes:
        key: the recipe's key.
        choices: what each says, or the key of its sentence, and its value; None for a number.
    """

    key: str
    choices: tuple[tuple[str, str], ...] | None = None


_LOSSES = ("relativistic", "non_saturating", "hinge", "wgan", "least_squares", "minimax")
_SIDES = ("16", "32", "64", "128", "256")
_CONDITIONS = ("none", "class", "text", "attributes")
KNOBS: Mapping[str, Knob] = {
    "kimg": Knob("schedule.kimg"),
    "resolution": Knob("data.resolution", tuple((side, side) for side in _SIDES)),
    "condition": Knob("data.condition", tuple((f"ge.train.condition_{kind}", kind) for kind in _CONDITIONS)),
    "loss": Knob("loss.name", tuple((loss, loss) for loss in _LOSSES)),
    "gamma": Knob("loss.gamma"),
    "batch": Knob("schedule.batch"),
    "augment": Knob(
        "augment.policy", (("ge.train.augment_off", "[]"), ("ge.train.augment_adaptive", '["color", "translation"]'))
    ),
}
"""The settings, by name; an empty one leaves the recipe's own value."""


@dataclass(frozen=True)
class Parts:
    """The components of the tab.

    Attributes:
        source, files, path: where the pictures come from.
        recipe, about: the recipe and what it says of itself.
        knobs: by name in ``KNOBS``.
        start: begins a run.
        listed: all runs.
        status, plots, grid, moment, live, command: the chosen run.
        longer: how long the chosen run shall be when it goes on; empty leaves it.
        stop, resume, opens, snapshot, remove, question, remove_yes, keep: what can be done with it.
        opens: by task of the model, those that open it in the tab that is made for it.
        file: hands out the snapshot; not seen.
        key: in the browser's memory: makes runs its own where strangers train.
        chosen: name of the run that is shown.
        model: id of the model that comes of it.
        seen: what is on the page already, so that nothing is sent twice.
        timer: looks at the runs while one goes on.
    """

    source: gr.Radio
    files: gr.File
    path: gr.Textbox
    recipe: gr.Dropdown
    about: gr.HTML
    knobs: dict[str, Any]
    start: gr.Button
    listed: gr.HTML
    status: gr.HTML
    stop: gr.Button
    longer: gr.Textbox
    resume: gr.Button
    remove: gr.Button
    opens: Mapping[Task, gr.Button]
    snapshot: gr.Button
    file: gr.DownloadButton
    question: gr.HTML
    remove_yes: gr.Button
    keep: gr.Button
    plots: gr.HTML
    grid: gr.Image
    moment: gr.Slider
    live: gr.Checkbox
    command: gr.Code
    key: gr.BrowserState
    chosen: gr.State
    model: gr.State
    seen: gr.State
    timer: gr.Timer


def recipes() -> dict[str, Path]:
    """Give the recipes that come with the program, by name; the one for beginners first."""
    found = {path.stem: path for path in sorted(_RECIPES.glob("*.toml"))}
    return dict(sorted(found.items(), key=lambda item: item[0] != "quickstart"))


def about_recipe(name: str) -> str:
    """Give what a recipe says of itself, and its main facts, as HTML."""
    path = recipes()[name]
    values = recipe_values(path)
    comment = itertools.takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    main = [values[key] for key in ("generator.arch", "discriminator.arch", "loss.name") if key in values]
    sizes = [f"{values.get('data.resolution', 64)} px", f"{values.get('schedule.kimg', 1000):g} kimg"]
    words, facts = " ".join(line.lstrip("# ") for line in comment), " · ".join([*main, *sizes])
    return f'<div class="ge-hint" lang="en">{html.escape(words)}<br>{html.escape(facts)}</div>'


def own_values(name: str) -> dict[str, str]:
    """Give a recipe's own values of the knobs that are typed, by name in ``KNOBS``."""
    values = recipe_values(recipes()[name])
    return {knob: str(values.get(how.key, "")) for knob, how in KNOBS.items() if how.choices is None}


class TrainTab:
    """The tab's events. ``Values`` are read by component, ``Updates`` are written so."""

    def __init__(self, owners: Owners, parts: Parts) -> None:
        """Take whose runs are whose, and the components that show them."""
        self._owners, self.parts, self._vault = owners, parts, Vault()

    @property
    def shown_parts(self) -> list[Any]:
        """Everything that follows the chosen run."""
        parts = self.parts
        shown: list[Component] = [parts.listed, parts.status, parts.plots, parts.grid, parts.moment, parts.live]
        shown += [parts.command, parts.stop, parts.longer, parts.resume, *parts.opens.values(), parts.snapshot]
        shown += [parts.remove, parts.question, parts.remove_yes, parts.keep, parts.chosen, parts.model, parts.seen]
        shown += [parts.timer]
        return [*shown]

    def _mine(self, values: Values, request: gr.Request | None = None) -> Runs | OwnRuns:
        """The runs of whoever calls; a name from a browser is looked up among them alone."""
        return self._owners.of(values[self.parts.key], request and address_of(request))

    @toasts
    def refresh(self, values: Values) -> Updates:
        """Show the chosen run anew; the newest if none is chosen."""
        chosen, live = str(values[self.parts.chosen]), bool(values[self.parts.live])
        return self._show(self._mine(values), chosen, live=live, seen="")

    @toasts
    def tick(self, values: Values) -> Any:
        """Show what is new."""
        parts = self.parts
        chosen, live, seen = str(values[parts.chosen]), bool(values[parts.live]), str(values[parts.seen])
        return self._show(self._mine(values), chosen, live=live, seen=seen) or gr.skip()

    @toasts
    def choose(self, values: Values, event: gr.EventData) -> Updates:
        """Show the run that was clicked."""
        return self._show(self._mine(values), named(event, "run"), live=True, seen="")

    @toasts
    def start(self, values: Values, request: gr.Request | None = None) -> Updates:
        """Begin a run with the chosen pictures, recipe and settings."""
        parts = self.parts
        settings = {
            knob.key: str(values[parts.knobs[name]]).strip()
            for name, knob in KNOBS.items()
            if str(values[parts.knobs[name]] or "").strip()
        }
        _length(settings.get(KNOBS["kimg"].key, ""))
        recipe = recipes()[str(values[parts.recipe])]
        key = self._owners.key(values[parts.key])
        mine = self._mine({parts.key: key}, request)
        run = mine.start(Wish(str(recipe), self._data(values, mine), settings))
        return {parts.key: key, **self._show(mine, run.name, live=True, seen="")}

    def _data(self, values: Values, mine: Runs | OwnRuns) -> str:
        parts = self.parts
        source = values[parts.source]
        if source == "shapes":
            return "shapes"
        path = str(values[parts.path] or "").strip()
        if source == "path" and path:
            return typed_path(path)
        files = values[parts.files]
        if source != "upload" or not files:
            raise UserError(both("ge.train.need_data"))
        return mine.take_uploads([Path(file) for file in files])

    @toasts
    def stop(self, values: Values) -> Updates:
        """End the chosen run, saved."""
        self._mine(values).stop(str(values[self.parts.chosen]))
        return self.refresh(values)

    @toasts
    def resume(self, values: Values, request: gr.Request | None = None) -> Updates:
        """Let the chosen run go on, for longer if a length is given."""
        kimg = _length(str(values[self.parts.longer] or "").strip())
        self._mine(values, request).resume(str(values[self.parts.chosen]), kimg)
        return self.refresh(values) | {self.parts.longer: gr.update(value="", visible=False)}

    @toasts
    def ask(self, chosen: str) -> Updates:
        """Ask once before removing."""
        parts = self.parts
        question = f'<div class="ge-status" role="status">{both("ge.train.remove_ask", name=chosen)}</div>'
        return {
            parts.remove: gr.update(visible=False),
            parts.question: gr.update(value=question, visible=True),
            parts.remove_yes: gr.update(visible=True),
            parts.keep: gr.update(visible=True),
        }

    @toasts
    def remove(self, values: Values) -> Updates:
        """Delete the chosen run."""
        mine = self._mine(values)
        mine.remove(str(values[self.parts.chosen]))
        return self._show(mine, "", live=True, seen="")

    @toasts
    def scrub(self, values: Values) -> Any:
        """Show the samples of another moment, and stay there."""
        run = self._mine(values).get(str(values[self.parts.chosen]))
        grids = run.grids() if run else []
        if not grids:
            return gr.skip()
        at = min(int(values[self.parts.moment]), len(grids) - 1)
        return {
            self.parts.grid: _picture(grids[at]),
            self.parts.live: at == len(grids) - 1,
            self.parts.moment: gr.update(label=_moment(grids[at])),
        }

    @toasts
    def publish(self, values: Values) -> None:
        """See to it that the newest snapshot can be opened in other tabs."""
        self._mine(values).publish(str(values[self.parts.chosen]))

    @toasts
    def give_snapshot(self, values: Values) -> str:
        """Hand out the newest snapshot."""
        run = self._mine(values).get(str(values[self.parts.chosen]))
        snapshot = run.snapshot() if run else None
        if run is None or snapshot is None:
            raise UserError(both("ge.error.expired"))
        # The page may show files of its own only.
        copy = self._vault.path(self._vault.folder(), f"{run.name}.safetensors")
        shutil.copyfile(snapshot, copy)
        return str(copy)

    @toasts
    def show_source(self, source: str) -> Updates:
        """Show where pictures can be put."""
        parts = self.parts
        return {parts.files: gr.update(visible=source == "upload"), parts.path: gr.update(visible=source == "path")}

    @toasts
    def show_recipe(self, name: str) -> Updates:
        """Show what a recipe says of itself, and its own values where others can be typed."""
        own = own_values(name)
        return {
            self.parts.about: about_recipe(name),
            **{self.parts.knobs[knob]: gr.update(placeholder=value) for knob, value in own.items()},
        }

    # -------------------------------------------------------------------- view

    def _show(self, mine: Runs | OwnRuns, chosen: str, *, live: bool, seen: str) -> Updates:
        runs = mine.all()
        run = next((run for run in runs if run.name == chosen), runs[0] if runs else None)
        ticks, grids = (run.stats(), run.grids()) if run else ([], [])
        going = any(each.is_live for each in runs)
        now = repr(([(each.name, each.state) for each in runs], run and run.name, len(ticks), len(grids), live))
        if now == seen:
            return {}
        parts = self.parts
        updates: Updates = {
            parts.listed: runs_html(runs, run.name if run else ""),
            parts.status: status_html(run, ticks),
            parts.plots: plots_html(ticks),
            parts.command: gr.update(value=run.shown_command() if run else "", visible=run is not None),
            parts.chosen: run.name if run else "",
            parts.model: run.model if run else "",
            parts.seen: now,
            parts.timer: gr.update(active=going),
            parts.question: gr.update(visible=False),
            parts.remove_yes: gr.update(visible=False),
            parts.keep: gr.update(visible=False),
        }
        return updates | self._show_actions(run) | self._show_grids(grids, live=live)

    def _show_actions(self, run: Run | None) -> Updates:
        parts = self.parts
        rests = run is not None and not run.is_live
        usable = run is not None and run.snapshot() is not None
        return {
            parts.stop: gr.update(visible=run is not None and run.state in ("waiting", "training")),
            parts.longer: gr.update(placeholder=f"{run.kimg:g}" if run else "", visible=rests),
            parts.resume: gr.update(visible=rests),
            **{
                button: gr.update(visible=usable and run is not None and run.task == task)
                for task, button in parts.opens.items()
            },
            parts.snapshot: gr.update(visible=usable),
            parts.remove: gr.update(visible=rests),
        }

    def _show_grids(self, grids: list[Path], *, live: bool) -> Updates:
        parts = self.parts
        many = len(grids) > 1
        updates: Updates = {parts.live: gr.update(visible=many, value=live)}
        if not grids:
            return updates | {parts.grid: gr.update(value=None, visible=False), parts.moment: gr.update(visible=False)}
        last = max(1, len(grids) - 1)
        if live:
            updates[parts.grid] = gr.update(value=_picture(grids[-1]), visible=True)
            updates[parts.moment] = gr.update(maximum=last, value=last, visible=many, label=_moment(grids[-1]))
        else:
            updates[parts.moment] = gr.update(maximum=last, visible=many)
        return updates


def _length(typed: str) -> float | None:
    """Give a length in thousand pictures; None if nothing was typed."""
    try:
        return float(typed) if typed else None
    except ValueError as error:
        raise UserError(both("ge.train.longer_number")) from error


def _picture(grid: Path) -> Image.Image:
    """Open a grid here: the runs may lie in a folder from which the page may show no files."""
    with Image.open(grid) as picture:
        return picture.copy()


def _moment(grid: Path) -> str:
    return f"{int(grid.stem) / 1000:g} kimg"
