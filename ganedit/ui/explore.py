"""The latent tools below the gallery of the Generate tab: what they are, and how they are wired."""

from typing import Any

import gradio as gr

from ganedit.requests import MAX_FRAMES
from ganedit.ui.edit_wiring import LATEST, LIGHT
from ganedit.ui.explore_events import DIRECTIONS, Explorer, Tools
from ganedit.ui.i18n import both, label
from ganedit.ui.intake import PICTURE_FILES
from ganedit.ui.theme import page_html

_FARTHEST = 2


def build_explore() -> Tools:
    """Draw the tools, folded up."""
    with gr.Accordion(
        label("ge.explore.title"),  # pyright: ignore[reportArgumentType]
        open=False,
        visible=False,
        elem_id="ge-explore",
    ) as panel:
        page_html(f'<div class="ge-note">{both("ge.explore.how")}</div>')
        with gr.Row():
            with gr.Column(scale=2, min_width=240):
                painted = _build_desk()
            with gr.Column(scale=3, min_width=280):
                moved = _build_moves()
        near, way = _build_near(), _build_way()
    return Tools(
        panel=panel,
        base=gr.State(None),
        kept=gr.BrowserState({}, storage_key="ganedit-directions", secret="ganedit"),
        **painted,
        **moved,
        **near,
        **way,
    )


def _build_desk() -> dict[str, Any]:
    painted = gr.Image(
        label=label("ge.explore.painted"),
        format="png",
        interactive=False,
        buttons=[],
        height=260,
        elem_id="ge-explore-painted",
        elem_classes="ge-pixels",
    )
    with gr.Row():
        take = gr.Button(label("ge.explore.take"), variant="primary", size="md", elem_id="ge-explore-take")
        reset = gr.Button(label("ge.explore.reset"), size="md", elem_id="ge-explore-reset")
    photo = gr.UploadButton(
        label("ge.explore.photo"),  # pyright: ignore[reportArgumentType]
        file_types=PICTURE_FILES,
        size="md",
        elem_id="ge-explore-photo",
    )
    error = gr.Image(
        label=label("ge.explore.error"),
        format="png",
        interactive=False,
        buttons=[],
        height=200,
        visible=False,
        elem_id="ge-explore-error",
        elem_classes="ge-pixels",
    )
    return {"painted": painted, "take": take, "reset": reset, "photo": photo, "error": error}


def _build_moves() -> dict[str, Any]:
    page_html(f'<div class="ge-note"><b>{both("ge.explore.directions")}</b></div>')
    moves = []
    for row in range(0, DIRECTIONS, 2):
        with gr.Row():
            moves += [
                gr.Slider(
                    -_FARTHEST,
                    _FARTHEST,
                    0,
                    step=0.1,
                    label=str(number + 1),
                    min_width=120,
                    elem_id=f"ge-explore-move-{number + 1}",
                )
                for number in (row, row + 1)
            ]
    names = gr.Textbox(label=label("ge.explore.names"), max_lines=1, elem_id="ge-explore-names")
    with gr.Row():
        mix_seed = gr.Number(None, label=label("ge.explore.mix_seed"), precision=0, elem_id="ge-explore-mix-seed")
        mix_level = gr.Slider(1, 4, 2, step=1, label=label("ge.explore.mix_level"), elem_id="ge-explore-mix-level")
    return {"moves": tuple(moves), "names": names, "mix_seed": mix_seed, "mix_level": mix_level}


def _build_near() -> dict[str, Any]:
    with gr.Row(equal_height=True):
        distance = gr.Slider(
            0.05, 1, 0.3, step=0.05, label=label("ge.explore.distance"), scale=3, elem_id="ge-explore-distance"
        )
        near = gr.Button(label("ge.explore.near"), size="md", scale=1, min_width=150, elem_id="ge-explore-near")
    return {"distance": distance, "near": near}


def _build_way() -> dict[str, Any]:
    with gr.Row(equal_height=True):
        way_to = gr.Number(1, label=label("ge.explore.way_to"), precision=0, minimum=0, elem_id="ge-explore-way-to")
        frames = gr.Slider(2, MAX_FRAMES, 24, step=1, label=label("ge.explore.frames"), elem_id="ge-explore-frames")
        kind = gr.Radio(
            ["GIF", "MP4"],
            value="GIF",
            label=label("ge.explore.kind"),
            elem_id="ge-explore-kind",
            elem_classes="ge-seg",
        )
        way = gr.Button(label("ge.explore.way"), size="md", min_width=150, elem_id="ge-explore-way")
    clip = gr.Image(
        label=label("ge.explore.clip"),
        type="filepath",
        format="gif",
        interactive=False,
        buttons=[],
        height=260,
        visible=False,
        elem_id="ge-explore-clip",
        elem_classes="ge-pixels",
    )
    download = gr.DownloadButton(
        label("ge.explore.download"),  # pyright: ignore[reportArgumentType]
        size="md",
        visible=False,
        elem_id="ge-explore-download",
    )
    return {
        "way_to": way_to,
        "frames": frames,
        "kind": kind,
        "way": way,
        "clip": clip,
        "clip_file": download,
    }


def wire_explore(explorer: Explorer) -> None:
    """Connect the tools with the gallery of the tab."""
    tools, parts = explorer.tools, explorer.tab.parts
    picked = [parts.drawn, parts.chosen]
    for state in picked:
        state.change(explorer.begin, {*picked, tools.kept}, explorer.begun, **LATEST)
    live = (*tools.moves, tools.mix_level)
    gr.on([each.input for each in live], explorer.paint, explorer.read, tools.painted, **LATEST)
    tools.mix_seed.change(explorer.paint, explorer.read, tools.painted, **LATEST)
    tools.reset.click(explorer.begin, {*picked, tools.kept}, explorer.begun, **LIGHT)
    gr.on([tools.names.submit, tools.names.blur], explorer.name, explorer.named, [tools.kept, *tools.moves], **LIGHT)
    read, written = explorer.read, explorer.tab.written
    explorer.tab.wire_drawing(
        [
            (tools.take.click, explorer.take, read, written),
            (tools.near.click, explorer.near, read, written),
            (tools.way.click, explorer.way, read, [parts.status, tools.clip, tools.clip_file]),
            (tools.photo.upload, explorer.find, {tools.photo, parts.model, *read}, explorer.found),
        ]
    )
