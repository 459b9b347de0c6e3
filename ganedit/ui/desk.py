"""What every editing tab is made of: the components that the course of an edit reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from ganedit.ui.i18n import label
from ganedit.ui.intake import Intake
from ganedit.ui.result_view import ResultView

Values = dict[Block, Any]
"""What an event function gets: the value of each component that it reads."""

Updates = dict[Block, Any]
"""What an event function gives: the new value or state of each component that it changes."""


@dataclass(frozen=True)
class Memory:
    """What the server remembers of one open page.

    Attributes:
        photo: the ``Photo`` that is in, or None.
        outcome: the ``Outcome`` that is shown, or None.
        history: ``Outcome``s of this session, newest first.
        stopped: the run that is going on, or the last one, was stopped by the visitor.
    """

    photo: gr.State
    outcome: gr.State
    history: gr.State
    stopped: gr.State


@dataclass(frozen=True)
class Actions:
    """The buttons that start and stop an edit."""

    run: gr.Button
    stop: gr.Button


@dataclass(frozen=True)
class Desk:
    """The components of one editing tab.

    Attributes:
        memory: what is remembered of the open page.
        intake: how a picture comes in.
        actions: starting and stopping.
        view: status, stage, download, history.
        file: the control of each field of ``FileChoices``.
        controls: everything whose value the tab reads for an edit; ``file`` need not be repeated.
        stage: the tab's own parts of the stage, shown while there is nothing to compare.
        extras: the tab's own parts that are shown with a result.
        answers: what else the tab's ``picture_in`` and ``result_in`` write to.
    """

    memory: Memory
    intake: Intake
    actions: Actions
    view: ResultView
    file: Mapping[str, Any]  # gradio makes the event methods at run time, so Component does not know them
    controls: tuple[Component, ...]
    stage: tuple[Block, ...]
    extras: tuple[Block, ...] = ()
    answers: tuple[Block, ...] = ()


def build_columns() -> tuple[gr.Column, gr.Column]:
    """Draw the left column, what to do, and the right one, what is shown; on a phone they become one."""
    with gr.Row(elem_classes="ge-desk", equal_height=False):
        side = gr.Column(scale=4, min_width=320, elem_classes="ge-side")
        main = gr.Column(scale=8, min_width=320, elem_classes="ge-main")
    return side, main


def build_actions(tab: str, run_key: str) -> Actions:
    """Draw the buttons.

    Args:
        tab: the tab's id, of which the ids of the components are made.
        run_key: string-table key of what the starting button says.
    """
    with gr.Row(elem_classes="ge-actions"):
        run = gr.Button(
            label(run_key), variant="primary", size="lg", scale=3, elem_id=f"ge-{tab}-run", elem_classes="ge-run"
        )
        stop = gr.Button(
            label("ge.run.stop"),
            variant="stop",
            size="lg",
            scale=1,
            min_width=90,
            visible=False,
            elem_id=f"ge-{tab}-stop",
        )
    return Actions(run, stop)
