"""How fast networks are on this machine: tried once, and kept in a file beside the fetched weights."""

import json
import os
import platform
import tempfile
import threading
from pathlib import Path

import torch


class Trials:
    """Seconds that a network takes for a pixel, by its id and precision; safe to use from many threads.

    What another machine measured does not count, so that a folder of weights may be carried around.
    """

    def __init__(self, file: Path) -> None:
        """Take the file as it is; nothing is read before it is asked for."""
        self._file = file
        self._machine = _machine()
        self._lock = threading.Lock()
        self._known: dict[str, float] | None = None

    def seconds_per_px(self, model_id: str, precision: str) -> float | None:
        """Give what was measured, None if nothing was."""
        with self._lock:
            return self._read().get(f"{model_id} {precision}")

    def keep(self, model_id: str, precision: str, seconds_per_px: float) -> None:
        """Remember a measurement, in place of an earlier one; where no file can be written, while the program runs."""
        with self._lock:
            known = self._read()
            known[f"{model_id} {precision}"] = seconds_per_px
            self._write(known)

    def _read(self) -> dict[str, float]:
        if self._known is None:
            mine = _machines(self._file).get(self._machine)
            pairs = mine.items() if isinstance(mine, dict) else ()
            self._known = {key: value for key, value in pairs if isinstance(value, float) and value > 0}
        return self._known

    def _write(self, known: dict[str, float]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(_machines(self._file) | {self._machine: known}, indent=1)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False, encoding="utf-8") as part:
                part.write(text)
            os.replace(part.name, self._file)
        except OSError:
            return  # it only costs another trial


def _machines(file: Path) -> dict[str, object]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _machine() -> str:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{platform.node()}, {platform.machine()}, {torch.get_num_threads()} threads, {gpu}, torch {torch.__version__}"
    )
