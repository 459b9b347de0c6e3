"""What a run writes down: its pictures, one JSON object a tick, and grids of samples from the same z."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ganedit.files import whole_file, writing

STATS_FILE = "stats.jsonl"
DATA_FILE = "data.json"
SAMPLES_FOLDER = "samples"
CONDITIONS_FILE = "conditions.txt"


class Journal:
    """The files of one run.

    Every method raises `BadRequestError` if its file cannot be written, most often because the disk is full.
    """

    def __init__(self, out: Path, start_kimg: float) -> None:
        """Open the journal; what was written after ``start_kimg``, by a run that was cut off, is dropped.

        Args:
            out: folder of the run.
            start_kimg: where this run begins; 0 begins a new journal.
        """
        self._stats, self._data = out / STATS_FILE, out / DATA_FILE
        self._samples = out / SAMPLES_FOLDER
        with writing(self._samples):
            self._samples.mkdir(parents=True, exist_ok=True)
        kept = [line for line in read_stats(out) if line["kimg"] <= start_kimg] if start_kimg else []
        _write(self._stats, "".join(json.dumps(line) + "\n" for line in kept))

    def tick(self, stats: Mapping[str, Any]) -> None:
        """Add one line; it can be read as soon as this returns."""
        with writing(self._stats), self._stats.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(stats)) + "\n")

    def data(self, about: Mapping[str, Any]) -> None:
        """Write what is known of the pictures, those that were left out too."""
        _write(self._data, json.dumps(about, ensure_ascii=False, indent=1))

    def conditions(self, lines: Sequence[str]) -> None:
        """Write what each sample of every grid was told, row by row; nothing if they were told nothing."""
        if lines:
            _write(self._samples / CONDITIONS_FILE, "".join(f"{line}\n" for line in lines))

    def samples(self, pictures: Tensor, kimg: float) -> Path:
        """Write a grid of (N, C, R, R) in [-1, 1] and give its path; a later one never replaces it."""
        path = self._samples / f"{round(kimg * 1000):09d}.png"
        with whole_file(path) as fresh:
            grid(pictures).save(fresh)
        return path


def read_stats(out: Path) -> list[dict[str, Any]]:
    """Read a run's ticks; a line that is not complete yet is left out."""
    try:
        lines = (out / STATS_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    ticks = []
    for line in lines:
        try:
            ticks.append(json.loads(line))
        except ValueError:
            continue
    return ticks


def _write(path: Path, text: str) -> None:
    with whole_file(path) as fresh:
        fresh.write_text(text, encoding="utf-8", errors="replace")


def grid(pictures: Tensor) -> Image.Image:
    """Lay (N, C, R, R) pictures in [-1, 1] out in rows, as wide as they are many."""
    values = ((pictures.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    count, height, width, channels = values.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = values
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
