"""Where commands put their results: what cannot be written is told in one sentence before any work."""

import os
from itertools import product
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from ganedit.cli import app, main
from ganedit.errors import UserError

COMMANDS = {
    "enhance": "enhance {photo} {out}.png --model none",
    "inpaint": "inpaint {photo} {mask} {out}.png --model opencv-telea",
    "outpaint": "outpaint {photo} {out}.png --left 8 --model opencv-telea",
    "stylize": "stylize {photo} {out}.png --style cartoon",
    "stylize a folder": "stylize {photos} {out} --style cartoon",
    "stylize a clip": "stylize {clip} {out}.gif --style cartoon",
    "generate": "generate {out} --model ganedit-avatar",
    "interpolate": "interpolate {out}.mp4 --model ganedit-avatar --from 1 --to 2 --frames 2",
    "scratches": "scratches {photo} {out}.png",
    "evaluate": "evaluate {photos} {photos} --sheet {out}.png",
    "train": "train recipes/quickstart.toml --data {photos} --out {out} --kimg 0.1",
}


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """A photo, a folder of it, a mask and a clip; ``out`` is where the test puts it."""
    (tmp_path / "in").mkdir()
    photo = Image.new("RGB", (24, 16), "teal")
    photo.save(tmp_path / "in" / "photo.png")
    mask = Image.new("L", (24, 16))
    mask.paste(255, (4, 4, 8, 8))
    mask.save(tmp_path / "mask.png")
    photo.save(tmp_path / "clip.gif", save_all=True, append_images=[Image.new("RGB", (24, 16), "navy")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("kept")
    return {
        "photos": tmp_path / "in",
        "photo": tmp_path / "in" / "photo.png",
        "mask": tmp_path / "mask.png",
        "clip": tmp_path / "clip.gif",
    }


def refusal(command: str, places: dict[str, Path], out: Path) -> str:
    done = CliRunner().invoke(app, [word.format(**places, out=out) for word in COMMANDS[command].split()])
    assert isinstance(done.exception, UserError), (done.output, done.exception)
    return str(done.exception)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be worked on."""
    for name in (
        "ganedit.engine.Engine.run",
        "ganedit.engine.Engine.find_scratches",
        "ganedit.metrics.evaluate.evaluate",
    ):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("it was worked on"))
    monkeypatch.setattr("ganedit.training.data.decode_into", lambda *_, **__: pytest.fail("it was worked on"))


BAD = ["file/x", "a" * 300, "a" * 300 + "/x"]
MISSING = [(command, "none/x") for command, words in COMMANDS.items() if "{out}." in words]
"""A folder for results is made with those above it, one for a single file is not."""


@pytest.mark.parametrize(("command", "bad"), [*product(COMMANDS, BAD), *MISSING])
def test_a_place_that_cannot_be_is_told_before_the_work(
    idle: None, places: dict[str, Path], tmp_path: Path, command: str, bad: str
) -> None:
    said = refusal(command, places, tmp_path / "out" / bad)
    assert len(said) < 250 and "\n" not in said
    assert os.listdir(tmp_path / "out") == ["file"] and (tmp_path / "out" / "file").read_text() == "kept"


@pytest.mark.parametrize("command", COMMANDS)
def test_pipes_stay_pipes(idle: None, places: dict[str, Path], tmp_path: Path, command: str) -> None:
    for ending in ("", ".png", ".gif", ".mp4"):
        os.mkfifo(tmp_path / "out" / f"pipe{ending}")
    assert "pipe" in refusal(command, places, tmp_path / "out" / "pipe")
    assert all(path.is_fifo() for path in (tmp_path / "out").glob("pipe*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_told_before_the_work_and_nothing_is_left(
    idle: None, places: dict[str, Path], tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shutil.disk_usage", lambda path: type("Full", (), {"total": 1 << 30, "used": 1 << 30, "free": 0})()
    )
    assert "free some room" in refusal(command, places, tmp_path / "out" / "x")
    assert os.listdir(tmp_path / "out") == ["file"]


def test_a_folder_of_results_goes_again_if_the_request_was_wrong(places: dict[str, Path], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["generate", str(tmp_path / "new" / "folder"), "--model", "nope"])
    assert isinstance(done.exception, UserError) and not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["-", "x.png."])
def test_names_that_are_surely_a_mistake_are_refused(
    idle: None, places: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "out")
    done = CliRunner().invoke(app, ["enhance", str(places["photo"]), name, "--model", "none"])
    assert isinstance(done.exception, UserError) and os.listdir() == ["file"]


def test_a_video_that_was_cut_off_by_a_full_disk_never_takes_its_place(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2
    import numpy as np

    from ganedit.clips import Clip, save_clip
    from ganedit.image import Picture

    class Cut:
        """OpenCV's writer on a full disk: it fails in silence."""

        def __init__(self, path: str, *_: object) -> None:
            Path(path).write_bytes(b"\0" * 40)

        def isOpened(self) -> bool:
            return True

        def write(self, _: object) -> None: ...

        def release(self) -> None: ...

    monkeypatch.setattr(cv2, "VideoWriter", type("VideoWriter", (Cut,), {"fourcc": staticmethod(lambda *_: 0)}))
    with pytest.raises(UserError, match="free some room"):
        save_clip(Clip([Picture(np.zeros((16, 16, 3), np.uint8))] * 3, [40.0] * 3), tmp_path / "a.mp4")
    assert not list(tmp_path.glob("*.mp4"))


def test_output_into_a_full_disk_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ganedit.cli.app", full)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "The output cannot be written (No space left on device), free some room.\n"


@pytest.mark.parametrize(
    "command",
    ["enhance {photo} {out} --model none --size 16400x8", "outpaint {photo} {out} --left 16380 --model opencv-telea"],
)
def test_a_result_that_its_format_cannot_hold_is_told_before_the_work(
    idle: None, places: dict[str, Path], tmp_path: Path, command: str
) -> None:
    target = tmp_path / "out" / "wide.webp"
    done = CliRunner().invoke(app, command.format(photo=places["photo"], out=target).split())
    assert isinstance(done.exception, UserError)
    assert "webp holds at most 16383 pixels a side" in str(done.exception)
    assert not target.exists()
