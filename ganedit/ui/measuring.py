"""An evaluation as the page runs it: the command line in a process of its own, watched and stopped from here."""

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ganedit import stopping
from ganedit.errors import UserError
from ganedit.ui.i18n import both
from ganedit.ui.run import environment

_REPORT, _SHEET = "report.json", "sheet.png"
_LOOK_SECONDS = 0.4
_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Measurement:
    """What is to be compared, and how.

    Attributes:
        real: a folder or zip of real pictures, or the name of a packaged set.
        fake: a folder or zip of others, or a snapshot.
        tier: ``quick``, ``standard`` or ``paper``.
        backbone: ``auto``, ``inception`` or ``effnet``.
    """

    real: str
    fake: str
    tier: str
    backbone: str

    def command(self, program: str = "python") -> list[str]:
        """Give the command line, without what the page alone needs."""
        words = [program, "-m", "ganedit", "evaluate", self.real, self.fake]
        return [*words, "--tier", self.tier, "--backbone", self.backbone]

    def shown_command(self) -> str:
        """Give the command line as somebody would type it who also wants the report and the sheet."""
        return f"{shlex.join(self.command())} --sheet {_SHEET} --json > {_REPORT}"


@dataclass(frozen=True)
class Measured:
    """What came out.

    Attributes:
        report: as the command prints it.
        report_file: the same as a file.
        sheet: PNG, fakes beside their nearest real pictures; None if there is none.
    """

    report: dict[str, Any]
    report_file: Path
    sheet: Path | None


def run(measurement: Measurement, folder: Path) -> Generator[dict[str, Any] | Measured, None, None]:
    """Measure, and tell progress on the way; closing the iterator stops the process.

    Args:
        measurement: what to do.
        folder: where the results are written.

    Returns:
        Progress as the command tells it (``stage``, ``done``, ``total``), then what came out.

    Raises:
        UserError: it cannot be measured; the sentence says why.
    """
    sheet, report_file = folder / _SHEET, folder / _REPORT
    command = [*measurement.command(sys.executable), "--sheet", str(sheet), "--progress", "--json"]
    last_words = ""
    with report_file.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True
        )
        try:
            told = {"stage": "start", "done": 0, "total": None}
            for line in _lines(process):
                progress = _progress(line)
                told = progress or told
                if progress or not line:
                    yield told
                elif line.strip():
                    last_words = line.strip()
            process.wait()
        finally:
            _end(process)
    if process.returncode:
        raise UserError(last_words[:_LONGEST_MESSAGE] or both("ge.error.ours"))
    report = json.loads(report_file.read_text(encoding="utf-8"))
    yield Measured(report, report_file, sheet if sheet.exists() else None)


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Give what a process says, and an empty text where it says nothing for a while, so that it can be stopped then."""
    lines: SimpleQueue[str | None] = SimpleQueue()

    def read() -> None:
        assert process.stderr is not None
        with suppress(ValueError, OSError):  # closed while being read
            for line in process.stderr:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except Empty:
            yield ""
            continue
        if line is None:
            return
        yield line


def _progress(line: str) -> dict[str, Any] | None:
    if not line.startswith('{"stage"'):
        return None
    try:
        return json.loads(line)
    except ValueError:
        return None


def _end(process: subprocess.Popen[str]) -> None:
    """Let the process clean up behind itself, but do not wait for ever."""
    stopping.end(lambda: process.poll() is None, process.send_signal, stopping.END_SECONDS)
    if process.stderr:
        process.stderr.close()
