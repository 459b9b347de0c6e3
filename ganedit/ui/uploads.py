"""Uploads on their way from gradio to the page's events."""

from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import NamedString
from gradio_client.utils import is_valid_file


def leave_no_empty_files() -> None:
    """Keep gradio from making an empty temporary file for each file that an event is told of; nothing removes those.

    Set on gradio's classes: it makes its components anew whenever an event changes one, and it writes a file beside
    the source of every class that is derived from one.
    """
    for component in (gr.File, gr.UploadButton):
        component._process_single_file = _path_or_bytes


def _path_or_bytes(self: Any, f: FileData) -> NamedString | bytes:
    if self.type == "binary":
        with open(f.path, "rb") as opened:
            return opened.read()
    if self.file_types and not is_valid_file(f.path, self.file_types):
        raise gr.Error(f"This file is none of {', '.join(self.file_types)}; choose another one.")
    return NamedString(f.path)
