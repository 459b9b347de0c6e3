"""The right side of an editing tab: status, stage with the comparison, download, history."""

from dataclasses import dataclass

import gradio as gr

from ganedit.ui.i18n import Html, both, label
from ganedit.ui.theme import page_html

EDIT, COMPARE = "edit", "compare"
"""What the stage shows: the tab's own part of it, or picture and result side by side."""


@dataclass(frozen=True)
class ResultView:
    """What is shown. A tab draws its own parts inside ``stage``, ``row`` and ``below``.

    Attributes:
        status: progress, and what was done.
        switch: switches the stage between ``EDIT`` and ``COMPARE``.
        stage: around everything of which one part is shown: ``empty``, the tab's own part, or ``slider``.
        empty: what to do first.
        slider: picture and result.
        row: the row with download and "send to".
        send: the "send to" buttons, empty until ``Exchange.connect``.
        download: hands out the full-size file.
        below: what a tab says about a result, between ``row`` and ``gallery``.
        gallery: results of this session.
    """

    status: gr.HTML
    switch: gr.Radio
    stage: gr.Column
    empty: gr.HTML
    slider: gr.ImageSlider
    row: gr.Row
    send: gr.Row
    download: gr.DownloadButton
    below: gr.Column
    gallery: gr.Gallery


def build_result_view(tab: str, edit_key: str) -> ResultView:
    """Draw the right side.

    Args:
        tab: the tab's id, of which the ids of the components are made.
        edit_key: string-table key of what the switch calls the tab's own part of the stage.
    """
    with gr.Row(elem_classes="ge-stagebar"):
        status = page_html(elem_id=f"ge-{tab}-status", scale=4)
        switch = gr.Radio(
            [(label(edit_key), EDIT), (label("ge.result.compare"), COMPARE)],
            value=EDIT,
            show_label=False,
            container=False,
            visible=False,
            scale=0,
            min_width=190,
            elem_id=f"ge-{tab}-view",
            elem_classes="ge-seg",
        )
    with gr.Column(elem_classes="ge-stage") as stage:
        empty = page_html(_empty_html(), elem_id=f"ge-{tab}-empty")
        slider = _slider(tab)
    with gr.Row(visible=False, elem_classes="ge-resultbar") as row:
        zoom = f'<div class="ge-note">{both("ge.result.zoom")}</div>'
        page_html(zoom, elem_id=f"ge-{tab}-zoom", elem_classes="ge-zoom", scale=3)
        send = gr.Row(elem_classes="ge-sendrow", scale=1)
        download = _download(tab)
    below = gr.Column(elem_classes="ge-below")
    return ResultView(status, switch, stage, empty, slider, row, send, download, below, _gallery(tab))


def _slider(tab: str) -> gr.ImageSlider:
    return gr.ImageSlider(
        type="filepath",
        format="png",
        interactive=False,
        show_label=False,
        buttons=["fullscreen"],
        max_height=620,
        visible=False,
        elem_id=f"ge-{tab}-slider",
        elem_classes="ge-slider",
    )


def _download(tab: str) -> gr.DownloadButton:
    return gr.DownloadButton(
        label("ge.result.download"),  # pyright: ignore[reportArgumentType]  # gradio translates it all the same
        variant="primary",
        size="md",
        scale=0,
        min_width=170,
        elem_id=f"ge-{tab}-download",
        elem_classes="ge-download",
    )


def _gallery(tab: str) -> gr.Gallery:
    return gr.Gallery(
        label=label("ge.result.history"),
        format="png",
        columns=12,
        height=120,
        allow_preview=False,
        object_fit="cover",
        fit_columns=False,
        buttons=[],
        visible=False,
        interactive=False,
        elem_id=f"ge-{tab}-history",
        elem_classes="ge-history",
    )


def _empty_html() -> Html:
    picture = (
        '<svg viewBox="0 0 64 64" width="64" height="64" fill="none" stroke="currentColor" stroke-width="2.5" '
        'stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><rect x="8" y="12" width="48" height="40" '
        'rx="6"/><path d="M8 44l14-14 11 11 8-8 15 14"/><circle cx="42" cy="24" r="4"/><path d="M32 12v40" '
        'stroke-dasharray="1 6"/></svg>'
    )
    title, how = both("ge.result.empty"), both("ge.result.empty_how")
    return Html(f'<div class="ge-empty">{picture}<b>{title}</b><span>{how}</span></div>')
