"""Which event leads where on every editing tab. What the events do: ``editing``."""

from typing import Any

import gradio as gr

from ganedit.ui.editing import EditTab
from ganedit.ui.exchange import Exchange, Target
from ganedit.ui.file_choices import show_fields

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
LIGHT: dict[str, Any] = {**QUIET, "concurrency_limit": None}
OPENS: dict[str, Any] = {**QUIET, "concurrency_id": "pictures", "concurrency_limit": 4}
"""Opens large pictures, and may have to wait for memory: only so many do at once, so that light events find room."""

LATEST: dict[str, Any] = {**LIGHT, "trigger_mode": "always_last"}


def wire(tab: EditTab, exchange: Exchange) -> None:
    """Wire what every editing tab has.

    Args:
        tab: its desk is set.
        exchange: draws the tab's "send to" row later, and offers this tab to the others.
    """
    _wire_intake(tab)
    _wire_run(tab)
    _wire_result(tab)
    exchange.accept(Target(f"ge.tab.{tab.name}", tab.name, tab.take, tab.read, tab.intake_outputs))
    exchange.offer(tab.name, tab.desk.view.send, tab.desk.view.download)


def _wire_intake(tab: EditTab) -> None:
    intake, read, outputs = tab.desk.intake, tab.read, tab.intake_outputs
    taken = [
        intake.drop.upload(tab.take_upload, {intake.drop, intake.change, *read}, outputs, **OPENS),
        intake.change.upload(tab.take_upload, {intake.drop, intake.change, *read}, outputs, **OPENS),
        intake.examples.click(tab.take_example, {*read}, outputs, **OPENS),
    ]
    for event in taken:
        # Also after a refusal: both must be ready for the next file, and neither may offer the last one again.
        event.then(lambda: (None, None), None, [intake.drop, intake.change], **LIGHT)


def _wire_run(tab: EditTab) -> None:
    memory, status, stop = tab.desk.memory, tab.desk.view.status, tab.desk.actions.stop
    buttons, started = [*tab.runs, stop], []
    for button, run in tab.runs.items():
        waiting = button.click(tab.wait, memory.photo, [status, memory.stopped, *buttons], **LIGHT, trigger_mode="once")
        running = waiting.success(
            run,
            {memory.history, memory.outcome, *tab.read},
            tab.run_outputs,
            concurrency_limit=1,
            concurrency_id="gpu",
            **QUIET,
        )
        # Gradio follows an error with "failure" alone, and a cancelled event with both.
        running.then(tab.idle, None, buttons, **LIGHT)
        running.failure(tab.broken_off, [memory.stopped, memory.outcome], [status, *buttons], **LIGHT)
        started.append(running)
    stop.click(tab.stop, None, [status, memory.stopped, stop], cancels=started, **LIGHT)


def _wire_result(tab: EditTab) -> None:
    memory, view, file = tab.desk.memory, tab.desk.view, tab.desk.file
    view.switch.input(tab.switch_stage, view.switch, tab.stage_parts, **LIGHT)
    view.gallery.select(tab.reopen, memory.history, tab.run_outputs, **LIGHT)
    gr.on(
        [part.change for part in file.values()],
        tab.rewrite,
        {memory.outcome, memory.history, *file.values()},
        [memory.outcome, memory.history, view.download],
        **{**LATEST, **OPENS},
    )
    file["format"].change(show_fields, file["format"], [file["quality"], file["depth"]], **LIGHT)
