"""What the Evaluate tab shows of a report, as HTML and SVG; pure functions, both languages in the text."""

import re
from collections.abc import Mapping
from typing import Any

from ganedit.ui.i18n import Html, both
from ganedit.ui.status import left_out_block
from ganedit.ui.strings import STRINGS

_NAMES = {
    "fid": "frechet",
    "fd": "frechet",
    "kid": "kernel",
    "kd": "kernel",
    "is": "inception_score",
}
_SHARES = ("precision", "recall", "density", "coverage")
_AXIS_END = 1.25  # a density may be above 1
_ARROWS = {"lower": "↓", "higher": "↑", "near 1": "→ 1"}

Number = Mapping[str, Any]


def report_html(report: Mapping[str, Any]) -> Html:
    """Draw the shares as bars, the table of all numbers, and what was compared with what."""
    numbers = report["numbers"]
    columns = ("measure", "value", "interval", "floor", "n")
    head = "".join(f"<th>{both(f'ge.evaluate.{name}')}</th>" for name in columns)
    rows = "".join(map(_row, numbers))
    notes = "".join(f'<p class="ge-note" lang="en">{Html.escaped(note)}</p>' for note in report["notes"])
    digest = str(report["backbone_digest"])[:12]
    return Html(
        f'<div class="ge-report">{notes}{_bars(numbers)}'
        f'<table class="ge-scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="ge-note" lang="en">{Html.escaped(report["split"])}</p>'
        f'<p class="ge-note">{both("ge.evaluate.backbone_is", name=report["backbone"], digest=digest)}</p>'
        f"{left_out_block([file for files in report['refused'].values() for file in files.items()])}</div>"
    )


def _row(number: Number) -> str:
    grayed = ' class="grayed"' if number["grayed"] else ""
    arrow = _ARROWS.get(number["better"], "")
    note = f'<small lang="en">{Html.escaped(number["note"])}</small>' if number["note"] else ""
    name = f"<td>{_title(number)} <i>{arrow}</i><code>{Html.escaped(number['name'])}</code>{note}</td>"
    interval = "–" if number["low"] is None else f"{_shown(number['low'])} – {_shown(number['high'])}"
    cells = (f"<b>{_shown(number['value'])}</b>", interval, _floor(number), number["n"])
    return f"<tr{grayed}>{name}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _floor(number: Number) -> str:
    if number["floor"] is None:
        return "–"
    short = f" <small>({number['floor_n']})</small>" if number["floor_n"] != number["n"] else ""
    return f"{_shown(number['floor'])}{short}"


def _shown(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def measured_by(number: Number) -> str:
    """Tell what a number measures by its name: ``fd_effnet1k`` and ``fid10k`` are both ``frechet``."""
    stem = re.sub(r"(_effnet|_inception)?\d+k?$", "", str(number["name"]))
    return _NAMES.get(stem, stem)


def _title(number: Number) -> Html:
    key = f"ge.evaluate.m_{measured_by(number)}"
    return both(key) if key in STRINGS else Html.escaped(number["name"])


def _bars(numbers: list[Number]) -> str:
    """Draw what lies between 0 and about 1 as bars, with the interval as a line and the floor as a mark."""
    rows = "".join(_bar(number) for number in numbers if measured_by(number) in _SHARES)
    return f'<div class="ge-bars">{rows}<p class="ge-note">{both("ge.evaluate.bars_how")}</p></div>' if rows else ""


def _bar(number: Number) -> str:
    def at(value: float) -> float:
        return 100 * min(max(value / _AXIS_END, 0.0), 1.0)

    marks = f'<rect class="value" x="0" y="4" width="{at(number["value"]):.2f}" height="8"/>'
    if number["low"] is not None:
        marks += f'<line class="range" x1="{at(number["low"]):.2f}" x2="{at(number["high"]):.2f}" y1="8" y2="8"/>'
    if number["floor"] is not None:
        place = f"{at(number['floor']):.2f}"
        marks += f'<line class="floor" x1="{place}" x2="{place}" y1="1" y2="15"/>'
    drawing = f'<svg viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">{marks}</svg>'
    return f"<div><span>{_title(number)}</span>{drawing}<b>{_shown(number['value'])}</b></div>"


def sheet_caption() -> Html:
    """Say what the sheet below shows."""
    return Html(f'<p class="ge-note ge-sheet-caption">{both("ge.evaluate.sheet")}</p>')


def progress_html(progress: Mapping[str, Any]) -> Html:
    """Draw what is being done and how far it is."""
    done, total = progress["done"], progress["total"]
    share = f"{done / total:.1%}" if total else "0"
    count = f" <i>·</i> {done} / {total}" if total else ""
    return Html(
        f'<div class="ge-status busy"><span role="status" aria-live="polite">'
        f"{both('ge.evaluate.stage_' + str(progress['stage']))}</span>{count}"
        f'<div class="ge-bar"><div style="width:{share}"></div></div></div>'
    )


def empty_html() -> Html:
    """Say what this tab is for."""
    words = f"<b>{both('ge.evaluate.empty')}</b><span>{both('ge.evaluate.empty_how')}</span>"
    return Html(f'<div class="ge-stage ge-empty">{words}</div>')
