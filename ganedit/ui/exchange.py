"""The "send to" row: every tab may take pictures from the others, and none knows which others there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from ganedit.ui.i18n import label

_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}


@dataclass(frozen=True)
class Target:
    """A tab that takes pictures.

    Attributes:
        key: string-table key of the tab's name.
        tab: id of the tab, to be opened.
        receive: called with the path of the picture's file and the values of ``inputs``; gives those of ``outputs``.
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

    def accept(self, target: Target) -> None:
        """Offer a tab as a target of the others' pictures."""
        self._targets.append(target)

    def offer(self, tab: str, row: gr.Row, file: gr.DownloadButton) -> None:
        """Let a tab hand out pictures: the buttons go into ``row``, the picture is the value of ``file``."""
        self._offers.append((tab, row, file))

    def connect(self, tabs: gr.Tabs) -> None:
        """Draw one button a target into every offer's row, its own tab left out."""
        for tab, row, file in self._offers:
            with row:
                for target in self._targets:
                    if target.tab != tab:
                        self._wire(target, file, tabs)

    def _wire(self, target: Target, file: gr.DownloadButton, tabs: gr.Tabs) -> None:
        def send(values: dict[Block, Any]) -> Any:
            return target.receive(values[file], values)

        button = gr.Button(label(target.key), size="sm", elem_classes="ge-send")
        sent = button.click(send, {file, *target.inputs}, [*target.outputs], **_QUIET)
        sent.success(lambda: gr.Tabs(selected=target.tab), None, tabs, **_QUIET)
