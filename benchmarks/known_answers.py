"""Data whose modes are known and can be counted: does the default game find all of them, and what does minimax find?

The 25 Gaussians are in `ganedit.training.toys`. Stacked digits: three of scikit-learn's handwritten digits as red,
green and blue of 8x8 pixels are 1,000 modes; a classifier of single digits tells which ones the samples show.
"""

import dataclasses
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.timing import table
from ganedit.models.generators import PictureGenerator
from ganedit.training.config import LossConfig, TrainConfig, load_recipe
from ganedit.training.journal import read_stats
from ganedit.training.loop import STATE_FILE, train
from ganedit.training.toys import MODES, POINTS, Count, count_grid, grid_points, reverse_kl, train_points
from tools import prepare_digits

OUT = Path(__file__).parent / "out" / "answers"
RECIPES = Path(__file__).parents[1] / "recipes"

_POINTS = 100_000
_STACKS = 30_000
_SAMPLES = 25_600
_DIGITS = 10
_LONGEST = 100
_TOP = 255

Classify = Callable[[np.ndarray], np.ndarray]
"""(N, 8, 8) uint8 to (N,) digits."""


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    yield gaussians()
    yield stacked_digits()


# ------------------------------------------------------------------ 25 Gaussians


def gaussians() -> str:
    """Both games on the grid: the same points, networks, optimizer and number of steps."""
    rows = []
    for loss in (POINTS.loss, LossConfig("minimax", r1=False, r2=False)):
        count, seconds = learn_grid(dataclasses.replace(POINTS, loss=loss))
        found = f"{count.modes} of {MODES}"
        rows.append([_called(loss), found, f"{count.good:.1%}", f"{count.reverse_kl:.3f}", f"{seconds:.0f} s"])
    title = f"## 25 Gaussians, {POINTS.schedule.kimg:g} kimg\n\n"
    return title + table(["loss", "modes", "samples within 4 sigma", "reverse KL, nats", "training"], rows)


def learn_grid(config: TrainConfig) -> tuple[Count, float]:
    """Train on the grid; gives what 2,500 samples of the averaged generator reach, and the seconds it took."""
    counts: list[Count] = []
    started = time.perf_counter()
    train_points(
        config, grid_points(_POINTS, config.schedule.seed), lambda _, samples: counts.append(count_grid(samples))
    )
    return counts[-1], time.perf_counter() - started


def _called(loss: LossConfig) -> str:
    return loss.name + "".join(f" + {name.upper()}" for name in ("r1", "r2", "gp") if getattr(loss, name))


# ---------------------------------------------------------------- stacked digits


def stacked_digits() -> str:
    """The recipe with the default game, and DCGAN with minimax on as many pictures and on as much time."""
    classify, accuracy = digit_classifier()
    data = _stacks()
    modern = load_recipe(RECIPES / "stacked-digits.toml")
    kimg = modern.schedule.kimg
    seconds = _train(modern, data, OUT / "relativistic")
    # Many more pictures than it will have time for: it ends by the clock.
    schedule = [f"schedule.{key}={getattr(modern.schedule, key)}" for key in ("batch", "tick_kimg", "snapshot_kimg")]
    basis = ["data.resolution=8", "generator.width=128", "discriminator.width=128"]
    old = load_recipe(RECIPES / "dcgan-minimax.toml", [*basis, *schedule, f"schedule.kimg={kimg * _LONGEST}"])
    _train(old, data, OUT / "minimax", seconds)
    rows = [_row("nobody: real pictures", "-", "-", _read_stacks(data), classify)]
    for name, run, at_kimg in (
        ("R3GAN, relativistic + R1 + R2", "relativistic", kimg),
        ("DCGAN, minimax, as many pictures", "minimax", kimg),
        ("DCGAN, minimax, as much time", "minimax", None),
    ):
        path = _snapshot(OUT / run, at_kimg)
        spent = training_seconds(OUT / run, _kimg(path))
        rows.append(_row(name, f"{_kimg(path):.0f}", f"{spent:.0f}", draw(path), classify))
    title = f"## Stacked digits, {_SAMPLES:,} samples; classifier right on {accuracy:.1%} of held-out digits\n\n"
    return title + table(["trained as", "kimg", "seconds", "modes of 1,000", "reverse KL, nats"], rows)


def _train(config: TrainConfig, data: Path, out: Path, seconds: float = float("inf")) -> float:
    """Train, or go on with a run that was cut off; ends after ``seconds`` of training, and gives how many it took."""
    spent = training_seconds(out)
    started = time.perf_counter()
    train(
        config,
        data,
        out,
        resume=(out / STATE_FILE).exists(),
        should_stop=lambda: spent + time.perf_counter() - started > seconds,
    )
    return training_seconds(out)


def training_seconds(out: Path, until_kimg: float = float("inf")) -> float:
    """Seconds of all steps in a run's journal, without the pauses between its parts."""
    seconds, before = 0.0, 0.0
    for tick in read_stats(out):
        if "images_per_second" in tick and tick["kimg"] <= until_kimg:
            seconds += (tick["kimg"] - before) * 1000 / tick["images_per_second"]
            before = tick["kimg"]
    return seconds


def _snapshot(out: Path, at_kimg: float | None) -> Path:
    """The first snapshot from ``at_kimg`` on; the last one without it."""
    paths = sorted(out.glob("snapshot-*.safetensors"))
    if at_kimg is None:
        return paths[-1]
    return next((path for path in paths if _kimg(path) >= at_kimg), paths[-1])


def _kimg(snapshot: Path) -> float:
    return int(snapshot.stem.split("-")[1]) / 1000


def draw(snapshot: Path) -> np.ndarray:
    """Draw (25600, 8, 8, 3) uint8 pictures, always from the same z."""
    return np.concatenate(list(PictureGenerator.read(snapshot).sample(_SAMPLES)))


def count_stacks(pictures: np.ndarray, classify: Classify) -> Count:
    """Count the combinations of three digits that (N, 8, 8, 3) uint8 pictures show; ``good`` is 1, all count."""
    digits = np.stack([classify(pictures[..., channel]) for channel in range(3)])
    found = np.bincount(digits[0] * _DIGITS**2 + digits[1] * _DIGITS + digits[2], minlength=_DIGITS**3)
    return Count(int((found > 0).sum()), 1.0, reverse_kl(torch.from_numpy(found)))


def _row(name: str, kimg: str, seconds: str, pictures: np.ndarray, classify: Classify) -> list[str]:
    count = count_stacks(pictures, classify)
    return [name, kimg, seconds, str(count.modes), f"{count.reverse_kl:.3f}"]


def digit_classifier() -> tuple[Classify, float]:
    """Fit a support vector machine to four fifths of the digits; gives it and its accuracy on the last fifth."""
    digits: Any = import_module("sklearn.datasets").load_digits()
    machine: Any = import_module("sklearn.svm").SVC(gamma=0.001, C=10.0)
    pixels = digits.images.reshape(len(digits.images), -1)
    held_out = np.arange(len(pixels)) % 5 == 4
    machine.fit(pixels[~held_out], digits.target[~held_out])
    accuracy = machine.score(pixels[held_out], digits.target[held_out])
    ink = digits.images.max() / _TOP
    return lambda pictures: machine.predict(pictures.reshape(len(pictures), -1) * ink), float(accuracy)


def _stacks() -> Path:
    """Write the training data once."""
    path = OUT / "stacked.zip"
    if not path.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        digits: Any = import_module("sklearn.datasets").load_digits()
        fresh = OUT / "fresh.zip"
        prepare_digits.write(prepare_digits.stacked_files(digits.images, _STACKS), fresh)
        fresh.rename(path)
    return path


def _read_stacks(data: Path) -> np.ndarray:
    with zipfile.ZipFile(data) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")][:_SAMPLES]
        return np.stack([np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names])
