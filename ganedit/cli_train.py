"""The commands that train a generator and that measure pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganedit.console import Json, one_of, progress_bar, progress_lines, tell
from ganedit.errors import StoppedError
from ganedit.stopping import StopFlag

if TYPE_CHECKING:
    from ganedit.metrics.report import Number, Report
    from ganedit.training.data import Dataset

_NAMED = 5  # files that are left out


def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", readable=False, help="TOML file, such as recipes/quickstart.toml.")
    ],
    data: Annotated[Path, typer.Option(readable=False, help="Folder or zip of pictures; sub-folders are classes.")],
    out: Annotated[Path, typer.Option(readable=False, help="Folder of the run: journal, samples, snapshots, state.")],
    kimg: Annotated[float | None, typer.Option(help="Length of the run in thousand pictures.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="section.key=value, as often as needed.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT.")] = False,
    as_json: Json = False,
) -> None:
    """Train a generator on a folder of pictures. Ctrl+C saves everything and ends; --resume goes on."""
    from ganedit.training.config import load_recipe

    overrides = [*(settings or []), *([f"schedule.kimg={kimg}"] if kimg is not None else [])]
    config = load_recipe(recipe, overrides)  # before torch is imported: mistakes are told at once

    from ganedit.training.loop import train as run

    def say(stats: Mapping[str, Any]) -> None:
        tell(dict(stats), _tick_line(stats), as_json)

    stop = StopFlag(out)
    try:
        run(config, data, out, resume=resume, on_data=_say_data, on_tick=say, should_stop=stop.is_set)
    except KeyboardInterrupt as early:
        raise StoppedError("Stopped before the first step; nothing was lost.") from early
    finally:
        stop.clear()
    if stop.was_set:
        typer.echo(f"Stopped and saved; --resume goes on from {out}.", err=True)


def _tick_line(stats: Mapping[str, Any]) -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    if "loss_g" not in stats:  # nothing was measured, something is told about the run
        return stats["verdict"]
    return (
        f"kimg {stats['kimg']:.2f}  G {shown(stats['loss_g'])}  D {shown(stats['loss_d'])}  "
        f"{stats['images_per_second']:.1f} images/s  {stats['seconds_left'] // 60} min left"
    )


def _say_data(dataset: "Dataset") -> None:
    """Tell on standard error what is learned from; all that was left out stands in the run's data.json."""
    classes = f" in {len(dataset.class_names)} classes" if dataset.class_names else ""
    lines = [f"{len(dataset)} pictures{classes}.", *dataset.notes, *_left_out(dataset.skipped, "data.json")]
    typer.echo("\n".join(lines), err=True)


def evaluate(
    real: Annotated[
        Path, typer.Argument(metavar="REAL", readable=False, help="Folder or zip of real pictures; or: shapes.")
    ],
    fake: Annotated[
        Path, typer.Argument(metavar="FAKE", readable=False, help="Folder or zip of pictures, or a snapshot.")
    ],
    tier: Annotated[str, typer.Option(help="quick (1k), standard (10k) or paper (50k pictures).")] = "standard",
    backbone: Annotated[str, typer.Option(help="auto, inception or effnet.")] = "auto",
    sheet: Annotated[
        Path | None, typer.Option(readable=False, help="Also write a sheet of nearest neighbors: .png.")
    ] = None,
    progress: Annotated[
        bool, typer.Option("--progress", help="Tell progress as JSON lines on standard error.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure how close generated pictures come to real ones: distances, precision, recall, diversity, copies."""
    one_of("tier", tier, ("quick", "standard", "paper"))
    one_of("backbone", backbone, ("auto", "inception", "effnet"))
    from ganedit.files import whole_file
    from ganedit.formats import SaveOptions, check_target
    from ganedit.metrics.evaluate import evaluate as measure
    from ganedit.training.packaged import locate

    sheet_format = check_target(sheet, SaveOptions()) if sheet else None  # before the work, not after
    with progress_lines() if progress else progress_bar("Measuring") as advance:
        how: dict[str, Any] = {"tier": tier, "backbone": backbone}
        report = measure(locate(real), fake, **how, on_progress=lambda at: advance(at.done, at.total, at.stage))
    if sheet and report.sheet:
        with whole_file(sheet) as fresh:
            report.sheet.save(fresh, sheet_format)
    tell(report.to_dict(), _text(report), as_json)


def _text(report: "Report") -> str:
    refused = {f"{which} {name}": why for which, files in report.refused.items() for name, why in files.items()}
    backbone = f"Backbone: {report.backbone}, SHA-256 {report.backbone_digest}."
    return "\n".join([*map(_line, report.numbers), report.split, backbone, *_left_out(refused, "--json")])


def _left_out(files: Mapping[str, str], named_by: str) -> list[str]:
    """Say which files were left out and why; of many, the first."""
    if not files:
        return []
    lines = [f"  {name}: {reason}" for name, reason in files.items()]
    return [f"Files left out: {len(lines)}; {named_by} names them all.", *lines[:_NAMED]]


def _line(number: "Number") -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.4f}"

    interval = f"{shown(number.low)} to {shown(number.high)}"
    return f"{number.name:26}{number.value:12.4f}  ({interval})  real against real {shown(number.floor)}  {number.note}"
