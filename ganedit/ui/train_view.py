"""What the Train tab shows of a run, as HTML and SVG; pure functions, both languages in the text."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganedit.stopping import SAVE_SECONDS
from ganedit.ui.i18n import Html, both
from ganedit.ui.run import Run
from ganedit.ui.status import left_out_block, time_text

_WIDTH, _HEIGHT = 600, 150  # units of the drawing, which is stretched to its box
_POINTS = 400  # more cannot be told apart at this width
_LOOK = {"training": "ok", "finished": "ok", "waiting": "off", "stopped": "off", "stopping": "warn", "failed": "warn"}
_HEALTH = {"ok": "ok", "watch": "warn", "ill": "warn"}

Ticks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Panel:
    """One plot.

    Attributes:
        title: key of its heading.
        curves: keys of the journal, each with the key of its name.
        low, high: what the axis shows at least; None follows the numbers.
    """

    title: str
    curves: Mapping[str, str]
    low: float | None = None
    high: float | None = None


PANELS = (
    Panel("ge.train.losses", {"loss_g": "ge.train.loss_g", "loss_d": "ge.train.loss_d"}),
    Panel("ge.train.signs", {"real_sign": "ge.train.d_real", "fake_sign": "ge.train.d_fake"}, -1, 1),
    Panel("ge.train.variety", {"vendi": "ge.train.diversity"}, 0, 1),
)


def runs_html(runs: Sequence[Run], chosen: str) -> str:
    """Draw the list of runs; a click on one chooses it."""

    def row(run: Run) -> str:
        name, pressed = html.escape(run.name), str(run.name == chosen).lower()
        button = f'<button type="button" data-run="{name}" aria-pressed="{pressed}">'
        return f"<li>{button}<b>{name}</b>{_state(run)}</button></li>"

    rows = "".join(map(row, runs))
    heading = f'<div class="ge-note">{both("ge.train.runs")}</div>' if rows else ""
    return f'{heading}<ul class="ge-runs">{rows}</ul>'


def status_html(run: Run | None, ticks: Ticks) -> str:
    """Draw how a run is: its state, how far it is, how fast, what the doctor says, and what it learns from."""
    if run is None:
        words = f"<b>{both('ge.train.empty')}</b><span>{both('ge.train.empty_how')}</span>"
        return f'<div class="ge-stage ge-empty">{words}</div>'
    last: Mapping[str, Any] = next((tick for tick in reversed(ticks) if "images_per_second" in tick), {})
    facts = [_state(run)]
    if run.state == "waiting":
        facts.append(both("ge.train.waits"))
    elif last:
        facts.append(both("ge.train.kimg_of", done=f"{last['kimg']:g}", total=f"{run.kimg:g}"))
        if run.is_live:
            facts.append(both("ge.train.rate", rate=f"{last['images_per_second']:.3g}"))
            facts.append(both("ge.train.left", time=time_text(last["seconds_left"])))
    elif run.is_live:
        facts.append(both("ge.train.first"))
    if run.state == "stopping":
        facts.append(both("ge.train.stopping", seconds=SAVE_SECONDS))
    facts = [f"<span>{fact}</span>" for fact in facts]
    moving = run.state == "training" and not last
    share = min(1.0, last["kimg"] / run.kimg) if last and run.kimg else 0.32 * moving
    bar = f'<div class="ge-bar{" moving" * moving}"><div style="width:{share:.1%}"></div></div>'
    message = f'<p class="ge-note warn" lang="en">{html.escape(run.message)}</p>' if run.message else ""
    return (
        f'<div class="ge-card ge-train-status" role="status"><h3>{html.escape(run.name)}</h3>'
        f'<div class="ge-train-facts">{"".join(facts)}</div>{bar}{message}{_verdict(ticks)}{_data(run.data())}</div>'
    )


def _verdict(ticks: Ticks) -> str:
    if not ticks or "verdict" not in ticks[-1]:
        return ""
    look = _HEALTH.get(ticks[-1].get("health", ""), "off")
    return f'<p class="ge-verdict {look}" lang="en">{html.escape(str(ticks[-1]["verdict"]))}</p>'


def _data(about: Mapping[str, Any]) -> str:
    if not about:
        return ""
    facts = [both("ge.train.pictures", count=f"{about['pictures']:,}")]
    if about["classes"]:
        facts.append(both("ge.train.classes", count=len(about["classes"])))
    if about["license"]:
        facts.append(Html.escaped(about["license"].splitlines()[0]))
    notes = "".join(f'<p class="ge-note" lang="en">{Html.escaped(note)}</p>' for note in about["notes"])
    return f'<p class="ge-note">{" · ".join(facts)}</p>{notes}{left_out_block([*about["skipped"].items()])}'


def _state(run: Run) -> str:
    return f'<span class="ge-pill {_LOOK[run.state]}">{both(f"ge.train.state_{run.state}")}</span>'


def plots_html(ticks: Ticks) -> str:
    """Draw all panels over the images seen; nothing before there are two ticks."""
    if len(ticks) < 2:
        return ""
    step = -(-len(ticks) // _POINTS)
    thin = [*ticks[:-1:step], ticks[-1]]
    drawn = [
        _panel(panel, thin)
        for panel in PANELS
        if any(tick.get(key) is not None for tick in thin for key in panel.curves)
    ]
    return f'<div class="ge-plots">{"".join(drawn)}</div>'


def _panel(panel: Panel, ticks: Ticks) -> str:
    values = [tick[key] for key in panel.curves for tick in ticks if tick.get(key) is not None]
    low, high = _bounds(values, panel)
    last_kimg = max(tick["kimg"] for tick in ticks) or 1.0

    def place(kimg: float, value: float) -> str:
        return f"{kimg / last_kimg * _WIDTH:.1f},{_down(min(max(value, low), high), low, high):.1f}"

    curves, names = [], []
    for number, (key, name) in enumerate(panel.curves.items()):
        points = " ".join(place(tick["kimg"], tick[key]) for tick in ticks if tick.get(key) is not None)
        curves.append(f'<polyline class="c{number}" points="{points}"/>')
        names.append(f'<span class="c{number}">{both(name)}</span>')
    legend = f"<figcaption><b>{both(panel.title)}</b>{''.join(names)}</figcaption>"
    drawing = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
    drawing += f"{_lines(low, high)}{''.join(curves)}</svg>"
    # The numbers are text of the page, or they would be stretched too.
    sides = "".join(f"<i>{value:.3g}</i>" for value in (high, (high + low) / 2, low))
    axis = f'<div class="x"><span>0</span><span>{last_kimg:g} kimg</span></div>'
    return f'<figure>{legend}<div class="plot">{drawing}<div class="y">{sides}</div></div>{axis}</figure>'


def _bounds(values: Sequence[float], panel: Panel) -> tuple[float, float]:
    """Give the axis: what the panel asks for and all numbers but the wildest, which would flatten the rest."""
    ordered = sorted(values)
    cut = len(ordered) // 50
    low, high = ordered[cut], ordered[-1 - cut]
    low = min(low, panel.low if panel.low is not None else 0.0)
    high = max(high, panel.high) if panel.high is not None else high
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _lines(low: float, high: float) -> str:
    heights = [_HEIGHT * share for share in (0, 0.5, 1)]
    lines = "".join(f'<line x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>' for y in heights)
    if low < 0 < high:
        zero = f"{_down(0.0, low, high):.1f}"
        lines += f'<line class="zero" x1="0" x2="{_WIDTH}" y1="{zero}" y2="{zero}"/>'
    return lines


def _down(value: float, low: float, high: float) -> float:
    """How far below the top of the drawing a value is."""
    return (high - value) / (high - low) * _HEIGHT
