"""The command line: one command a task, and the models.

Exit codes: 0 done, 2 the request or a file is at fault (one sentence on standard error), 1 ganedit is at fault.
Heavy imports stand inside the commands, so that ``--help`` answers at once.
"""

import json
import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ganedit import __version__
from ganedit.cli_generate import generate, interpolate
from ganedit.cli_train import evaluate, train
from ganedit.console import EmbedSettings, Json, one_of, progress_bar, run, tell
from ganedit.errors import BadRequestError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ganedit.formats import SaveOptions
    from ganedit.requests import EditResult

app = typer.Typer(
    name="ganedit",
    help="Edit pictures with GANs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="List, fetch and remove models.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.command()(generate)
app.command()(interpolate)
app.command()(train)
app.command()(evaluate)

Source = Annotated[Path, typer.Argument(metavar="IN", help="Picture: JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC, GIF.")]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="Result: .png, .jpg, .webp or .avif.")]
Quality = Annotated[int, typer.Option(help="1 to 100, for JPEG, WebP and AVIF.")]
KeepLocation = Annotated[bool, typer.Option(help="Keep the GPS position in the file.")]
MaxOutput = Annotated[float, typer.Option(help="Refuse larger results.")]


def main() -> NoReturn:
    """Run the command line and turn every error into a sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except UserError as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        _fail("Stopped; nothing was written.", 1)
    except Exception as error:
        if os.environ.get("GANEDIT_DEBUG"):
            raise
        logging.getLogger(__name__).debug("unexpected error", exc_info=True)
        _fail(f"ganedit made a mistake ({type(error).__name__}: {error}); GANEDIT_DEBUG=1 shows where.", 1)
    raise AssertionError("typer leaves by SystemExit")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"ganedit {__version__}")
        raise typer.Exit


@app.command()
def enhance(
    source: Source,
    target: Target,
    model: Annotated[str, typer.Option(help='Model id, or "none" to resize and adjust only.')] = "realesr-animevideov3",
    scale: Annotated[float | None, typer.Option(help="1 to 8; the model's own if not given.")] = None,
    size: Annotated[str | None, typer.Option(help="Exact result, WIDTHxHEIGHT; overrides --scale.")] = None,
    denoise: Annotated[float | None, typer.Option(help="0 to 1, for models with a twin.")] = None,
    brightness: Annotated[float, typer.Option(help="-1 to 1.")] = 0.0,
    contrast: Annotated[float, typer.Option(help="0 to 2.")] = 1.0,
    saturation: Annotated[float, typer.Option(help="0 to 2.")] = 1.0,
    sharpness: Annotated[float, typer.Option(help="0 to 2.")] = 1.0,
    gamma: Annotated[float, typer.Option(help="0.2 to 5.")] = 1.0,
    white_balance: Annotated[
        str, typer.Option(help="none, gray-world, or #rrggbb of a spot that should be gray.")
    ] = "none",
    color_guard: Annotated[bool, typer.Option(help="Make colors follow the input.")] = True,
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    tile: Annotated[int | None, typer.Option(help="Side of a tile in input pixels.")] = None,
    quality: Quality = 95,
    bit_depth: Annotated[int | None, typer.Option(help="8 or 16 (PNG); the input's where the format can.")] = None,
    keep_location: KeepLocation = False,
    embed_settings: EmbedSettings = True,
    max_output_megapixels: MaxOutput = 80.0,
    as_json: Json = False,
) -> None:
    """Upscale, restore and adjust one picture."""
    from ganedit.formats import SaveOptions, check_target, open_picture
    from ganedit.requests import Adjustments, Compute, EnhanceRequest

    picture = open_picture(source)
    options = SaveOptions(
        quality=quality, bit_depth=one_of("bit-depth", bit_depth, (None, 8, 16)), keep_location=keep_location
    )
    check_target(target, options)  # before the work, not after
    request = EnhanceRequest(
        image=picture,
        model=model,
        scale=scale,
        size=_parse_size(size) if size else None,
        denoise=denoise,
        adjust=Adjustments(brightness, contrast, saturation, sharpness, gamma, white_balance),
        color_guard=color_guard,
        compute=Compute(one_of("precision", precision, ("auto", "float32", "bfloat16")), tile, options.bit_depth),
    )
    result = run(request, "Enhancing", max_output_megapixels)
    _write(result, target, options, embed_settings, as_json)


@app.command()
def inpaint(
    source: Source,
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="Picture of the same size: white is filled.")],
    target: Target,
    model: Annotated[str, typer.Option(help="Model id: `models list --task inpaint`.")] = "migan-512",
    grow: Annotated[int, typer.Option(help="Widen the mask by so many pixels; negative narrows it.")] = 0,
    feather: Annotated[int, typer.Option(help="Fade the fill into the picture over so many pixels.")] = 0,
    detail: Annotated[bool, typer.Option(help="Enlarge the fill of large holes with an Enhance network.")] = True,
    quality: Quality = 95,
    keep_location: KeepLocation = False,
    embed_settings: EmbedSettings = True,
    as_json: Json = False,
) -> None:
    """Fill the marked holes of one picture; everything else stays as it is."""
    from ganedit.formats import SaveOptions, check_target, open_picture
    from ganedit.masks import open_mask
    from ganedit.requests import InpaintRequest

    picture = open_picture(source)
    marked = open_mask(mask, (picture.width, picture.height))
    options = SaveOptions(quality=quality, keep_location=keep_location)
    check_target(target, options)
    request = InpaintRequest(picture, marked, model, grow_px=grow, feather_px=feather, detail=detail)
    _write(run(request, "Filling"), target, options, embed_settings, as_json)


@app.command()
def outpaint(
    source: Source,
    target: Target,
    left: Annotated[int, typer.Option(help="Pixels to add on the left.")] = 0,
    right: Annotated[int, typer.Option(help="Pixels to add on the right.")] = 0,
    top: Annotated[int, typer.Option(help="Pixels to add on top.")] = 0,
    bottom: Annotated[int, typer.Option(help="Pixels to add at the bottom.")] = 0,
    aspect: Annotated[str | None, typer.Option(help="Instead of pixels: the wanted W:H, such as 16:9.")] = None,
    position: Annotated[str, typer.Option(help="With --aspect: center, left, right, top or bottom.")] = "center",
    model: Annotated[str, typer.Option(help="Model id: `models list --task inpaint`.")] = "migan-512",
    detail: Annotated[bool, typer.Option(help="Enlarge wide additions with an Enhance network.")] = True,
    quality: Quality = 95,
    keep_location: KeepLocation = False,
    embed_settings: EmbedSettings = True,
    max_output_megapixels: MaxOutput = 80.0,
    as_json: Json = False,
) -> None:
    """Continue one picture beyond its edges."""
    from ganedit.formats import SaveOptions, check_target, open_picture
    from ganedit.requests import OutpaintRequest
    from ganedit.wording import parse_aspect, sides_for

    picture = open_picture(source)
    options = SaveOptions(quality=quality, keep_location=keep_location)
    check_target(target, options)
    sides = {"left": left, "top": top, "right": right, "bottom": bottom}
    if aspect:
        if any(sides.values()):
            raise BadRequestError("Give either pixels or an aspect ratio, not both.")
        sides = sides_for((picture.width, picture.height), parse_aspect(aspect), position)
    request = OutpaintRequest(picture, **sides, model=model, detail=detail)
    _write(run(request, "Extending", max_output_megapixels), target, options, embed_settings, as_json)


@app.command()
def stylize(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Picture, folder of pictures, or GIF or MP4 clip.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Result, folder for the results, or .gif or .mp4.")],
    model: Annotated[
        str | None,
        typer.Option(help="Model id: `models list --task stylize`. Left out, it is one that takes what --style gives."),
    ] = None,
    style: Annotated[
        str,
        typer.Option(help="A style of the model's own, several as in van-gogh=2,cartoon=1, or a picture with a style."),
    ] = "",
    strength: Annotated[float, typer.Option(help="0 to 1: how much of the style.")] = 1.0,
    keep_colors: Annotated[bool, typer.Option("--keep-colors", help="Keep the picture's own colors.")] = False,
    brush: Annotated[float, typer.Option(help="1 to 8: how coarse the strokes are.")] = 1.0,
    faces: Annotated[
        str,
        typer.Option(help="Paint faces larger, on their own: by `same` model, or the id of one with a single style."),
    ] = "",
    quality: Quality = 95,
    keep_location: KeepLocation = False,
    embed_settings: EmbedSettings = True,
    as_json: Json = False,
) -> None:
    """Repaint a picture, a folder of pictures or a clip in a style that a model has learned or in that of a picture."""
    from ganedit.clips import READABLE
    from ganedit.clips import SUFFIXES as CLIP_SUFFIXES
    from ganedit.formats import SaveOptions, check_target, open_picture
    from ganedit.requests import ANY_STYLE_MODEL, StylizeRequest
    from ganedit.wording import parse_shares

    options = SaveOptions(quality=quality, keep_location=keep_location)
    is_picture = model == ANY_STYLE_MODEL or ("=" not in style and Path(style).suffix != "")
    painting = open_picture(Path(style)) if style and is_picture else None
    model = model or (ANY_STYLE_MODEL if painting else StylizeRequest.model)
    shares = {} if painting else parse_shares(style)
    how = {"strength": strength, "keep_colors": keep_colors, "brush": brush, "shares": shares, "faces": faces}
    asked = partial(StylizeRequest, style=painting, model=model, **how)
    if source.suffix.lower() in READABLE and target.suffix.lower() in CLIP_SUFFIXES:
        _repaint_clip(asked, source, target, as_json)
        return
    pairs = [(source, target)]
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        pairs = [(file, target / f"{file.stem}.png") for file in sorted(source.iterdir()) if file.is_file()]
    for file, out in pairs:
        check_target(out, options)
        try:
            request = asked(open_picture(file))
        except UserError as error:
            if not source.is_dir():
                raise
            typer.echo(f"{file.name} was left out: {error}", err=True)
            continue
        _write(run(request, "Painting"), out, options, embed_settings, as_json)


def _repaint_clip(asked: "Callable[[Any], Any]", source: Path, target: Path, as_json: bool) -> None:
    """Repaint a clip; ``asked`` gives the `StylizeRequest` for its first frame."""
    from ganedit.clips import check_clip, read_clip, save_clip
    from ganedit.provenance import make_recipe
    from ganedit.requests import MAX_FRAMES, ClipRequest

    check_clip(target)
    frames, rate = read_clip(source, MAX_FRAMES)
    result = run(ClipRequest(frames, asked(frames[0])), "Painting")
    save_clip(result.images, target, make_recipe(result), there_and_back=False, rate=rate)
    told = {"output": str(target), "frames": len(frames), "model": result.model, "seconds": round(result.seconds, 3)}
    tell(told, f"{target}: {len(frames)} frames", as_json)


@app.command()
def scratches(
    source: Source,
    mask_out: Annotated[Path, typer.Argument(metavar="MASK_OUT", help="The mask: .png, white is to be filled.")],
    sensitivity: Annotated[float, typer.Option(help="0 to 1: how faint a scratch may be.")] = 0.5,
    as_json: Json = False,
) -> None:
    """Propose a mask of the scratches and dust in an old photo, to look over and give to `inpaint`."""
    from ganedit.engine import Engine
    from ganedit.formats import open_picture
    from ganedit.masks import save_mask

    found = Engine().find_scratches(open_picture(source), sensitivity)
    save_mask(found, mask_out)
    share = float(found.mean())
    tell({"output": str(mask_out), "share": round(share, 5)}, f"{mask_out}: {share:.2%} of the picture", as_json)


@models_app.command("list")
def list_models(
    task: Annotated[str | None, typer.Option(help="enhance, inpaint, stylize or generate.")] = None,
    as_json: Json = False,
) -> None:
    """List the models."""
    from ganedit.models.registry import Registry

    known = ("enhance", "inpaint", "stylize", "generate")
    registry = Registry()
    rows = registry.rows(one_of("task", task, known) if task else None)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        here = "installed" if row["installed"] else _readable(row["size_bytes"])
        use = "" if row["commercial_use"] else "  (no commercial use)"
        typer.echo(f"{row['id']:28}{row['task']:10}{row['scale']}x  {here:>11}  {row['license']}{use}")
    for name, problem in registry.problems.items():
        typer.echo(f"weights/{name}: {problem}", err=True)


@models_app.command()
def fetch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Models to fetch.")] = None,
    all_default: Annotated[bool, typer.Option("--all-default", help="Fetch every recommended model.")] = False,
    accept_license: Annotated[bool, typer.Option("--accept-license", help="Confirm a non-commercial license.")] = False,
) -> None:
    """Fetch models' weights; a broken download goes on where it stopped."""
    from ganedit.models.registry import Registry

    registry = Registry()
    wanted = [*(ids or []), *(card.id for card in registry.cards() if card.default and all_default)]
    if not wanted:
        raise BadRequestError("Name the models to fetch, or give --all-default.")
    failures = []
    for model_id in dict.fromkeys(wanted):
        try:
            with progress_bar(model_id) as advance:
                notes = registry.fetch(
                    model_id,
                    accept_license=accept_license,
                    on_progress=lambda at, advance=advance: advance(at.done_bytes, at.total_bytes),
                )
            typer.echo("\n".join([f"{model_id}: installed", *notes]))
        except UserError as error:
            failures.append(str(error))
    if failures:
        raise UserError("\n".join(failures))


@models_app.command()
def remove(model_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Delete a model's fetched files."""
    from ganedit.models.registry import Registry

    Registry().remove(model_id)
    typer.echo(f"{model_id}: removed")


@models_app.command()
def info(model_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Tell everything about one model."""
    from ganedit.models.registry import Registry

    facts = Registry().info(model_id)
    tell(facts, "\n".join(f"{key:16}{_plain(value)}" for key, value in facts.items()), as_json)


def _write(result: "EditResult", target: Path, options: "SaveOptions", embed_settings: bool, as_json: bool) -> None:
    """Save the result of an edit and say what was done."""
    from ganedit.formats import save_picture
    from ganedit.provenance import make_recipe

    image = result.images[0]
    save_picture(image, target, options=options, recipe=make_recipe(result) if embed_settings else None)
    row = {
        "output": str(target),
        "width": image.width,
        "height": image.height,
        "model": result.model,
        "seconds": round(result.seconds, 3),
        "notes": list(result.notes),
    } | {name: round(score, 3) for name, score in result.scores.items()}
    scores = "".join(f", {name} {score:.2f}" for name, score in result.scores.items())
    tell(row, f"{target}: {image.width}x{image.height}, {result.model}, {result.seconds:.1f} s{scores}", as_json)


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise BadRequestError(f"A size is written WIDTHxHEIGHT, such as 1920x1080, not {text}.")
    return int(width), int(height)


def _readable(size_bytes: int | None) -> str:
    return "?" if size_bytes is None else f"{size_bytes / 1e6:.0f} MB"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(code)
