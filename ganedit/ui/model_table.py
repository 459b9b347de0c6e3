"""The Models tab as HTML: which models there are, filtered and searched, and everything about one of them.

Pure functions from the registry's answers to text; both languages are in it and the style sheet shows one.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ganedit.engine import Engine
from ganedit.models.card import ModelCard, Source
from ganedit.ui.i18n import STRINGS, Html, both

SHORT_HASH = 8
_HUBS = {"hf": "huggingface.co", "pypi": "PyPI", "npm": "npm"}


@dataclass(frozen=True)
class ModelRow:
    """One model as the table shows it.

    Attributes:
        card: what is known about the model.
        installed: it can be used without fetching anything.
        loaded: its network is in memory.
    """

    card: ModelCard
    installed: bool
    loaded: bool = False

    @property
    def sha256(self) -> str:
        """Hash of the first source; empty if there is none."""
        return self.card.sources[0].sha256 if self.card.sources else ""


@dataclass(frozen=True)
class Filters:
    """What the user wants to see; the defaults show everything."""

    task: str = ""
    commercial_only: bool = False
    words: str = ""


def read_rows(engine: Engine, filters: Filters = Filters()) -> list[ModelRow]:
    """Ask the registry for the models that pass the filters, in its order."""
    registry = engine.registry
    installed = {row["id"]: bool(row["installed"]) for row in registry.rows()}
    loaded = registry.loaded_ids
    cards = registry.cards(commercial_only=filters.commercial_only)
    return [
        ModelRow(card, installed.get(card.id, False), card.id in loaded)
        for card in cards
        if filters.task in ("", card.task) and _has_words(card, filters.words)
    ]


def _has_words(card: ModelCard, words: str) -> bool:
    """Whether every word occurs somewhere in what the page shows about the model, in either language."""
    shown = (card.id, card.arch, card.license, card.task, card.kind, card.notes, card.paper, card.trained_on)
    text = " ".join((*shown, *STRINGS.get(f"ge.models.for.{card.id}", ()))).casefold()
    return all(word in text for word in words.casefold().split())


def table_html(rows: Sequence[ModelRow], selected: str = "") -> str:
    """Draw the list; the chosen row is marked. A click anywhere in a row chooses it, and so does its button."""
    if not rows:
        return f'<p class="ge-note ge-models-empty">{both("ge.models.empty")}</p>'
    columns = ("model", "license", "size", "state", "kind", "origin", "hash")
    head = "".join(f'<th scope="col" class="ge-col-{name}">{both(f"ge.models.{name}")}</th>' for name in columns)
    body = "".join(_row_html(row, row.card.id == selected) for row in rows)
    return f'<table class="ge-models"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row_html(row: ModelRow, selected: bool) -> str:
    card = row.card
    name = html.escape(card.id)
    purpose = " · ".join(filter(None, (both(f"ge.models.task_{card.task}"), _good_for(card))))
    cells = {
        "model": f'<button type="button" aria-pressed="{str(selected).lower()}">{name}</button>'
        f'<div class="ge-note">{purpose}</div>',
        "license": _license_pill(card),
        "size": size_text(card.size_bytes),
        "state": _state_pill(row),
        "kind": both(f"ge.models.kind_{card.kind}"),
        "origin": _origin(card),
        "hash": f'<code title="{html.escape(row.sha256)}">{html.escape(row.sha256[:SHORT_HASH])}</code>',
    }
    columns = "".join(f'<td class="ge-col-{column}">{cell}</td>' for column, cell in cells.items())
    return f'<tr data-model="{name}"{" class=selected" if selected else ""}>{columns}</tr>'


def details_html(row: ModelRow | None) -> str:
    """Draw the card of one model, or with None the invitation to choose one."""
    if row is None:
        return f'<div class="ge-card ge-model-card"><p class="ge-note">{both("ge.models.pick")}</p></div>'
    card = row.card
    sources = "".join(f"<li><code>{html.escape(_place(source))}</code></li>" for source in card.sources)
    scale = both("ge.models.scale_same") if card.scale == 1 else f"{card.scale}×"
    facts = {
        "license": _license_fact(card),
        "scale": scale,
        "arch": html.escape(card.arch),
        "kind": both(f"ge.models.kind_{card.kind}"),
        "size": size_text(card.size_bytes),
        "denoise": html.escape(card.twin or ""),
        "trained_on": html.escape(card.trained_on) or both("ge.models.unknown"),
        "paper": html.escape(card.paper) or both("ge.models.unknown"),
        "hash": f"<code>{html.escape(row.sha256)}</code>",
        "sources": f"<ol>{sources}</ol>",
    }
    listed = "".join(f"<dt>{both(f'ge.models.{key}')}</dt><dd>{fact}</dd>" for key, fact in facts.items() if fact)
    return (
        f'<div class="ge-card ge-model-card"><h3>{html.escape(card.id)} {_state_pill(row)}</h3>'
        f'<p>{_good_for(card)}</p><p class="ge-note" lang="en">{html.escape(card.notes)}</p><dl>{listed}</dl></div>'
    )


def problems_html(problems: dict[str, str]) -> str:
    """Say which files in the weights folder cannot be used, and why; empty if all can."""
    lines = (both("ge.models.problem", file=name, why=why) for name, why in problems.items())
    return "".join(f'<p class="ge-note ge-model-problem">{line}</p>' for line in lines)


def size_text(size_bytes: int | None) -> str:
    """Write a number of bytes for people, in powers of 1000 as download pages do."""
    if size_bytes is None:
        return "?"
    value, unit = float(size_bytes), "kB"
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.0f} {unit}" if value >= 100 or unit == "kB" else f"{value:.1f} {unit}"


def origin_of(locator: str) -> str:
    """Give the host that a source is fetched from; empty for a file of this machine."""
    scheme = locator.partition(":")[0]
    return _HUBS.get(scheme) or (urlsplit(locator).hostname or "" if scheme in ("http", "https") else "")


def _place(source: Source) -> str:
    """Name a source; of a file of this machine not the folder, which is nobody's business on a shared server."""
    return source.file_name if source.locator.startswith("file:") else source.locator


def _origin(card: ModelCard) -> str:
    host = origin_of(card.sources[0].locator) if card.sources else ""
    return html.escape(host) or both("ge.models.local")


def _good_for(card: ModelCard) -> str:
    """What the model is for, in a few words; a user's own model says what its card says."""
    key = f"ge.models.for.{card.id}"
    return both(key) if key in STRINGS else Html(html.escape(card.notes.split(". ")[0]))


def _pill(text: str, look: str) -> str:
    return f'<span class="ge-pill {look}">{text}</span>'


def _state_pill(row: ModelRow) -> str:
    if row.loaded:
        return _pill(both("ge.models.loaded"), "ok")
    return _pill(both("ge.models.installed"), "ok") if row.installed else _pill(both("ge.models.installed_no"), "off")


def _license_pill(card: ModelCard) -> str:
    if _is_own(card):
        return _pill(both("ge.models.license_unknown"), "off")
    return _pill(html.escape(card.license), "ok" if card.commercial_use else "warn")


def _license_fact(card: ModelCard) -> str:
    if _is_own(card):
        return both("ge.models.license_unknown")
    use = "commercial" if card.commercial_use else "commercial_no"
    return f"{html.escape(card.license)} · {_pill(both(f'ge.models.{use}'), 'ok' if card.commercial_use else 'warn')}"


def _is_own(card: ModelCard) -> bool:
    """Whether the model is a file of the user's own, whose license nobody has told us."""
    return bool(card.sources) and card.sources[0].locator.startswith("file:")
