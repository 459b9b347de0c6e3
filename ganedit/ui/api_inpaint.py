"""The named endpoints that fill holes: ``/inpaint``, ``/outpaint`` and ``/scratches``."""

from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component

from ganedit.engine import Engine
from ganedit.formats import open_picture
from ganedit.masks import open_mask, save_mask
from ganedit.requests import InpaintRequest, OutpaintRequest
from ganedit.ui.api import EditCalls, add_edit, told
from ganedit.ui.api_inputs import Range, file_inputs, picture_input, save_options
from ganedit.ui.settings import UiSettings
from ganedit.ui.watch import EDITS, once, result_of, watched
from ganedit.wording import parse_aspect, sides_for

_GROW = Range(0, -256, 256, "Grow the mask, pixels; negative narrows it")
_FEATHER = Range(0, 0, 256, "Feather, pixels")
_SENSITIVITY = Range(0.5, 0, 1, "Sensitivity, 0 to 1")
_SIDES = {name: Range(0, 0, 20000, f"Pixels to add: {name}") for name in ("left", "top", "right", "bottom")}


def add_inpaint_api(engine: Engine, settings: UiSettings) -> None:
    """Add the endpoints to the Blocks being built."""
    calls = InpaintCalls(engine, settings.limit_seconds)
    add_edit("inpaint", calls.inpaint, _inpaint_inputs())
    add_edit("outpaint", calls.outpaint, _outpaint_inputs())
    gr.Button(visible=False).click(
        calls.scratches,
        [picture_input("Picture"), _SENSITIVITY.component()],
        gr.File(label="Mask", visible=False),
        api_name="scratches",
        concurrency_id="gpu",
        concurrency_limit=1,
    )


class InpaintCalls(EditCalls):
    """What is called over HTTP. Names, types and texts of the API page and the MCP tools come from the signatures."""

    def inpaint(
        self,
        image: bytes,
        mask: bytes,
        model: str = InpaintRequest.model,
        grow: float = 0,
        feather: float = 0,
        detail: bool = True,
        format: str = "png",
        quality: float = 95,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds its progress by this default
    ) -> tuple[str, dict[str, Any]]:
        """Fill the marked holes of one picture; everything else stays as it is.

        Args:
            image: the picture: JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC.
            mask: a picture of the same size; white is filled, black is kept.
            model: id of an inpaint model that /models lists as installed.
            grow: pixels to widen the mask by, -256 to 256; negative narrows it.
            feather: pixels over which the fill fades into the picture, 0 to 256.
            detail: enlarge the fill of large holes with an Enhance network.
            format: png (loses nothing), jpeg, webp or avif.
            quality: 1 to 100, for jpeg, webp and avif.
            progress: told the finished windows; filled in by gradio.

        Returns:
            The picture file, exactly as encoded here. An object with model, seconds, width, height, notes and seam.
        """
        with told():
            options = save_options(format, quality)
            picture = open_picture(image or b"")
            request = InpaintRequest(
                image=picture,
                mask=open_mask(mask or b"", (picture.width, picture.height)),
                model=(model or "").strip(),
                grow_px=round(_GROW.checked("grow", grow)),
                feather_px=round(_FEATHER.checked("feather", feather)),
                detail=bool(detail),
            )
            return self.answer(request, options, progress)

    def outpaint(
        self,
        image: bytes,
        left: float = 0,
        top: float = 0,
        right: float = 0,
        bottom: float = 0,
        aspect: str = "",
        position: str = "center",
        model: str = OutpaintRequest.model,
        detail: bool = True,
        format: str = "png",
        quality: float = 95,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds its progress by this default
    ) -> tuple[str, dict[str, Any]]:
        """Continue one picture beyond its edges.

        Args:
            image: the picture: JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC.
            left: pixels to add on the left.
            top: pixels to add on top.
            right: pixels to add on the right.
            bottom: pixels to add at the bottom.
            aspect: wanted width to height, such as "16:9"; overrides the pixels; empty to use them.
            position: where the picture stands with an aspect ratio: center, left, right, top or bottom.
            model: id of an inpaint model that /models lists as installed.
            detail: enlarge wide additions with an Enhance network.
            format: png (loses nothing), jpeg, webp or avif.
            quality: 1 to 100, for jpeg, webp and avif.
            progress: told the finished windows; filled in by gradio.

        Returns:
            The picture file, exactly as encoded here. An object with model, seconds, width, height, notes and seam.
        """
        given = {"left": left, "top": top, "right": right, "bottom": bottom}
        with told():
            options = save_options(format, quality)
            picture = open_picture(image or b"")
            if (aspect or "").strip():
                sides = sides_for((picture.width, picture.height), parse_aspect(aspect), (position or "").strip())
            else:
                sides = {name: round(_SIDES[name].checked(name, value)) for name, value in given.items()}
            request = OutpaintRequest(picture, **sides, model=(model or "").strip(), detail=bool(detail))
            return self.answer(request, options, progress)

    def scratches(self, image: bytes, sensitivity: float = 0.5) -> str:
        """Propose a mask of the scratches and dust in an old photo, to look over and give to /inpaint.

        Args:
            image: the picture: JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC.
            sensitivity: 0 to 1: how faint a scratch may be.

        Returns:
            The mask, a PNG of the picture's size; white is to be filled.
        """
        with told():
            strictness = _SENSITIVITY.checked("sensitivity", sensitivity)

            def find() -> np.ndarray:
                return self.engine.find_scratches(open_picture(image or b""), strictness)

            found = result_of(watched(once(find), self.limit_seconds, EDITS))
            token = self.vault.folder()
            path = self.vault.path(token, "scratches.png")
            save_mask(found, path)
            return str(path)


def _inpaint_inputs() -> list[Component]:
    """Make one hidden component for each parameter of ``inpaint``, in its order."""
    return [
        picture_input("Picture"),
        picture_input("Mask"),
        gr.Textbox(InpaintRequest.model, label="Model", visible=False),
        _GROW.component(),
        _FEATHER.component(),
        gr.Checkbox(True, label="Detail", visible=False),
        *file_inputs(),
    ]


def _outpaint_inputs() -> list[Component]:
    """Make one hidden component for each parameter of ``outpaint``, in its order."""
    return [
        picture_input("Picture"),
        *(side.component() for side in _SIDES.values()),
        gr.Textbox("", label="Aspect ratio", visible=False),
        gr.Textbox("center", label="Position", visible=False),
        gr.Textbox(OutpaintRequest.model, label="Model", visible=False),
        gr.Checkbox(True, label="Detail", visible=False),
        *file_inputs(),
    ]
