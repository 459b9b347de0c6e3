"""The mark of machine-made pictures, as other programs read it: always there, true, and never weakened."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gradio.processing_utils import encode_pil_to_bytes
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganedit import xmp
from ganedit.engine import Engine
from ganedit.formats import open_picture, read_recipe, save_picture
from ganedit.image import Picture
from ganedit.provenance import make_recipe, marked
from ganedit.requests import (
    EditResult,
    EnhanceRequest,
    GenerateRequest,
    InpaintRequest,
    InterpolateRequest,
    OutpaintRequest,
    ProjectRequest,
    Request,
    StylizeRequest,
)
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.session import Vault
from ganedit.ui.stage import marked_image, outcome_of

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DRAWN, REWORKED = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
ADJUSTED = "algorithmicallyEnhanced"


def exiftool_reads(*files: Path) -> list[str]:
    """Give the digital source type that exiftool finds in each file."""
    words = ["exiftool", "-json", "-n", "-XMP-iptcExt:DigitalSourceType", *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [row.get("DigitalSourceType", "").removeprefix(VOCABULARY) for row in json.loads(done.stdout)]


def photo(source_type: str = "") -> Picture:
    pixels = np.random.default_rng(0).integers(60, 200, (48, 64, 3), dtype=np.uint8)
    return Picture(pixels, source_type=source_type)


def hole() -> np.ndarray:
    mask = np.zeros((48, 64), bool)
    mask[10:20, 20:40] = True
    return mask


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (EnhanceRequest(photo()), REWORKED),
        (EnhanceRequest(photo(), "none"), ADJUSTED),
        (StylizeRequest(photo(), shares={"cartoon": 1}), REWORKED),
        (StylizeRequest(photo(), shares={"cartoon": 1}, strength=0), ADJUSTED),
        (StylizeRequest(photo(DRAWN), shares={"cartoon": 1}), DRAWN),
        (InpaintRequest(photo(), hole(), "opencv-telea"), ADJUSTED),
        (InpaintRequest(photo(REWORKED), hole(), "opencv-telea"), REWORKED),
        (OutpaintRequest(photo(DRAWN), left=4, model="opencv-telea"), DRAWN),
        (EnhanceRequest(photo(DRAWN), "none"), DRAWN),
        (GenerateRequest("ganedit-avatar"), DRAWN),
    ],
)
def test_an_edit_says_how_its_picture_was_made(engine: Engine, request_: Request, expected: str) -> None:
    assert [picture.source_type for picture in engine.run(request_).images] == [expected]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (InpaintRequest(photo(), hole()), REWORKED),
        (OutpaintRequest(photo(), left=4), REWORKED),
        (InterpolateRequest(GenerateRequest("own"), GenerateRequest("own")), DRAWN),
        (ProjectRequest(photo(), "own"), DRAWN),
    ],
)
def test_what_a_network_makes_is_marked_by_its_kind(request_: Request, expected: str) -> None:
    assert marked(EditResult((photo(),), request_, "own@0123", 1.0)).images[0].source_type == expected


def test_fills_that_are_put_together_are_marked(engine: Engine) -> None:
    requests = [InpaintRequest(photo(DRAWN), hole(), model) for model in ("opencv-telea", "opencv-navier-stokes")]
    both = engine.combine([engine.run(each) for each in requests], [1])
    assert both.images[0].source_type == DRAWN
    network = replace(engine.run(replace(requests[0], image=photo())), model="own@0123")
    assert engine.combine([network, network], [0]).images[0].source_type == REWORKED


@pytest.mark.parametrize("bits", [8, 16])
def test_exiftool_reads_the_mark_from_every_format_with_and_without_settings(bits: int, tmp_path: Path) -> None:
    dtype = np.uint16 if bits == 16 else np.uint8
    picture = Picture(photo().pixels.astype(dtype), source_type=REWORKED)
    files = [tmp_path / f"{name}.{kind}" for name in ("bare", "told") for kind in ("png", "jpg", "webp", "avif")]
    for file in files:
        save_picture(picture, file, recipe='{"a": 1}' if file.stem == "told" else None)
    assert exiftool_reads(*files) == [REWORKED] * 8
    assert {open_picture(file).source_type for file in files} == {REWORKED}


def test_the_page_marks_what_it_shows_and_hands_out_also_without_settings(engine: Engine, tmp_path: Path) -> None:
    result, vault = engine.run(StylizeRequest(photo(), shares={"cartoon": 1})), Vault()
    outcome = outcome_of(result, photo(), "a", FileChoices(embed=False), vault)
    (tmp_path / "shown.png").write_bytes(encode_pil_to_bytes(marked_image(result.images[0])))
    files = [outcome.download, outcome.after, outcome.thumb, tmp_path / "shown.png", outcome.before]
    assert exiftool_reads(*files) == [REWORKED] * 4 + [""] and read_recipe(outcome.download) is None


def test_a_picture_that_no_machine_made_gets_no_mark(tmp_path: Path) -> None:
    save_picture(photo(), tmp_path / "a.png")
    assert exiftool_reads(tmp_path / "a.png") == [""] and open_picture(tmp_path / "a.png").source_type == ""


def test_a_mark_that_a_file_came_with_is_not_weakened(engine: Engine, tmp_path: Path) -> None:
    expected = {
        DRAWN: DRAWN,
        REWORKED: REWORKED,
        "compositeSynthetic": "compositeSynthetic",
        "digitalCapture": ADJUSTED,
    }
    for came_with in expected:
        save_picture(photo(came_with), tmp_path / f"{came_with}.jpg")
        result = engine.run(EnhanceRequest(open_picture(tmp_path / f"{came_with}.jpg"), "none"))
        assert json.loads(make_recipe(result))["ai_generated"] is (came_with == DRAWN)
        save_picture(result.images[0], tmp_path / f"{came_with}.webp", recipe=make_recipe(result))
    files = [tmp_path / f"{came_with}.{kind}" for kind in ("jpg", "webp") for came_with in expected]
    assert exiftool_reads(*files) == [*expected, *expected.values()]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f'<a Iptc4xmpExt:DigitalSourceType="{VOCABULARY}{DRAWN}"/>', DRAWN),
        (f'<a rdf:resource="{VOCABULARY}{REWORKED}"/>', REWORKED),
        ('<g:recipe>{"ai_edited": false, "ai_generated": true}</g:recipe>', DRAWN),
        ('<g:recipe>{"ai_edited": true, "ai_generated": false}</g:recipe>', REWORKED),
        ("<a/>", ""),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_mark_is_found_in_every_way_of_writing_it(tmp_path: Path, said: str, expected: str, compressed: bool) -> None:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", said, zip=compressed)
    Image.fromarray(photo().pixels).save(tmp_path / "a.png", pnginfo=info)
    assert open_picture(tmp_path / "a.png").source_type == expected


def test_the_manifest_of_another_program_counts_too(tmp_path: Path) -> None:
    Image.fromarray(photo().pixels).save(tmp_path / "a.jpg")
    manifest = b"\xff\xeb\x00\x60jumb" + f"qdigitalSourceTypexF{VOCABULARY}{DRAWN}".encode().ljust(90, b"\0")
    data = (tmp_path / "a.jpg").read_bytes()
    assert open_picture(data[:2] + manifest + data[2:]).source_type == DRAWN


def test_the_strongest_of_several_marks_stands() -> None:
    assert xmp.strongest("", "digitalCapture", ADJUSTED, REWORKED) == REWORKED
    assert xmp.strongest("", "digitalCapture") == "digitalCapture" and xmp.strongest() == ""
