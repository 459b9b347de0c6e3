"""An evaluation in a process of its own: progress, result, one sentence on failure, and an end when told."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from ganedit.errors import UserError
from ganedit.ui.measuring import Measured, Measurement, run


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(0)
    for name in ("real", "fake"):
        (root / name).mkdir()
        for number in range(20):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(root / name / f"{name}{number}.png")
    return root


def measurement(root: Path, fake: str = "fake") -> Measurement:
    return Measurement(str(root / "real"), str(root / fake), "quick", "effnet")


def test_progress_comes_first_and_then_the_report_with_its_sheet(sets: Path, tmp_path: Path) -> None:
    *steps, last = run(measurement(sets), tmp_path)
    assert {"real", "fake", "scores"} <= {step["stage"] for step in steps if isinstance(step, dict)}
    assert isinstance(last, Measured)
    assert last.report["backbone"] == "effnet" and last.report["real_files"] == 20
    assert last.sheet is not None and Image.open(last.sheet).width > 0


def test_what_cannot_be_measured_is_one_sentence(sets: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no folder or zip file nowhere, check the path") as caught:
        list(run(measurement(sets, "nowhere"), tmp_path))
    assert "Traceback" not in str(caught.value)


def test_closing_it_ends_the_process(sets: Path, tmp_path: Path) -> None:
    steps = run(measurement(sets), tmp_path)
    next(steps)
    children = [child for child in psutil.Process().children() if "evaluate" in " ".join(child.cmdline())]
    assert len(children) == 1
    steps.close()
    assert not children[0].is_running() or children[0].status() == psutil.STATUS_ZOMBIE


def test_the_command_shown_can_be_typed(sets: Path) -> None:
    shown = Measurement("a b", "c.zip", "quick", "auto").shown_command()
    assert shown == (
        "python -m ganedit evaluate 'a b' c.zip --tier quick --backbone auto --sheet sheet.png --json > report.json"
    )
