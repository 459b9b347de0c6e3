"""What every command says and draws."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ganedit.errors import BadRequestError, TooLargeError, cut

if TYPE_CHECKING:
    from ganedit.engine import Engine
    from ganedit.formats import FileFormat, SaveOptions
    from ganedit.requests import EditResult, Request

Quality = Annotated[int, typer.Option(help="1 to 100, for JPEG, WebP and AVIF.")]
KeepLocation = Annotated[bool, typer.Option(help="Keep the GPS position in the file.")]
EmbedSettings = Annotated[
    bool, typer.Option(help="Write the settings into the file; the mark of machine-made pictures is always in it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

_SECONDS_BETWEEN_LINES = 0.3


class Advance(Protocol):
    """Tells how far the work is."""

    def __call__(self, done: float, total: float | None, stage: str = "") -> None:
        """Take what is done of how much, and the name of what is being done."""


@contextmanager
def progress_bar(label: str) -> Iterator[Advance]:
    """A bar with the remaining time on a terminal, silence elsewhere; it goes to standard error."""
    if not sys.stderr.isatty():
        yield lambda done, total, stage="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total, stage="": bar.update(task, completed=done, total=total)


@contextmanager
def progress_lines() -> Iterator[Advance]:
    """A JSON object a line on standard error, for programs that watch: stage, done and total, a few times a second."""
    told_at, told_stage = 0.0, ""

    def tell_line(done: float, total: float | None, stage: str = "") -> None:
        nonlocal told_at, told_stage
        now = time.monotonic()
        if stage != told_stage or now - told_at >= _SECONDS_BETWEEN_LINES:
            told_at, told_stage = now, stage
            typer.echo(json.dumps({"stage": stage, "done": done, "total": total}), err=True)

    yield tell_line


def run(
    request: "Request",
    label: str,
    max_output_megapixels: float = 80.0,
    *,
    engine: "Engine | None" = None,
    kind: "FileFormat | None" = None,
) -> "EditResult":
    """Run a request with a progress bar.

    Args:
        request: what to do.
        label: what the bar says.
        max_output_megapixels: of the engine.
        engine: keeps its networks for the next request; None takes a new one.
        kind: the format of the result, which may not hold its size.

    Raises:
        UserError: the request is wrong, its model cannot be had, or its result cannot be saved.
    """
    from ganedit.engine import Engine  # takes seconds, which --help does not have
    from ganedit.formats import check_sides

    with progress_bar(label) as advance:
        engine = engine or Engine(max_output_megapixels=max_output_megapixels)
        try:
            if kind:
                check_sides(kind, *_result_size(request, engine))
            return engine.run(request, lambda step: advance(step.done, step.total))
        except TooLargeError as error:
            raise BadRequestError(f"{str(error)[:-1]}, or allow more with --max-output-megapixels.") from None


def _result_size(request: "Request", engine: "Engine") -> tuple[int, int]:
    """Say how large, (width, height) in pixels, the result of an edit of a picture will be."""
    from ganedit.requests import EnhanceRequest, GenerateRequest, InterpolateRequest, OutpaintRequest

    if isinstance(request, GenerateRequest | InterpolateRequest):
        return 0, 0  # no generator draws what a file cannot hold
    width, height = request.image.width, request.image.height
    if isinstance(request, OutpaintRequest):
        return width + request.left + request.right, height + request.top + request.bottom
    if isinstance(request, EnhanceRequest):
        request = engine.settle(request).request
        scale = request.scale or 1.0
        return request.size or (round(width * scale), round(height * scale))
    return width, height


def write(
    result: "EditResult", target: Path, options: "SaveOptions", embed_settings: bool = True, as_json: bool = False
) -> None:
    """Save the result of an edit and say what was done.

    Raises:
        BadRequestError: it cannot be saved.
    """
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


def tell(facts: dict[str, Any], sentence: str, as_json: bool) -> None:
    """Print the facts as JSON, or the sentence; notes among the facts go to standard error."""
    typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else sentence)
    if not as_json:
        for note in facts.get("notes", ()) if isinstance(facts.get("notes"), list) else ():
            typer.echo(note, err=True)


def one_of(name: str, value: Any, known: tuple[Any, ...]) -> Any:
    """Give back a value that is known.

    Raises:
        BadRequestError: it is not.
    """
    if value not in known:
        listed = ", ".join(str(choice) for choice in known if choice is not None)
        raise BadRequestError(f"{name.capitalize()} is one of {listed}, not {cut(value)}.")
    return value
