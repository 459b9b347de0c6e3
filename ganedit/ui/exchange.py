"""How tabs hand things over: pictures by the "send to" row, models by a button; none knows which others there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from ganedit.ui.i18n import label

_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
_OPENS: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 4}

Trigger = Callable[..., Any]
"""What an event hangs on: ``button.click``, or ``success`` of the event before."""


@dataclass(frozen=True)
class Target:
    """A tab that takes pictures, or models.

    Attributes:
        key: string-table key of the tab's name.
        tab: id of the tab, to be opened.
        receive: called with the path of the picture's file, or the id of the model, and the values of ``inputs``; gives
            those of ``outputs``.
        inputs: components that ``receive`` reads.
        outputs: components that ``receive`` fills.
    """

    key: str
    tab: str
    receive: Callable[[str, dict[Block, Any]], Any]
    inputs: Sequence[Component]
    outputs: Sequence[Block]


@dataclass
class Exchange:
    """Collects who takes and who gives while the tabs are built; ``connect`` draws the buttons at the end."""

    _targets: list[Target] = field(default_factory=list)
    _offers: list[tuple[str, gr.Row, gr.DownloadButton]] = field(default_factory=list)
    _model_targets: dict[str, Target] = field(default_factory=dict)
    _model_offers: list[tuple[Trigger, Component, str]] = field(default_factory=list)

    def accept(self, target: Target) -> None:
        """Offer a tab as a target of the others' pictures."""
        self._targets.append(target)

    def offer(self, tab: str, row: gr.Row, file: gr.DownloadButton) -> None:
        """Let a tab hand out pictures: the buttons go into ``row``, the picture is the value of ``file``."""
        self._offers.append((tab, row, file))

    def accept_models(self, target: Target) -> None:
        """Make a tab one in which the others' models are opened."""
        self._model_targets[target.tab] = target

    def offer_model(self, trigger: Trigger, model: Component, tab: str) -> None:
        """Let a tab hand a model to another: when ``trigger`` fires, the one whose id is the value of ``model``."""
        self._model_offers.append((trigger, model, tab))

    def connect(self, tabs: gr.Tabs) -> None:
        """Draw one button a target into every offer's row, its own tab left out, and wire the models."""
        for tab, row, file in self._offers:
            with row:
                for target in self._targets:
                    if target.tab != tab:
                        button = gr.Button(label(target.key), size="sm", elem_classes="ge-send")
                        self._wire(button.click, target, file, tabs)
        for trigger, model, tab in self._model_offers:
            if tab in self._model_targets:
                self._wire(trigger, self._model_targets[tab], model, tabs)

    def _wire(self, trigger: Trigger, target: Target, source: Component, tabs: gr.Tabs) -> None:
        def send(values: dict[Block, Any]) -> Any:
            return target.receive(values[source], values)

        sent = trigger(send, {source, *target.inputs}, [*target.outputs], **{**_QUIET, **_OPENS})
        sent.success(lambda: gr.Tabs(selected=target.tab), None, tabs, **_QUIET)
