"""What visitors upload, or name by a path, on its way from gradio to the page's events."""

import shutil
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import NamedString
from gradio_client.utils import is_valid_file

from ganedit.errors import UserError
from ganedit.files import shown, writing
from ganedit.ui.i18n import both

_LONGEST_PATH = 4096  # letters, as on Linux


def leave_no_empty_files() -> None:
    """Keep gradio from making an empty temporary file for each file that an event is told of; nothing removes those.

    Set on gradio's classes: it makes its components anew whenever an event changes one, and it writes a file beside
    the source of every class that is derived from one.
    """
    for component in (gr.File, gr.UploadButton):
        component._process_single_file = _path_or_bytes


def put_together(files: list[Path], folder: Path, *, keep: bool = False) -> str:
    """Make one set of uploaded files: of pictures a folder; one zip stays where it is, unless it is to be kept.

    Raises:
        BadRequestError: there is no room.
    """
    is_zip = len(files) == 1 and files[0].suffix.lower() == ".zip"
    if is_zip and not keep:
        return str(files[0])
    with writing(folder):
        folder.mkdir()
        for number, file in enumerate(files):
            target = folder / file.name
            # A name of the longest kind has no room for a number beside it.
            shutil.copyfile(file, target if not target.exists() else folder / f"{number}{file.suffix}")
    return str(folder / files[0].name if is_zip else folder)


def typed_path(text: str) -> str:
    """Give the whole path that somebody typed.

    Raises:
        UserError: it cannot be one.
    """
    try:
        if len(text) <= _LONGEST_PATH:
            return str(Path(text).expanduser().resolve())
    except (OSError, ValueError, RuntimeError):  # a null byte, a home of nobody, links in a circle
        pass
    raise UserError(both("ge.error.path", path=shown(text)))


def _path_or_bytes(self: Any, f: FileData) -> NamedString | bytes:
    if self.type == "binary":
        with open(f.path, "rb") as opened:
            return opened.read()
    if self.file_types and not is_valid_file(f.path, self.file_types):
        raise gr.Error(f"This file is none of {', '.join(self.file_types)}; choose another one.")
    return NamedString(f.path)
