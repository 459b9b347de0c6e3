"""The commands that train and that measure, as somebody types them: what they say, what they write, how they refuse."""

import json
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from ganedit.cli import app
from ganedit.errors import UserError
from ganedit.models.snapshots import read_facts

RECIPE = """
[data]
resolution = 8
[generator]
z_dim = 8
width = 8
[discriminator]
width = 8
[schedule]
kimg = 0.016
batch = 4
tick_kimg = 0.008
snapshot_kimg = 0.016
[compute]
precision = "float32"
threads = 1
"""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes Ctrl+C for itself, in the process of the tests too."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def sentence(*words: object) -> str:
    """The sentence with which a command refuses."""
    done = run(*words)
    assert isinstance(done.exception, UserError), done.output
    return str(done.exception)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for kind in ("cats", "dogs"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / kind / f"{number}.png")
    (tmp_path / "data" / "LICENSE").write_text("CC BY 4.0, by somebody\nThe whole text.\n")
    return tmp_path / "data"


def test_train_writes_a_run_and_the_snapshot_carries_the_license_of_the_data(
    recipe: Path, pictures: Path, tmp_path: Path
) -> None:
    done = run("train", recipe, "--data", pictures, "--out", tmp_path / "run", "--set", "data.condition=class")
    assert done.exit_code == 0, done.output
    assert "16 pictures in 2 classes." in done.stderr and done.stdout.startswith("kimg 0.01")
    ticks = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert {"kimg", "loss_g", "loss_d", "images_per_second", "verdict"} <= set(ticks[-1])
    facts = read_facts(tmp_path / "run" / "snapshot-000000016.safetensors")["facts"]
    assert facts["license"] == "CC BY 4.0, by somebody\nThe whole text."
    assert (facts["class_names"], facts["precision"]) == (["cats", "dogs"], "float32")


def test_train_names_what_it_leaves_out_of_a_zip_and_uses_the_rest(
    recipe: Path, pictures: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(pictures.rglob("*.png")):
            archive.write(file, file.relative_to(pictures))
        archive.writestr("../out.png", b"x")
        archive.writestr("cats/notes.pdf", b"x")
        archive.writestr("cats/bomb.png", b"\0" * (8 << 20), zipfile.ZIP_DEFLATED)
    done = run("train", recipe, "--data", tmp_path / "set.zip", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "Files left out: 3; data.json names them all." in done.stderr
    assert "../out.png: Its path leads out of the zip" in done.stderr
    assert "cats/bomb.png: It unpacks to more than 200 times its size" in done.stderr
    about = json.loads((tmp_path / "run" / "data.json").read_text())
    assert (about["pictures"], about["classes"]) == (16, ["cats", "dogs"])
    assert set(about["skipped"]) == {"../out.png", "cats/notes.pdf", "cats/bomb.png"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "loss.gama=1"], 'There is no key "loss.gama" in a recipe, did you mean gamma?'),
        (["--set", "schedule.batch=many"], 'schedule.batch must be a whole number from 2 to 4096, not "many".'),
        (["--kimg", "-3"], "schedule.kimg must be a number from 0.001 to 1000000, not -3.0."),
        (["--data", "nowhere"], "There is no folder or zip file nowhere, check the path."),
        (["--resume"], "to go on from; start without --resume."),
    ],
)
def test_a_bad_recipe_or_bad_data_is_one_sentence_with_its_key_or_file(
    recipe: Path, pictures: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    assert said in sentence("train", recipe, "--data", pictures, "--out", tmp_path / "run", *words)


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    (tmp_path / "fake").mkdir()
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / "fake" / f"{number}.png")
    (tmp_path / "fake" / "broken.png").write_text("no picture")
    return tmp_path / "fake"


def test_evaluate_says_what_was_compared_by_which_network_and_what_was_left_out(
    pictures: Path, fakes: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.jpg"
    done = run("evaluate", pictures, fakes, "--backbone", "effnet", "--sheet", sheet)
    assert done.exit_code == 0, done.output
    assert "kd_effnet12" in done.stdout and "12 of 16 real against 12 of 13 fake pictures" in done.stdout
    assert "Backbone: effnet, SHA-256 " in done.stdout
    assert "Files left out: 2; --json names them all." in done.stdout
    assert "fake broken.png: " in done.stdout and "real LICENSE: " in done.stdout
    with Image.open(sheet) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    ("name", "said"), [("no/sheet.png", "does not exist, make it"), ("sheet.txt", "Files ending in .txt cannot")]
)
def test_a_sheet_that_cannot_be_written_is_told_before_the_work(
    pictures: Path, fakes: Path, tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.metrics.evaluate.evaluate", lambda *_, **__: pytest.fail("it was measured"))
    assert said in sentence("evaluate", pictures, fakes, "--sheet", tmp_path / name)


def test_too_few_pictures_are_counted_as_they_are(pictures: Path, fakes: Path) -> None:
    for number in range(4, 12):
        (fakes / f"{number}.png").unlink()
    assert sentence("evaluate", pictures, fakes, "--backbone", "effnet") == (
        "There are 16 real and 5 fake pictures, take at least 10 of each."
    )
