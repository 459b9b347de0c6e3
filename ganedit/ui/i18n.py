"""The languages of the page, over the table in ``ganedit.ui.strings``.

Labels are translated in the browser (``label``). HTML made on the server carries both languages and the style sheet
shows the one of the page (``both``), so a switch of language needs no round trip.
"""

import html
from typing import Any

import gradio as gr
from gradio.i18n import I18nData

from ganedit.errors import cut
from ganedit.ui.strings import STRINGS

_LANGUAGES = ("en", "zh")


def label(key: str) -> I18nData:
    """Give what a gradio component takes as label, value or placeholder; the browser translates it."""
    if key not in STRINGS:
        raise KeyError(key)
    return I18nData(key)


class Html(str):
    """Text that is HTML already and must not be escaped again."""

    __slots__ = ()

    @classmethod
    def escaped(cls, text: Any) -> "Html":
        """Make HTML of anything; what is HTML already stays as it is."""
        return text if isinstance(text, Html) else cls(html.escape(str(text)))


def both(key: str, **values: Any) -> Html:
    """Give HTML with the sentence in both languages, of which the style sheet shows the page's one.

    Args:
        key: a key of ``STRINGS``; the sentence itself may contain HTML.
        values: fill the sentence's braces, and are escaped unless they come from ``both`` themselves (``Html``).
    """
    spans = []
    for language, sentence in zip(_LANGUAGES, STRINGS[key], strict=True):
        filled = sentence.format(**{name: _filling(value) for name, value in values.items()})
        spans.append(f'<span lang="{language}">{filled}</span>')
    return Html("".join(spans))


def _filling(value: Any) -> Html:
    return value if isinstance(value, Html) else Html.escaped(cut(value))


def plain(key: str, request: gr.Request | None, **values: Any) -> str:
    """Give the sentence in the one language that the request's browser asks for; English without a request."""
    accepted = request.headers.get("accept-language", "") if request else ""
    return STRINGS[key][1 if accepted.lower().startswith("zh") else 0].format(**values)


def translations() -> gr.I18n:
    """Give the table as gradio wants it at launch. "zh" does not fall back to "zh-CN", so both are there."""
    english = {key: texts[0] for key, texts in STRINGS.items()}
    chinese = {key: texts[1] for key, texts in STRINGS.items()}
    return gr.I18n(en=english, **{"zh": chinese, "zh-CN": chinese, "zh-TW": chinese})
