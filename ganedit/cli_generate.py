"""The commands that draw new pictures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganedit.console import EmbedSettings, Json, run, tell
from ganedit.errors import BadRequestError

if TYPE_CHECKING:
    from ganedit.requests import Told

Model = Annotated[str, typer.Option(help="Model id: `models list --task generate`.")]
ClassName = Annotated[str | None, typer.Option("--class", help="For a model that is told a class.")]
Attributes = Annotated[list[str] | None, typer.Option("--attr", help="key=value, as often as needed.")]
Text = Annotated[str | None, typer.Option(help="For a model that is told words or attributes.")]
Truncation = Annotated[float, typer.Option(help="0 to 1: below 1 closer to the average picture.")]
Upscale = Annotated[int, typer.Option(help="1, or 4 to enlarge the pictures by Real-ESRGAN.")]


def generate(
    out_dir: Annotated[
        Path, typer.Argument(metavar="OUT_DIR", readable=False, help="Folder for the pictures: MODEL-SEED.png.")
    ],
    model: Model,
    seed: Annotated[int, typer.Option(help="Of the first picture; the next has the next seed.")] = 0,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 1,
    class_name: ClassName = None,
    attributes: Attributes = None,
    text: Text = None,
    truncation: Truncation = 1.0,
    upscale: Upscale = 1,
    image: Annotated[Path | None, typer.Option(help="Picture to start from, for a model that can.")] = None,
    strength: Annotated[float, typer.Option(help="With --image: above 0 to 1, how little of it is left.")] = 0.6,
    embed_settings: EmbedSettings = True,
    as_json: Json = False,
) -> None:
    """Draw new pictures; the same seed gives the same picture."""
    from ganedit.files import check_file, result_folder
    from ganedit.formats import open_picture, save_picture
    from ganedit.provenance import make_recipe
    from ganedit.requests import MAX_COUNT, GenerateRequest, Guide, Latent

    guide = Guide(open_picture(image), strength) if image else None
    told = _told(class_name, attributes, text)
    request = GenerateRequest(model, seed, count, told, guide, Latent(truncation), upscale)
    paths = [out_dir / f"{model}-{seed + number}.png" for number in range(min(count, MAX_COUNT))]  # more are refused
    with result_folder(out_dir):
        for path in paths:
            check_file(path)
        result = run(request, "Drawing")
        for number, (picture, path) in enumerate(zip(result.images, paths, strict=True)):
            save_picture(picture, path, recipe=make_recipe(result.alone(number)) if embed_settings else None)
    outputs = list(map(str, paths))
    row = {"outputs": outputs, "model": result.model, "seconds": round(result.seconds, 3), "notes": list(result.notes)}
    tell(row, "\n".join(outputs), as_json)


def interpolate(
    target: Annotated[Path, typer.Argument(metavar="OUT", readable=False, help="Moving picture: .gif or .mp4.")],
    model: Model,
    start: Annotated[int, typer.Option("--from", help="Seed of the first picture.")],
    end: Annotated[int, typer.Option("--to", help="Seed of the last picture.")],
    frames: Annotated[int, typer.Option(help="2 to 240, one way; the clip goes there and back.")] = 24,
    class_name: ClassName = None,
    attributes: Attributes = None,
    text: Text = None,
    truncation: Truncation = 1.0,
    upscale: Upscale = 1,
    as_json: Json = False,
) -> None:
    """Draw the way from one picture to another."""
    from ganedit.clips import check_clip, save_clip, there_and_back
    from ganedit.provenance import make_recipe
    from ganedit.requests import GenerateRequest, InterpolateRequest, Latent

    check_clip(target)
    told = _told(class_name, attributes, text)
    first = GenerateRequest(model, start, 1, told, None, Latent(truncation), upscale)
    result = run(InterpolateRequest(first, replace(first, seed=end), frames), "Drawing")
    save_clip(there_and_back(result.images), target, make_recipe(result))
    row = {"output": str(target), "frames": len(result.images), "model": result.model, "notes": list(result.notes)}
    tell(row | {"seconds": round(result.seconds, 3)}, f"{target}: {len(result.images)} frames there and back", as_json)


def _told(class_name: str | None, attributes: list[str] | None, text: str | None) -> "Told":
    from ganedit.requests import Told

    return Told(class_name, dict(_pair(attribute) for attribute in attributes or ()), text)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise BadRequestError(f"An attribute is written key=value, such as hair=red, not {text[:60]}.")
    return key, value
