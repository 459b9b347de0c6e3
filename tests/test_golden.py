"""Behavior that a rebuilding must hold still: every command's help, the HTTP schema, records, and small pictures."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from golden_files import check_json, check_picture, check_text
from PIL import Image, ImageSequence
from typer.testing import CliRunner

from ganedit.cli import app
from ganedit.engine import Engine
from ganedit.formats import read_recipe
from ganedit.ui import UiSettings, build_ui

EXAMPLES = Path(__file__).parents[1] / "ganedit/ui/examples"
SIDE = 64
TONES = "--brightness 0.1 --contrast 1.2 --saturation 0.8 --sharpness 1.5 --gamma 1.2 --white-balance gray-world"
EDITS = {
    "enhance-video": "enhance IN OUT.png --model realesr-animevideov3 --size 96x96",
    "enhance-photo": "enhance TINY OUT.png --model realesrgan-x4plus --scale 2",
    "enhance-anime": "enhance TINY OUT.png --model realesrgan-x4plus-anime-6b --scale 2 --no-color-guard",
    "enhance-none": f"enhance IN OUT.png --model none --scale 1.5 {TONES}",
    "inpaint-migan": "inpaint IN MASK OUT.png --model migan-512",
    "inpaint-telea": "inpaint IN MASK OUT.png --model opencv-telea --grow 2 --feather 4",
    "inpaint-stokes": "inpaint IN MASK OUT.png --model opencv-navier-stokes",
    "outpaint": "outpaint IN OUT.png --aspect 4:3 --position left",
    "scratches": "scratches HAIRLINE OUT.png --sensitivity 0.8",
    "stylize-cartoon": "stylize IN OUT.png --style cartoon",
    "stylize-mixed": "stylize IN OUT.png --style van-gogh=2,ukiyo-e=1 --brush 1.4",
    "stylize-impressionist": "stylize IN OUT.png --style impressionist --strength 0.5 --keep-colors",
    "stylize-painting": "stylize IN OUT.png --style WAVE",
    "generate-avatar": 'generate OUT --model ganedit-avatar --seed 3 --attr "hair color=red"',
    "generate-landscape": "generate OUT --model ganedit-landscape --seed 3 --class beach --truncation 0.7",
    "generate-object": 'generate OUT --model ganedit-object --seed 3 --text "a red apple"',
    "interpolate": "interpolate OUT.gif --model ganedit-landscape --from 1 --to 2 --frames 3",
}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield from commands(command, (*path, name))


def test_the_help_of_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "120")
    texts = []
    for path in commands(typer.main.get_command(app)):
        shown = CliRunner().invoke(app, [*path, "--help"], prog_name="ganedit", env={"NO_COLOR": "1"})
        assert shown.exit_code == 0
        texts.append("\n".join(line.rstrip() for line in shown.output.splitlines()))
    check_text("help.txt", "\n".join(texts) + "\n")


@pytest.mark.parametrize("public", [False, True])
def test_the_schema_of_every_endpoint(public: bool) -> None:
    check_json("api.json", build_ui(Engine(), UiSettings(public=public)).get_api_info())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("golden")
    with Image.open(EXAMPLES / "cat.jpg") as photo:
        for name, side in (("in.png", SIDE), ("tiny.png", SIDE // 2)):
            short = min(photo.size)
            photo.convert("RGB").crop((0, 0, short, short)).resize((side, side)).save(folder / name)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[20:36, 24:44] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    files = {"IN": folder / "in.png", "TINY": folder / "tiny.png", "MASK": folder / "mask.png"}
    files |= {"WAVE": EXAMPLES / "styles/wave.jpg", "HAIRLINE": EXAMPLES / "hairline.jpg"}
    return {word: str(file) for word, file in files.items()}


@pytest.mark.parametrize("name", EDITS)
def test_a_small_picture_of_every_task_and_model(name: str, inputs: dict[str, str], tmp_path: Path) -> None:
    words = [inputs.get(word, word.replace("OUT", f"{tmp_path / 'out'}")) for word in shlex.split(EDITS[name])]
    app(words, standalone_mode=False)
    (file,) = [each for each in tmp_path.rglob("*.*") if each.is_file()]
    with Image.open(file) as image:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]
    check_picture(name, Image.fromarray(np.hstack([np.asarray(frame) for frame in frames])))
    record = read_recipe(file)
    if record is not None:
        check_json(f"records/{name}.json", json.loads(record) | {"made": "", "program": ""})
