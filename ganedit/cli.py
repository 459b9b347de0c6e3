"""The command line: one command a task, and the models.

Exit codes: 0 done, 2 the request or a file is at fault (one sentence on standard error), 1 ganedit is at fault, 130 it
was stopped.
Heavy imports stand inside the commands, so that ``--help`` answers at once.
"""

import json
import logging
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ganedit import __version__
from ganedit.cli_generate import generate, interpolate
from ganedit.cli_stylize import stylize
from ganedit.cli_train import evaluate, train
from ganedit.console import EmbedSettings, Json, KeepLocation, Quality, one_of, progress_bar, run, tell, write
from ganedit.errors import BadRequestError, StoppedError, UserError, cut
from ganedit.files import FULL, shown
from ganedit.stopping import STOPPED_CODE, was_asked

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
app.command()(stylize)
app.command()(train)
app.command()(evaluate)

# readable=False: typer refuses files without read rights in a frame of its own; the commands do in one sentence.
Source = Annotated[
    Path, typer.Argument(metavar="IN", readable=False, help="Picture: JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC, GIF.")
]
Target = Annotated[Path, typer.Argument(metavar="OUT", readable=False, help="Result: .png, .jpg, .webp or .avif.")]
MaxOutput = Annotated[float, typer.Option(help="Refuse larger results.")]


_STOPPED = "Stopped; nothing was left half written."


def main() -> NoReturn:
    """Run the command line and turn every error into a sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except UserError as error:
        _fail(str(error), 2)
    except StoppedError as stop:
        _fail(str(stop), STOPPED_CODE)
    except (SystemExit, KeyboardInterrupt) as end:  # typer makes one of the other, without a word
        if isinstance(end, SystemExit) and end.code != STOPPED_CODE:
            raise
        _fail(_STOPPED, STOPPED_CODE)
    except Exception as error:
        if was_asked():  # a native library makes any error of a stop
            _fail(_STOPPED, STOPPED_CODE)
        if isinstance(error, OSError) and error.errno in FULL:  # what is printed may go to a file
            _fail(f"{shown(error.filename or 'The output')} cannot be written ({error.strerror}), free some room.", 2)
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
    model: Annotated[
        str,
        typer.Option(
            help='Model id; "none" only resizes and adjusts; "auto" is realesrgan-x4plus where that takes under 20 '
            "seconds here, else none."
        ),
    ] = "auto",
    scale: Annotated[
        float | None, typer.Option(help="1 to 8; the model's own if not given, or as much of it as fits the limit.")
    ] = None,
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
    kind = check_target(target, options)  # before the work, not after
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
    result = run(request, "Enhancing", max_output_megapixels, kind=kind)
    write(result, target, options, embed_settings, as_json)


@app.command()
def inpaint(
    source: Source,
    mask: Annotated[
        Path, typer.Argument(metavar="MASK", readable=False, help="Picture of the same size: white is filled.")
    ],
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
    kind = check_target(target, options)
    request = InpaintRequest(picture, marked, model, grow_px=grow, feather_px=feather, detail=detail)
    write(run(request, "Filling", kind=kind), target, options, embed_settings, as_json)


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
    kind = check_target(target, options)
    sides = {"left": left, "top": top, "right": right, "bottom": bottom}
    if aspect:
        if any(sides.values()):
            raise BadRequestError("Give either pixels or an aspect ratio, not both.")
        sides = sides_for((picture.width, picture.height), parse_aspect(aspect), position)
    request = OutpaintRequest(picture, **sides, model=model, detail=detail)
    result = run(request, "Extending", max_output_megapixels, kind=kind)
    write(result, target, options, embed_settings, as_json)


@app.command()
def scratches(
    source: Source,
    mask_out: Annotated[
        Path, typer.Argument(metavar="MASK_OUT", readable=False, help="The mask: .png, white is to be filled.")
    ],
    sensitivity: Annotated[float, typer.Option(help="0 to 1: how faint a scratch may be.")] = 0.5,
    as_json: Json = False,
) -> None:
    """Propose a mask of the scratches and dust in an old photo, to look over and give to `inpaint`."""
    from ganedit.engine import Engine
    from ganedit.formats import open_picture
    from ganedit.masks import check_mask_target, save_mask

    check_mask_target(mask_out)
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
    failed = False
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
            typer.echo(str(error), err=True)
            failed = True
    if failed:
        raise typer.Exit(2)


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


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise BadRequestError(f"A size is written WIDTHxHEIGHT, such as 1920x1080, not {cut(text)}.")
    return int(width), int(height)


def _readable(size_bytes: int | None) -> str:
    return "?" if size_bytes is None else f"{size_bytes / 1e6:.0f} MB"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(code)
