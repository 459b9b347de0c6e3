"""Landscapes by three programs, each given the same processor time: our recipe, DCGAN with minimax, lightweight-gan.

    python tools/prepare_landscapes.py PACKAGE benchmarks/out/landscapes

Each trains on one core and goes on where it was cut off. All are measured on as many samples as there are pictures, by
``ganedit evaluate``'s own measures; the first recipe is told classes, which the others cannot be.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.known_answers import RECIPES
from benchmarks.lightweight import Peer
from benchmarks.timing import table
from ganedit.metrics.evaluate import evaluate
from ganedit.models.generators import PictureGenerator
from ganedit.training.config import TrainConfig, load_recipe
from ganedit.training.journal import read_stats
from ganedit.training.loop import STATE_FILE, train

OUT = Path(__file__).parent / "out" / "rivals"
DATA = Path(__file__).parent / "out" / "landscapes" / "train"

MINUTES = 10.5
"""Of one core, for each."""

_SIDE_PX, _BATCH = 128, 16
_FMAP_MAX = 72  # which gives lightweight-gan about as many parameters as ours has
_MEASURES = ("fd_effnet", "kd_effnet", "precision", "recall", "density", "coverage", "vendi", "copies")


def tables() -> Iterator[str]:
    """The table of this benchmark."""
    if not DATA.is_dir():
        yield "## Landscapes in the same time\n\nNot measured: no data."
        return
    torch.set_num_threads(1)
    programs: dict[str, Callable[[], Path]] = {
        "ganedit, ganedit-landscape": lambda: _ours("ganedit-landscape", []),
        "DCGAN, minimax": lambda: _ours("dcgan-minimax", [f"data.resolution={_SIDE_PX}"]),
        "lightweight-gan": _lightweight,
    }
    reports = {name: evaluate(DATA, make(), tier="quick", backbone="effnet") for name, make in programs.items()}
    first = next(iter(reports.values()))
    n = first.numbers[0].n
    rows = []
    for index, measured in enumerate(first.numbers):
        if measured.name.startswith(_MEASURES):
            values = [f"{report.numbers[index].value:.4g}" for report in reports.values()]
            floor = "-" if measured.floor is None else f"{measured.floor:.4g}"
            rows.append([measured.name, *values, floor])
    title = f"## Landscapes, {_SIDE_PX} px, {MINUTES:g} minutes of one core each, {n} samples\n\n"
    yield title + table(["measure", *reports, "real against real"], rows)


def _ours(recipe: str, changes: list[str]) -> Path:
    """Train a recipe for the time; gives as many of its pictures as there are real ones."""
    config = load_recipe(RECIPES / f"{recipe}.toml", [*changes, "compute.threads=1"])
    run = OUT / recipe
    kimg = _kimg_at(run, MINUTES * 60)
    if kimg is None:
        _train(config, run)
        kimg = _kimg_at(run, MINUTES * 60)
    snapshots = sorted(run.glob("snapshot-*.safetensors"))
    within = [path for path in snapshots if int(path.stem.split("-")[1]) / 1000 <= (kimg or 0) + 1e-6]
    return within[-1] if within else snapshots[-1]


def _train(config: TrainConfig, run: Path) -> None:
    spent, started = sum(_seconds(run)), time.process_time()
    train(
        config,
        DATA,
        run,
        resume=(run / STATE_FILE).exists(),
        should_stop=lambda: spent + time.process_time() - started > MINUTES * 60,
    )


def _seconds(run: Path) -> list[float]:
    return [tick["processor_seconds"] for tick in read_stats(run) if "processor_seconds" in tick]


def _kimg_at(run: Path, seconds: float) -> float | None:
    """Where a run was after so much processor time; None if it never got there."""
    spent = 0.0
    for tick in read_stats(run):
        spent += tick.get("processor_seconds", 0.0)
        if spent >= seconds:
            return float(tick["kimg"])
    return None


def _lightweight() -> Path:
    """Train lightweight-gan as its class sets it; gives the folder of its averaged generator's pictures."""
    pictures = OUT / "lightweight-pictures"
    if pictures.is_dir():
        return pictures
    peer = Peer(DATA, OUT / "lightweight", _SIDE_PX, _BATCH, _FMAP_MAX, attention_px=[])
    started = time.process_time()
    while time.process_time() - started < MINUTES * 60:
        peer.step()
    drawn = peer.draw(len(list(DATA.rglob("*.png"))))
    fresh = OUT / ".lightweight-pictures"
    fresh.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(drawn):
        Image.fromarray(pixels).save(fresh / f"{number:05d}.png")
    return fresh.rename(pictures)


def sheet(count: int = 8) -> Image.Image:
    """Some pictures of each program, a row each, to look at."""
    rows = []
    for recipe, changes in (("ganedit-landscape", []), ("dcgan-minimax", [f"data.resolution={_SIDE_PX}"])):
        rows.append(next(iter(PictureGenerator.read(_ours(recipe, changes)).sample(count))))
    files = sorted(_lightweight().glob("*.png"))[:count]
    rows.append(np.stack([np.asarray(Image.open(file)) for file in files]))
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))
