"""The lines of text and the progress bar of the page, as HTML. Pure functions of what they show."""

import math
from collections.abc import Iterable, Sequence

from ganedit.models.card import ModelCard
from ganedit.requests import EditResult, Progress
from ganedit.ui.i18n import STRINGS, Html, both
from ganedit.ui.session import Photo

_FILES_SHOWN = 50


def time_text(seconds: float) -> Html:
    """Give a duration as people say it: tenths below ten seconds, whole minutes and seconds from one minute on."""
    if seconds < 9.95:
        return both("ge.time.seconds", seconds=f"{max(0.1, seconds):.1f}")
    whole = math.ceil(seconds)
    if whole < 60:
        return both("ge.time.seconds", seconds=whole)
    return both("ge.time.minutes", minutes=whole // 60, seconds=whole % 60)


def estimate_line(size: tuple[int, int], seconds: float | None) -> Html:
    """Give the line under the button: (width, height) of the result and how long it will take."""
    width, height = size
    if seconds is None:
        return Html(f'<div class="ge-note">{both("ge.run.estimate_none", width=width, height=height)}</div>')
    text = both("ge.run.estimate", width=width, height=height, time=time_text(seconds))
    return Html(f'<div class="ge-note">{text}</div>')


def progress_line(progress: Progress) -> Html:
    """Give the stage, a bar and the seconds left of a running edit; before the first step ends, the bar has no end."""
    details = []
    if progress.total > 1 and progress.done:
        details.append(both("ge.run.steps", done=progress.done, total=progress.total))
    if progress.seconds_left is not None:
        details.append(both("ge.run.left", time=time_text(progress.seconds_left)))
    share = progress.done / progress.total if progress.done else None
    return _bar(progress.stage, "".join(f" <i>·</i> {detail}" for detail in details), share)


def stage_line(stage: str) -> Html:
    """Give the name of a stage above a bar without an end."""
    return _bar(stage, "", None)


def done_line(result: EditResult) -> Html:
    """Give seconds, size and model of a finished edit, and the sentences the reader should see."""
    picture = result.images[0]
    model = Html(f"<b>{model_names(result)}</b>") if result.model != "none" else both("ge.model.none")
    facts = [time_text(result.seconds), Html(f"{picture.width} × {picture.height}"), model]
    facts += [both(f"ge.result.{name}", score=f"{score:.2f}") for name, score in result.scores.items()]
    line = f'<div class="ge-status done" role="status" aria-live="polite">{" <i>·</i> ".join(facts)}</div>'
    return Html(line + notes_block((*result.notes, *picture.notes)))


def model_names(result: EditResult) -> str:
    """Give the models of a result without the hashes of their weights."""
    return " + ".join(model.partition("@")[0] for model in result.model.split("+"))


def notes_block(notes: tuple[str, ...]) -> Html:
    """Give sentences from the engine as a short list; nothing without sentences, and none of them twice."""
    items = "".join(f"<li>{both_or_plain(note)}</li>" for note in dict.fromkeys(notes))
    return Html(f'<ul class="ge-notes">{items}</ul>' if items else "")


def left_out_block(files: Sequence[tuple[str, str]]) -> Html:
    """Give files that were not used, each with the reason, folded up; nothing without any."""
    if not files:
        return Html("")
    shown = "".join(
        f"<li><code>{Html.escaped(name)}</code> {Html.escaped(reason)}</li>" for name, reason in files[:_FILES_SHOWN]
    )
    summary = both("ge.result.left_out", count=len(files))
    return Html(f'<details class="ge-note"><summary>{summary}</summary><ul lang="en">{shown}</ul></details>')


def photo_card(photo: Photo) -> Html:
    """Give name, size and state of the picture that is in, and what was noticed when it was opened."""
    megapixels = photo.width * photo.height / 1e6
    facts = f"{photo.width} × {photo.height} · {megapixels:.{1 if megapixels >= 1 else 2}f} MP · {photo.kind}"
    pill = ("warn", "ge.input.damaged") if photo.damaged else ("ok", "ge.input.clean")
    return Html(
        f'<div class="ge-photo"><div><b title="{Html.escaped(photo.path.name)}">{Html.escaped(photo.path.name)}</b>'
        f'<span class="ge-note">{facts}</span></div><span class="ge-pill {pill[0]}">{both(pill[1])}</span></div>'
        f"{notes_block(photo.notes)}"
    )


def model_warnings(card: ModelCard | None, *, installed: bool) -> list[Html]:
    """Give the sentences on what stands in the way of a model.

    Args:
        card: the chosen model; None without one.
        installed: its weights are here.
    """
    if card is None:
        return []
    warnings = [] if installed else [both("ge.hint.fetch", id=card.id)]
    return warnings if card.commercial_use else [*warnings, both("ge.hint.license", id=card.id)]


def hint_block(sentences: Iterable[Html]) -> Html:
    """Give the lines under the list of models."""
    return Html(f'<div class="ge-hint">{" ".join(sentences)}</div>')


def warning_line(text: str) -> Html:
    """Give a sentence that says why an edit cannot run as it is set."""
    return Html(f'<div class="ge-note warn" role="status">{both_or_plain(text)}</div>')


def message_line(text: str) -> Html:
    """Give one sentence as the status."""
    return Html(f'<div class="ge-status" role="status" aria-live="polite">{both_or_plain(text)}</div>')


def both_or_plain(text: str) -> Html:
    """Give a sentence as HTML: as it is if it is HTML or a key of the table, else escaped."""
    if text in STRINGS:
        return both(text)
    return text if isinstance(text, Html) else Html.escaped(text)


def _stage_key(stage: str) -> str:
    for key in (stage, f"ge.stage.{stage}"):
        if key in STRINGS:
            return key
    return "ge.stage.upscale"


def _bar(stage: str, details: str, share: float | None) -> Html:
    """Give stage, details and bar; only the stage is a live region, or a screen reader would read every tile."""
    percent = None if share is None else round(100 * share)
    value = "" if percent is None else f' aria-valuenow="{percent}"'
    style = "" if percent is None else f' style="width:{percent}%"'
    moving = " moving" if percent is None else ""
    return Html(
        f'<div class="ge-status busy"><span role="status" aria-live="polite">{both(_stage_key(stage))}</span>{details}'
        f'<div class="ge-bar{moving}" role="progressbar" aria-valuemin="0" aria-valuemax="100"{value}>'
        f"<div{style}></div></div></div>"
    )
