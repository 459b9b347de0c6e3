"""The painter: a picture on which a visitor paints the mask of an edit.

Strokes never leave the browser. The value that an event of the page reads is the picture's address and the mask as it
is at that moment, so that nothing is still on its way when an edit starts.
"""

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.route_utils import API_PREFIX
from gradio_client.utils import encode_file_path
from PIL import Image

from ganedit.errors import BadRequestError
from ganedit.ui.i18n import Html, both

EMPTY: dict[str, Any] = {"picture": "", "mask": "", "stroke": "", "turn": 0}
"""The value of a painter without a picture, which shows nothing."""

_PNG_ADDRESS = "data:image/png;base64,"
_PNG_HEADER = struct.Struct(">8sI4sII")  # signature, length and name of the first chunk, width, height
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_ROOM_BYTES = 4096
_HALF = 128  # level of 255 from which on a pixel counts as opaque, or as bright

# Icons on a grid of 20 by 20. The keys are the script's names of the commands.
_ICONS = {
    "brush": '<path d="M16.6 3.4 9.2 10.2M8.2 10.6c1.5.2 2.6 1.3 2.8 2.8-.6 2.6-4 3.4-7 2.8 1.6-1.4.6-5 4.2-5.6z"/>',
    "eraser": '<path d="m11.2 3.6 5.2 5.2-7 7H6.2l-3-3zM7.4 7.4l5.2 5.2M9.4 15.8h7"/>',
    "select": '<path d="m3.6 16.4 8-8 1.8 1.8-8 8zM14 2.8v3.6m-1.8-1.8h3.6m.6 5v2.8M15 11h2.8M7 3.8v2.6M5.7 5.1h2.6"/>',
    "undo": '<path d="M7.2 4 3.6 7.6l3.6 3.6M4 7.6h7.6a4.4 4.4 0 0 1 0 8.8H8.4"/>',
    "redo": '<path d="m12.8 4 3.6 3.6-3.6 3.6M16 7.6H8.4a4.4 4.4 0 0 0 0 8.8h3.2"/>',
    "invert": '<circle cx="10" cy="10" r="6.6"/><path d="M10 3.4a6.6 6.6 0 0 1 0 13.2z" fill="currentColor"/>',
    "clear": '<path d="M3.8 5.6h12.4M8 5.4V3.6h4v1.8M5.4 5.8l.8 10.6h7.6l.8-10.6M8.4 9v4.4M11.6 9v4.4"/>',
    "out": '<circle cx="8.8" cy="8.8" r="5.4"/><path d="m12.8 12.8 4 4M6.4 8.8h4.8"/>',
    "fit": '<path d="M3.6 7.4V3.6h3.8M12.6 3.6h3.8v3.8M16.4 12.6v3.8h-3.8M7.4 16.4H3.6v-3.8"/>',
    "in": '<circle cx="8.8" cy="8.8" r="5.4"/><path d="m12.8 12.8 4 4M6.4 8.8h4.8M8.8 6.4v4.8"/>',
    "original": '<path d="M2.4 10S5.2 4.8 10 4.8s7.6 5.2 7.6 5.2-2.8 5.2-7.6 5.2S2.4 10 2.4 10z"/>'
    '<circle cx="10" cy="10" r="2.4"/>',
}
_KEYS = {"brush": "B", "eraser": "E", "select": "S", "undo": "Ctrl Z", "redo": "Ctrl Y", "fit": "0", "original": "O"}
_TOGGLES = {"brush", "eraser", "select", "original"}


def build_painter() -> gr.HTML:
    """Draw a painter without a picture.

    Its ``select`` event comes after a stroke of the smart selection. Give the events that it is an output of
    ``show_progress="hidden"``, or Gradio dims the canvas while they run.
    """
    folder = Path(__file__).parent
    return gr.HTML(
        EMPTY,
        html_template=_template(),
        js_on_load=(folder / "painter.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id="ge-painter",
        elem_classes="ge-painter",
    )


def show(
    picture_path: Path | str, mask: np.ndarray | None, *, undoable: bool, answers: object = None
) -> dict[str, Any]:
    """Give the value that puts a picture and its mask into the painter.

    Args:
        picture_path: a file that Gradio serves, as ``Previews.write`` gives it; its pixels are those of the mask.
        mask: (H, W) bool, True = painted; None is an empty one.
        undoable: the mask is one more step that the visitor can take back, if the picture has the size of the one
            before; else what was painted before is forgotten.
        answers: the value that an undoable mask was made from, so that what the visitor has painted since then stays;
            None lets the mask replace everything.
    """
    turn = answers.get("turn") if isinstance(answers, dict) else None
    return {
        "picture": f"{API_PREFIX}/file={encode_file_path(str(picture_path))}",
        "mask": "" if mask is None or not mask.any() else _PNG_ADDRESS + _png(mask),
        "stroke": "",
        "turn": turn if isinstance(turn, int) else 0,
        "undoable": undoable,
    }


def painted(value: object, height: int, width: int) -> np.ndarray:
    """Read the mask of a value that a browser sent.

    Args:
        value: as the event got it; anything may be in it.
        height: rows of the picture that was shown.
        width: its columns.

    Returns:
        (height, width) bool, True = painted.

    Raises:
        BadRequestError: it holds no mask of that size.
    """
    return _read(value, "mask", height, width)


def last_stroke(value: object, height: int, width: int) -> np.ndarray:
    """Read the stroke that a ``select`` event is about; arguments, result and errors as in ``painted``."""
    return _read(value, "stroke", height, width)


def _read(value: object, part: str, height: int, width: int) -> np.ndarray:
    address = value.get(part) if isinstance(value, dict) else None
    if address == "":
        return np.zeros((height, width), bool)
    # A browser's PNG is smaller than its pixels, four bytes each; base64 makes four characters of three bytes.
    most = len(_PNG_ADDRESS) + (4 * height * width + _CHUNK_ROOM_BYTES) * 4 // 3
    if not isinstance(address, str) or len(address) > most or not address.startswith(_PNG_ADDRESS):
        raise BadRequestError(both("ge.painter.bad_mask"))
    try:
        return _opaque(base64.b64decode(address.removeprefix(_PNG_ADDRESS), validate=True), height, width)
    # What Pillow's PNG reader raises for files that are cut off, broken or made to grow.
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        zlib.error,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise BadRequestError(both("ge.painter.bad_mask")) from error


def _opaque(data: bytes, height: int, width: int) -> np.ndarray:
    """Find the pixels of a PNG that are opaque and not dark; its size is checked before any of it is decoded."""
    header = _PNG_HEADER.unpack_from(data)
    if header != (_PNG_SIGNATURE, 13, b"IHDR", width, height):
        raise ValueError("not a PNG of the picture's size")
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    return (pixels[..., 3] >= _HALF) & (pixels[..., :3].max(axis=2) >= _HALF)


def _png(mask: np.ndarray) -> str:
    levels = mask.astype(np.uint8) * np.uint8(255)
    buffer = io.BytesIO()
    Image.merge("LA", (Image.new("L", levels.shape[::-1], 255), Image.fromarray(levels))).save(
        buffer, "PNG", compress_level=3
    )
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _template() -> Html:
    groups = (
        _group("brush", "eraser", "select"),
        _size(),
        _group("undo", "redo"),
        _group("invert", "clear"),
        _group("out", "fit", "in"),
        _group("original"),
    )
    keys = f'<div class="ge-paint-keys ge-note">{both("ge.painter.keys")}</div>'
    return Html(
        f'<div class="ge-paint" hidden><div class="ge-paint-bar" role="toolbar" aria-labelledby="ge-paint-tools">'
        f'<span class="ge-unseen" id="ge-paint-tools">{both("ge.painter.tools")}</span>{"".join(groups)}</div>'
        f'<div class="ge-paint-stage"><canvas tabindex="0" role="img" aria-labelledby="ge-paint-canvas"></canvas>'
        f'<span class="ge-unseen" id="ge-paint-canvas">{both("ge.painter.canvas")}</span></div>{keys}</div>'
    )


def _group(*names: str) -> str:
    return f'<div class="ge-paint-group">{"".join(map(_button, names))}</div>'


def _button(name: str) -> str:
    key = _KEYS.get(name, "")
    shown = f'<kbd aria-hidden="true">{key}</kbd>' if key else ""
    spoken = f' aria-keyshortcuts="{key.replace("Ctrl ", "Control+")}"' if key else ""
    pressed = ' aria-pressed="false"' if name in _TOGGLES else ""
    icon = f'<svg viewBox="0 0 20 20" aria-hidden="true">{_ICONS[name]}</svg>'
    tip = f'<span class="ge-paint-tip">{both(f"ge.painter.{name}")}{shown}</span>'
    return f'<button type="button" data-paint="{name}"{pressed}{spoken}>{icon}{tip}</button>'


def _size() -> str:
    name = f'<span class="ge-unseen">{both("ge.painter.size")}</span>'
    slider = '<input type="range" min="0" max="100" step="any">'
    tip = f'<span class="ge-paint-tip" aria-hidden="true">{both("ge.painter.size")}<kbd>[</kbd><kbd>]</kbd></span>'
    return f'<label class="ge-paint-size"><i></i>{name}{slider}<i></i><output></output>{tip}</label>'
