"""The command line: doors, exit codes, and one sentence for every mistake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import ganedit
from PIL import Image, ImageOps

from ganedit.formats import read_recipe

ROOT = Path(__file__).parents[1]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "in.png"
    values = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    Image.fromarray(values).resize((64, 48), Image.Resampling.BICUBIC).save(path)
    return path


def test_enhance_writes_the_result_and_tells_of_it_in_json(photo, tmp_path):
    out = tmp_path / "out.png"
    done = ganedit("enhance", photo, out, "--model", "realesr-animevideov3", "--scale", 4, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["width"], told["height"], told["output"]) == (256, 192, str(out))
    with Image.open(out) as image:
        assert image.size == (256, 192)
    assert json.loads(read_recipe(out) or "")["settings"]["scale"] == 4


def test_size_overrides_scale_and_jpeg_is_taken_from_the_ending(photo, tmp_path):
    out = tmp_path / "out.jpg"
    done = ganedit("enhance", photo, out, "--size", "100x80", "--model", "none", "--no-embed-settings")
    assert done.returncode == 0, done.stderr
    with Image.open(out) as image:
        assert (image.format, image.size) == ("JPEG", (100, 80))
    assert read_recipe(out) is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["enhance", "{bad}", "{out}"], "not a picture|picture"),
        (["enhance", "{missing}", "{out}"], "missing"),
        (["enhance", "{photo}", "{out}", "--model", "nope"], "no model called nope"),
        (["enhance", "{photo}", "{out}", "--size", "big"], "WIDTHxHEIGHT"),
        (["enhance", "{photo}", "{out}", "--precision", "float8"], "Precision is one of"),
        (["enhance", "{photo}", "{out}", "--bit-depth", "12"], "Bit-depth is one of 8, 16"),
        (["enhance", "{photo}", "{jpeg}", "--bit-depth", "16"], "16 bits"),
        (["enhance", "{photo}", "{out}", "--max-output-megapixels", "0.001"], "megapixels"),
        (["enhance", "{photo}", "{unwritable}"], "folder|directory"),
        (["enhance", "{photo}", "{odd}"], "png"),
        (["inpaint", "{photo}", "{hole}", "{out}", "--model", "nope"], "no model called nope"),
        (["inpaint", "{photo}", "{black}", "{out}"], "marks nothing"),
        (["inpaint", "{photo}", "{small}", "{out}"], "10x10"),
        (["inpaint", "{photo}", "{bad}", "{out}"], "picture"),
        (["inpaint", "{photo}", "{hole}", "{out}", "--model", "realesr-animevideov3"], "another task"),
        (["outpaint", "{photo}", "{out}"], "at least one side"),
        (["outpaint", "{photo}", "{out}", "--aspect", "wide"], "16:9"),
        (["outpaint", "{photo}", "{out}", "--aspect", "2:1", "--left", "3"], "not both"),
        (["outpaint", "{photo}", "{out}", "--aspect", "2:1", "--position", "aside"], "A position is one of"),
        (["outpaint", "{photo}", "{out}", "--left", "9", "--max-output-megapixels", "0.001"], "megapixels"),
        (["scratches", "{photo}", "{out}", "--sensitivity", "3"], "ensitivity"),
        (["scratches", "{photo}", "{jpeg}"], "PNG"),
        (["models", "info", "nope"], "no model called nope"),
        (["models", "fetch"], "Name the models"),
        (["models", "remove", "realesrgan-x4plus"], "installed package"),
        (["models", "list", "--task", "cook"], "Task is one of"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(photo, tmp_path, words, sentence):
    (tmp_path / "bad.png").write_text("hello")
    Image.new("L", (64, 48)).save(tmp_path / "black.png")
    Image.new("L", (10, 10), 255).save(tmp_path / "small.png")
    ImageOps.expand(Image.new("L", (32, 24), 255), (16, 12)).save(tmp_path / "hole.png")
    places = {
        "hole": tmp_path / "hole.png",
        "black": tmp_path / "black.png",
        "small": tmp_path / "small.png",
        "photo": photo,
        "bad": tmp_path / "bad.png",
        "missing": tmp_path / "missing.png",
        "out": tmp_path / "out.png",
        "jpeg": tmp_path / "out.jpg",
        "unwritable": tmp_path / "no" / "such" / "out.png",
        "odd": tmp_path / "out.xyz",
    }
    done = ganedit(*(str(word).format(**places) for word in words))
    assert done.returncode == 2, done.stderr
    assert re.search(sentence, done.stderr), done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.png").exists()


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "mask.png"
    values = np.zeros((48, 64), np.uint8)
    values[10:20, 20:40] = 255
    Image.fromarray(values).save(path)
    return path


def test_inpaint_fills_the_hole_alone_and_tells_of_its_seam(photo, mask, tmp_path):
    out = tmp_path / "out.png"
    done = ganedit("inpaint", photo, mask, out, "--model", "opencv-telea", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["width"], told["height"], told["model"]) == (64, 48, "opencv-telea") and told["seam"] > 0
    changed = (np.asarray(Image.open(out)) != np.asarray(Image.open(photo))).any(axis=2)
    hole = np.asarray(Image.open(mask)) > 0
    assert changed[hole].mean() > 0.5 and not changed[~hole].any()
    assert json.loads(read_recipe(out) or "")["settings"]["task"] == "inpaint"
    assert ganedit("inpaint", photo, mask, out, "--model", "opencv-telea", "--grow", 3, "--feather", 2).returncode == 0
    changed = (np.asarray(Image.open(out)) != np.asarray(Image.open(photo))).any(axis=2)
    assert changed[~hole].any() and not changed[30:].any()


def test_outpaint_adds_on_the_sides_that_were_named_or_to_an_aspect_ratio(photo, tmp_path):
    out = tmp_path / "out.png"
    done = ganedit("outpaint", photo, out, "--left", 8, "--top", 4, "--model", "opencv-navier-stokes", "--json")
    assert done.returncode == 0, done.stderr
    with Image.open(out) as image:
        assert image.size == (72, 52)
        assert (np.asarray(image)[4:, 8:] == np.asarray(Image.open(photo))).all()
    done = ganedit("outpaint", photo, out, "--aspect", "2:1", "--model", "opencv-navier-stokes")
    assert done.returncode == 0, done.stderr
    with Image.open(out) as image:
        assert image.size == (96, 48)


def test_scratches_proposes_a_mask_that_inpaint_takes(tmp_path):
    values = np.full((200, 300, 3), 120, np.uint8)
    values[:, 150:152] = 250
    Image.fromarray(values).save(tmp_path / "old.png")
    done = ganedit("scratches", tmp_path / "old.png", tmp_path / "found.png", "--sensitivity", 0.6, "--json")
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(tmp_path / "found.png"))
    assert set(np.unique(found)) == {0, 255} and found[100, 150] == 255 and found[100, 20] == 0
    out = tmp_path / "out.png"
    done = ganedit("inpaint", tmp_path / "old.png", tmp_path / "found.png", out, "--model", "opencv-telea")
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(out)).max() < 130


def test_stylize_paints_a_picture_or_a_folder_and_tells_what_it_leaves_out(tmp_path):
    style = ROOT / "ganedit/ui/examples/styles/wave.jpg"
    (tmp_path / "in").mkdir()
    Image.new("RGB", (48, 40), (90, 120, 60)).save(tmp_path / "in" / "a.jpg")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    done = ganedit("stylize", tmp_path / "in", tmp_path / "out", "--style", style)
    assert done.returncode == 0, done.stderr
    assert "notes.txt was left out" in done.stderr
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.png"]
    assert Image.open(tmp_path / "out" / "a.png").size == (48, 40)
    done = ganedit("stylize", tmp_path / "in" / "a.jpg", tmp_path / "b.png", "--model", "magenta-any-style")
    assert done.returncode == 2 and "give one as the style" in done.stderr
    done = ganedit("stylize", tmp_path / "in" / "a.jpg", tmp_path / "b.png", "--faces", "nobody")
    assert done.returncode == 2 and "There is no model called nobody" in done.stderr


def test_stylize_paints_in_learned_styles_and_repaints_clips(tmp_path):
    frames = [Image.new("RGB", (48, 40), (60 * number, 120, 60)) for number in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    done = ganedit("stylize", tmp_path / "a.gif", tmp_path / "b.gif", "--style", "van-gogh=2,cartoon=1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 3
    assert getattr(Image.open(tmp_path / "b.gif"), "n_frames", 1) == 3
    done = ganedit("stylize", tmp_path / "a.gif", tmp_path / "c.png", "--style", "oil")
    assert done.returncode == 2 and "There is no style oil; choose among cartoon" in done.stderr


def test_a_model_that_is_not_here_offline_says_how_to_get_it(photo, tmp_path):
    environment = {"GANEDIT_OFFLINE": "1", "GANEDIT_WEIGHTS": str(tmp_path / "cache")}
    done = ganedit("enhance", photo, tmp_path / "out.png", "--model", "bsrgan-x4", **environment)
    assert done.returncode == 2 and "models fetch bsrgan-x4" in done.stderr
    done = ganedit("models", "fetch", "bsrgan-x4", **environment)
    assert done.returncode == 2 and "GANEDIT_OFFLINE" in done.stderr


def test_our_own_mistakes_exit_with_1(photo, tmp_path):
    broken = "import ganedit.engine as e; e.Engine.run = lambda *a: 1 / 0; from ganedit.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", broken, "enhance", photo, tmp_path / "out.png"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "GANEDIT_DEBUG" in done.stderr and "Traceback" not in done.stderr


def test_models_list_gives_the_promised_rows():
    done = ganedit("models", "list", "--task", "enhance", "--json")
    rows = json.loads(done.stdout)
    assert set(rows[0]) == {
        *("id", "task", "kind", "license", "commercial_use", "installed", "size_bytes", "sha256", "arch", "scale")
    }
    assert "realesrgan-x4plus" in {row["id"] for row in rows if row["installed"]}


@pytest.mark.parametrize(
    "words", [["--help"], ["enhance", "--help"], ["inpaint", "--help"], ["models", "list", "--help"]]
)
def test_help_imports_nothing_heavy(words):
    watch = (
        "import sys, runpy; sys.argv = ['ganedit', *sys.argv[1:]]\n"
        "try: runpy.run_module('ganedit', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'gradio', 'numpy', 'spandrel', 'httpx', 'onnxruntime', 'cv2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", watch, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
