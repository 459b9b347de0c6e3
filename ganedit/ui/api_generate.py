"""The named endpoint ``/generate``."""

import re
from typing import Any

import gradio as gr

from ganedit.engine import Engine
from ganedit.errors import BadRequestError
from ganedit.formats import save_picture
from ganedit.provenance import make_recipe
from ganedit.requests import MAX_COUNT, GenerateRequest, Latent, Told
from ganedit.ui.api import EditCalls, finish, told
from ganedit.ui.api_inputs import Range
from ganedit.ui.session import safe_name
from ganedit.ui.settings import UiSettings

_SEED = Range(0, 0, 2**32 - 1, "Seed of the first picture")
_COUNT = Range(1, 1, MAX_COUNT, f"How many pictures, 1 to {MAX_COUNT}")
_TRUNCATION = Range(1, 0, 1, "Truncation, 0 to 1")
_UPSCALE = Range(1, 1, 4, "Upscale, 1 or 4")


def add_generate_api(engine: Engine, settings: UiSettings) -> None:
    """Add the endpoint to the Blocks being built."""
    calls = GenerateCalls(engine, settings.limit_seconds)
    words = [gr.Textbox("", label=name, visible=False) for name in ("Text", "Class", "Attributes, key=value by commas")]
    gr.Button(visible=False).click(
        calls.generate,
        [
            gr.Textbox(label="Model", visible=False),
            *words,
            *(number.component() for number in (_SEED, _COUNT, _TRUNCATION, _UPSCALE)),
        ],
        [gr.File(label="Pictures", file_count="multiple", visible=False), gr.JSON(label="About them", visible=False)],
        api_name="generate",
        concurrency_id="gpu",
        concurrency_limit=1,
    )


class GenerateCalls(EditCalls):
    """What is called over HTTP. Names, types and texts of the API page and the MCP tools come from the signatures."""

    def generate(
        self,
        model: str,
        text: str = "",
        class_name: str = "",
        attributes: str = "",
        seed: float = 0,
        count: float = 1,
        truncation: float = 1,
        upscale: float = 1,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - gradio finds its progress by this default
    ) -> tuple[list[str], dict[str, Any]]:
        """Draw new pictures; the same seed gives the same picture.

        Args:
            model: id of a generate model that /models lists as installed.
            text: what to draw, for a model that is told words or attributes; else empty.
            class_name: what to draw, for a model that is told a class; empty leaves it to the seed.
            attributes: what it should have, for a model that is told attributes: "hair=red, glasses=round".
            seed: of the first picture; the next has the next seed.
            count: how many pictures.
            truncation: 0 to 1; below 1 closer to the average picture.
            upscale: 1, or 4 to enlarge the pictures.
            progress: told the finished pictures; filled in by gradio.

        Returns:
            The PNG files. An object with model, seconds, width, height and notes.
        """
        with told():
            request = GenerateRequest(
                (model or "").strip(),
                round(_SEED.checked("seed", seed)),
                round(_COUNT.checked("count", count)),
                Told((class_name or "").strip() or None, _pairs(attributes or ""), (text or "").strip() or None),
                latent=Latent(_TRUNCATION.checked("truncation", truncation)),
                upscale=round(_UPSCALE.checked("upscale", upscale)),
            )
            result = finish(self.engine, request, progress, self.limit_seconds)
            token, first, paths = self.vault.folder(), result.images[0], []
            for number, picture in enumerate(result.images):
                path = self.vault.path(token, f"{safe_name(request.model)}-{request.seed + number}.png")
                save_picture(picture, path, recipe=make_recipe(result.alone(number)))
                paths.append(str(path))
            facts = {"model": result.model, "seconds": round(result.seconds, 3), "notes": list(result.notes)}
            return paths, facts | {"width": first.width, "height": first.height}


def _pairs(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in re.split(r"[,\n]", text) if part.strip()]
    for key, _, value in pairs:
        if not (key.strip() and value.strip()):
            raise BadRequestError(f"Attributes are written key=value by commas, such as hair=red, not {text[:60]!r}.")
    return {key.strip(): value.strip() for key, _, value in pairs}
