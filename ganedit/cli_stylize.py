"""The command that repaints: a picture, the pictures of a folder, or a clip."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganedit.console import EmbedSettings, Json, KeepLocation, Quality, run, tell, write
from ganedit.errors import BadImageError, StoppedError, UserError
from ganedit.stopping import was_asked

if TYPE_CHECKING:
    from ganedit.requests import StylizeRequest

_TRIAL_PX = 512  # large enough for any brush

Asked = Callable[[Any], "StylizeRequest"]
"""Gives the request for a picture."""


def stylize(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", readable=False, help="Picture, folder of pictures, or clip: GIF, animated PNG or WebP, video."
        ),
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", readable=False, help="Result, folder for the results, or .gif or .mp4.")
    ],
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
    from ganedit.files import result_folder
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
    if source.is_dir():
        save = partial(write, options=options, embed_settings=embed_settings, as_json=as_json)
        with result_folder(target):
            _repaint_folder(asked, source, target, save)
    elif source.suffix.lower() in READABLE and target.suffix.lower() in CLIP_SUFFIXES:
        _repaint_clip(asked, source, target, embed_settings, as_json)
    else:
        kind = check_target(target, options)
        write(run(asked(open_picture(source)), "Painting", kind=kind), target, options, embed_settings, as_json)


def _repaint_folder(asked: Asked, source: Path, target: Path, save: Callable[..., None]) -> None:
    """Repaint each picture of a folder; one that cannot be is named, and the others are painted.

    Args:
        asked: gives the request for a picture.
        source: the folder.
        target: the folder for the results, which is there and may be the same one.
        save: writes a result to a path.

    Raises:
        UserError: the request is wrong for any picture, or none could be painted.
    """
    import numpy as np

    from ganedit.engine import Engine
    from ganedit.folders import ResultNames, files_of
    from ganedit.formats import open_picture
    from ganedit.image import Picture

    engine, files = Engine(), files_of(source)
    any_picture = Picture(np.full((_TRIAL_PX, _TRIAL_PX, 3), 128, np.uint8))
    next(iter(engine.stream(asked(any_picture))))  # what is wrong for every picture is told once, before any work
    names, painted, mistakes = ResultNames(files, target), 0, 0
    for file in files:
        try:
            if was_asked():  # an exception in a native library may have hidden it
                raise KeyboardInterrupt
            picture = open_picture(file)
            save(run(asked(picture), "Painting", engine=engine), names.next_for(file))
            painted += 1
        except KeyboardInterrupt as stop:
            raise StoppedError(f"Stopped; {painted} of {len(files)} files were painted.") from stop
        except UserError as error:
            typer.echo(f"{file.name} was left out: {error}", err=True)
        except Exception as error:
            if os.environ.get("GANEDIT_DEBUG"):
                raise
            mistakes += 1
            typer.echo(f"{file.name} was left out: ganedit made a mistake ({type(error).__name__}: {error}).", err=True)
    if not painted:
        raise BadImageError(f"None of the {len(files)} files in {source} could be painted; choose other pictures.")
    if painted < len(files):
        typer.echo(f"{painted} of {len(files)} files were painted.", err=True)
    if mistakes:
        raise typer.Exit(1)


def _repaint_clip(asked: Asked, source: Path, target: Path, embed_settings: bool, as_json: bool) -> None:
    """Repaint a clip; ``asked`` gives the `StylizeRequest` for its first frame."""
    from dataclasses import replace

    from ganedit.clips import check_clip, read_clip, save_clip
    from ganedit.provenance import make_recipe
    from ganedit.requests import MAX_FRAMES, ClipRequest

    check_clip(target)
    clip = read_clip(source, MAX_FRAMES, into=target.suffix.lower())
    result = run(ClipRequest(clip.frames, asked(clip.frames[0])), "Painting")
    recipe = make_recipe(result) if embed_settings else None
    notes = save_clip(replace(clip, frames=result.images), target, recipe)
    count = len(result.images)
    told = {"output": str(target), "frames": count, "model": result.model, "seconds": round(result.seconds, 3)}
    tell(told | {"notes": [*result.notes, *notes]}, f"{target}: {count} frames", as_json)
