"""The named endpoints ``/enhance`` and ``/models``, and what every endpoint that edits is made of.

They hang on hidden components rather than on ``gr.api``, because only components check that a file was uploaded by the
caller; ``gr.api`` would open any path of this machine. Docstrings and labels become the API page and, with the MCP
switch on, the tools' descriptions.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, cast, get_args

import gradio as gr
from gradio.components import Component

from ganedit.engine import Engine
from ganedit.errors import UserError
from ganedit.formats import SaveOptions, open_picture, save_picture
from ganedit.models.card import Task
from ganedit.provenance import make_recipe
from ganedit.requests import Adjustments, Compute, EditResult, EnhanceRequest, Precision, Progress, Request
from ganedit.ui.api_inputs import Range, choice_input, file_inputs, parse_size, picture_input, save_options
from ganedit.ui.session import Vault
from ganedit.ui.settings import UiSettings
from ganedit.ui.toast import OUR_MISTAKE, log_mistake
from ganedit.ui.watch import edit, result_of

KEEP_SECONDS = 600.0
"""Age at which a result is deleted; Gradio copies it into its own cache as soon as the endpoint returns."""

_SCALE = Range(None, 1, 8, "Scale: output side over input side, 1 to 8")
_DENOISE = Range(None, 0, 1, "Denoise strength, 0 to 1")
_TONES = {
    "brightness": Range(0, -1, 1, "Brightness, -1 to 1"),
    "contrast": Range(1, 0, 2, "Contrast, 0 to 2"),
    "saturation": Range(1, 0, 2, "Saturation, 0 to 2"),
    "sharpness": Range(1, 0, 2, "Sharpness, 0 to 2"),
    "gamma": Range(1, 0.2, 5, "Gamma, 0.2 to 5"),
}


def add_api(engine: Engine, settings: UiSettings) -> None:
    """Add the endpoints to the Blocks being built."""
    endpoints = Endpoints(engine, settings.limit_seconds)
    gr.Button(visible=False).click(
        endpoints.models,
        gr.Dropdown(["", *get_args(Task)], value="", label="Task", visible=False),
        gr.JSON(label="Models", visible=False),
        api_name="models",
        concurrency_limit=None,
    )
    add_edit("enhance", endpoints.enhance, _enhance_inputs())


def add_edit(name: str, edit: Callable[..., Any], inputs: list[Component]) -> None:
    """Add an endpoint that edits a picture.

    Args:
        name: of the endpoint, without the slash.
        edit: what is called; gives what ``EditCalls.answer`` gives.
        inputs: one hidden component for each parameter of ``edit``, in its order.
    """
    gr.Button(visible=False).click(
        edit,
        inputs,
        [gr.File(label="Result", visible=False), gr.JSON(label="About the result", visible=False)],
        api_name=name,
        concurrency_id="gpu",
        concurrency_limit=1,
    )


class EditCalls:
    """What the endpoints that edit a picture have in common."""

    def __init__(self, engine: Engine, limit_seconds: float | None) -> None:
        """Take the engine, and the longest edit allowed; None does not limit."""
        self.engine = engine
        self.vault = Vault(KEEP_SECONDS)
        self.limit_seconds = limit_seconds

    def answer(self, request: Request, options: SaveOptions, progress: gr.Progress) -> tuple[str, dict[str, Any]]:
        """Run an edit; give the path of the file and what is told about it."""
        result = finish(self.engine, request, progress, self.limit_seconds)
        return _write(self.vault, result, options), _summary(result)


class Endpoints(EditCalls):
    """What is called over HTTP. Names, types and texts of the API page and the MCP tools come from the signatures."""

    def models(self, task: str = "") -> list[dict[str, Any]]:
        """List the models that can be used or fetched.

        Args:
            task: only models of this task; empty for all.

        Returns:
            One object a model: id, task, kind, license, commercial_use, installed, size_bytes, sha256, arch, scale.
        """
        with told():
            return self.engine.registry.rows(cast(Task, task) if task else None)

    def enhance(
        self,
        image: bytes,
        model: str = EnhanceRequest.model,
        scale: float | None = None,
        size: str = "",
        denoise: float | None = None,
        brightness: float = 0,
        contrast: float = 1,
        saturation: float = 1,
        sharpness: float = 1,
        gamma: float = 1,
        white_balance: str = "none",
        color_guard: bool = True,
        format: str = "png",
        quality: float = 95,
        precision: str = "auto",
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds its progress by this default
    ) -> tuple[str, dict[str, Any]]:
        """Upscale, restore and adjust one picture with a GAN.

        Args:
            image: the picture: JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC.
            model: id of a model that /models lists as installed; "none" only resizes and adjusts; "auto" is
                realesrgan-x4plus where that takes under 20 seconds here, else "none".
            scale: output side divided by input side, 1 to 8; leave out for the model's own, or as much as fits.
            size: exact size in pixels as "WIDTHxHEIGHT", such as "1920x1080"; overrides scale; empty to use scale.
            denoise: 0 to 1, only for models with a denoise strength; leave out to take the model as it is.
            brightness: -1 to 1; 0 changes nothing.
            contrast: 0 to 2; 1 changes nothing.
            saturation: 0 to 2; 1 changes nothing, 0 is gray.
            sharpness: 0 to 2; 1 changes nothing, above sharpens, below blurs.
            gamma: 0.2 to 5; 1 changes nothing, above lifts the shadows.
            white_balance: "none", "gray-world", or the "#rrggbb" of a spot that should be neutral gray.
            color_guard: keep the broad tones of the input, so that the model adds detail only.
            format: png (loses nothing), jpeg, webp or avif.
            quality: 1 to 100, for jpeg, webp and avif.
            precision: auto, float32 or bfloat16.
            progress: told the finished tiles; filled in by gradio.

        Returns:
            The picture file, exactly as encoded here. An object with model, seconds, width, height and notes.
        """
        tones = {
            "brightness": brightness,
            "contrast": contrast,
            "saturation": saturation,
            "sharpness": sharpness,
            "gamma": gamma,
        }
        with told():
            options = save_options(format, quality)
            request = EnhanceRequest(
                image=open_picture(image or b""),
                model=(model or "").strip(),
                scale=_SCALE.optional("scale", scale),
                size=parse_size(size),
                denoise=_DENOISE.optional("denoise", denoise),
                adjust=_adjustments(tones, white_balance),
                color_guard=color_guard,
                compute=Compute(precision=cast(Precision, precision)),
            )
            return self.answer(request, options, progress)


def _enhance_inputs() -> list[Component]:
    """Make one hidden component for each parameter of ``enhance``, in its order."""
    return [
        picture_input("Picture"),
        gr.Textbox(EnhanceRequest.model, label="Model", visible=False),
        _SCALE.component(),
        gr.Textbox("", label='Exact size, "WIDTHxHEIGHT"', visible=False),
        _DENOISE.component(),
        *(tone.component() for tone in _TONES.values()),
        gr.Textbox("none", label="White balance", visible=False),
        gr.Checkbox(True, label="Color guard", visible=False),
        *file_inputs(),
        choice_input("Precision", get_args(Precision)),
    ]


def finish(engine: Engine, request: Request, report: gr.Progress, limit_seconds: float | None) -> EditResult:
    """Run an edit to its end and report the tiles.

    Args:
        engine: runs it.
        request: what to do.
        report: told the finished and planned tiles.
        limit_seconds: stop within a tile once the edit cannot end in this time; None does not limit.

    Raises:
        BadRequestError: it would take longer than ``limit_seconds``.
        GoneError: the caller has left.
    """

    def tell(step: Progress) -> None:
        report((step.done, step.total), desc=step.stage, unit="tiles")

    return result_of(edit(engine, request, limit_seconds), tell)


def _write(vault: Vault, result: EditResult, options: SaveOptions) -> str:
    """Encode a result under a random name, outside of everything that Gradio serves by path."""
    picture = result.images[0]
    token = vault.folder()
    path = vault.path(token, f"ganedit-{token}.{'jpg' if options.format == 'jpeg' else options.format}")
    if options.format == "png" and picture.bit_depth == 16:
        options = SaveOptions(format="png", bit_depth=16)
    save_picture(picture, path, options=options, recipe=make_recipe(result))
    return str(path)


def _summary(result: EditResult) -> dict[str, Any]:
    picture = result.images[0]
    return {
        "model": result.model,
        "seconds": round(result.seconds, 3),
        "width": picture.width,
        "height": picture.height,
        "notes": list(result.notes),
    } | {name: round(score, 3) for name, score in result.scores.items()}


def _adjustments(tones: dict[str, Any], white_balance: str) -> Adjustments:
    checked = {name: _TONES[name].checked(name, value) for name, value in tones.items()}
    return Adjustments(**checked, white_balance=(white_balance or "none").strip().lower())


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn every failure into the one sentence that the caller gets."""
    try:
        yield
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception:
        log_mistake("an API call failed")
        raise gr.Error(OUR_MISTAKE, print_exception=False) from None
