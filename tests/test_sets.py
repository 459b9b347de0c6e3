"""Sets of pictures from other systems: names as they were meant, one reader for training and evaluation."""

import io
import json
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from ganedit.errors import BadDataError
from ganedit.metrics.evaluate import evaluate
from ganedit.metrics.features import Backbone
from ganedit.metrics.pictures import open_pictures
from ganedit.sets import open_source
from ganedit.training.data import Dataset, prepare

NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def noise(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


def zip_of(path: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def unflagged(path: Path, names: Mapping[str, bytes]) -> Path:
    """Give members other bytes for their names, of the same length, and take back the word that they are UTF-8."""
    data = path.read_bytes()
    for placeholder, raw in names.items():
        assert data.count(placeholder.encode()) == 2 and len(placeholder) == len(raw)
        data = data.replace(placeholder.encode(), raw)
    path.write_bytes(data)
    return path


def folder_of(top: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return top


def read(path: Path, tmp_path: Path) -> Dataset:
    return prepare(path, tmp_path / "cache", 8)


def names_of(path: Path) -> list[str]:
    """What an evaluation would measure."""
    with open_pictures(path) as pictures:
        return list(pictures.files)


# ---------------------------------------------------------------------------------------------------- names in zips


def test_a_zip_of_windows_is_the_folder_that_it_was_made_of(tmp_path: Path) -> None:
    lines = '{"file": "a.png", "caption": "a cat"}\n{"file": "deep\\\\b.png", "caption": "two cats"}'
    files = {
        "cats/a.png": noise(1),
        "cats/deep/b.png": noise(2),
        "dogs/c.png": noise(3),
        "cats/captions.jsonl": lines.encode(),
    }
    folder = read(folder_of(tmp_path / "in", files), tmp_path)
    packed = zip_of(
        tmp_path / "in.zip", [("cats\\", b""), *((name.replace("/", "\\"), data) for name, data in files.items())]
    )
    data = read(packed, tmp_path)
    assert data.class_names == ("cats", "dogs") and data.captions == ("a cat", "two cats", "")
    assert (data.names, data.digest, dict(data.skipped)) == (folder.names, folder.digest, {})
    assert names_of(packed) == ["cats/a.png", "cats/deep/b.png", "dogs/c.png"]


def test_dots_and_doubled_slashes_in_a_path_mean_nothing(tmp_path: Path) -> None:
    files = [("./cats/a.png", noise(1)), (".\\cats\\.\\b.png", noise(2)), ("dogs//c.png", noise(3))]
    packed = zip_of(tmp_path / "in.zip", files)
    assert read(packed, tmp_path).class_names == ("cats", "dogs")
    assert names_of(packed) == ["cats/a.png", "cats/b.png", "dogs/c.png"]


@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "a/../../x.png",
        "..\\x.png",
        "a\\..\\..\\x.png",
        "/x.png",
        "\\\\host\\x.png",
        "C:\\x.png",
        "c:/x.png",
    ],
)
def test_paths_that_lead_out_are_refused_by_name_whichever_the_slashes(tmp_path: Path, name: str) -> None:
    packed = zip_of(tmp_path / "in.zip", [(name, noise(1)), ("good.png", noise(2))])
    with open_source(packed) as source, open_pictures(packed) as pictures:
        assert list(source.files) == list(pictures.files) == ["good.png"]
        assert "leads out" in source.refused[name] and "leads out" in pictures.refused[name]


def test_a_colon_in_a_name_is_no_drive(tmp_path: Path) -> None:
    assert names_of(zip_of(tmp_path / "in.zip", [("12:30 lunch.png", noise(1))])) == ["12:30 lunch.png"]


@pytest.mark.parametrize("raw", [NFC.encode("cp437"), NFC.encode(), NFD.encode()], ids=["windows", "linux", "mac"])
def test_names_that_do_not_say_how_they_are_written_are_read_as_meant(tmp_path: Path, raw: bytes) -> None:
    placeholder = "x" * len(raw)
    line = json.dumps({"file": f"{NFC}.png", "caption": "a coffee"}, ensure_ascii=False)
    files = [(f"{placeholder}.png", noise(1)), ("captions.jsonl", line.encode())]
    data = read(unflagged(zip_of(tmp_path / "in.zip", files), {placeholder: raw}), tmp_path)
    assert data.names == (f"{NFC}.png",) and data.captions == ("a coffee",)


def test_a_name_that_stands_in_an_extra_field_counts_if_it_belongs_to_the_member(tmp_path: Path) -> None:
    def member(name: str, belongs_to: bytes, meant: str) -> zipfile.ZipInfo:
        info, body = zipfile.ZipInfo(name), b"\1" + struct.pack("<I", zlib.crc32(belongs_to)) + meant.encode()
        info.extra = struct.pack("<HH", 0x7075, len(body)) + body
        return info

    files = [(member("a_.png", b"a_.png", "日本.png"), noise(1)), (member("b.png", b"other", "x.png"), noise(2))]
    files += [(member("c.png", b"c.png", "../out.png"), noise(3))]
    with open_source(zip_of(tmp_path / "in.zip", files)) as source:
        assert sorted(source.files) == ["b.png", "日本.png"] and list(source.refused) == ["../out.png"]


# --------------------------------------------------------------------------------------------------- forms of Unicode


@pytest.mark.parametrize(("of_files", "of_texts"), [(NFD, NFC), (NFC, NFD)], ids=["mac", "linux"])
@pytest.mark.parametrize("kind", ["list", "beside"])
def test_captions_find_their_picture_in_either_form(tmp_path: Path, of_files: str, of_texts: str, kind: str) -> None:
    line = json.dumps({"file": f"{of_texts}.png", "caption": "a coffee"}, ensure_ascii=False).encode()
    texts = {"captions.jsonl": line} if kind == "list" else {f"{of_texts}.txt": b"a coffee"}
    data = read(folder_of(tmp_path / "in", {f"{of_files}.png": noise(1), "b.png": noise(2), **texts}), tmp_path)
    assert data.captions is not None and sorted(data.captions) == ["", "a coffee"] and not data.skipped


def test_two_pictures_whose_names_look_the_same_are_both_there(tmp_path: Path) -> None:
    files = {f"{NFD}.png": noise(1), f"{NFC}.png": noise(2), "b.png": noise(3)}
    folder = folder_of(tmp_path / "in", files)
    assert len(read(folder, tmp_path)) == 3
    assert len(names_of(folder)) == len(names_of(zip_of(tmp_path / "in.zip", files.items()))) == 3


def test_pictures_of_one_name_are_compared_whatever_its_form(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(10)]
    real = folder_of(tmp_path / "real", {f"{NFD}{number}.png": noise(int(number)) for number in numbers})
    fake = zip_of(tmp_path / "fake.zip", [(f".\\{NFC}{number}.png", noise(int(number) + 50)) for number in numbers])
    tiny = Backbone(
        "tiny", "ab" * 32, 12, lambda x: F.interpolate(x.float() / 255, size=(2, 2)), lambda x: x.flatten(1)
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    report = evaluate(real, fake, backbone=tiny, cache=tmp_path / "cache")
    torch.set_num_threads(threads)
    assert "psnr10" in {number.name for number in report.numbers}


# ---------------------------------------------------------------------------------------------- captions and refusals


def test_signs_inside_a_caption_end_no_line_of_it(tmp_path: Path) -> None:
    text = "one\u2028two\x0bthree\x85four\x1cfive\r\nanother\rand a third\n"
    line = json.dumps({"file": "b.png", "caption": "a\u2028b"}, ensure_ascii=False)
    files = {"a.png": noise(1), "a.txt": text.encode(), "b.png": noise(2), "captions.jsonl": f"{line}\n".encode()}
    data = read(folder_of(tmp_path / "in", files), tmp_path)
    assert data.captions == ("one two three four five\nanother\nand a third", "a b") and not data.skipped


def test_training_and_evaluation_refuse_the_same_members_for_the_same_reasons(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    packed = zip_of(
        tmp_path / "in.zip",
        [("a.png", noise(1)), ("bomb.png", bytes(8 << 20)), ("../b.png", noise(2)), (link, b"/etc")],
    )
    with open_pictures(packed) as pictures:
        assert pictures.refused == read(packed, tmp_path).skipped
        assert (
            pictures.refused.keys() == {"bomb.png", "../b.png", "link.png"}
            and "200 times" in pictures.refused["bomb.png"]
        )


def test_texts_are_no_pictures_and_any_other_file_may_be_one(tmp_path: Path) -> None:
    files = {"a.jfif": noise(1), "b": noise(2), "LICENSE": b"CC0", "a.txt": b"a cat", "more.jsonl": b"{}"}
    folder = folder_of(tmp_path / "in", files)
    assert names_of(folder) == ["a.jfif", "b"] == list(read(folder, tmp_path).names)
    with open_pictures(folder) as pictures:
        assert pictures.refused.keys() == {"LICENSE", "a.txt", "more.jsonl"}


def test_a_source_that_cannot_be_is_one_short_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / ("a" * 300), tmp_path / "none", Path("/dev/null")):
        with pytest.raises(BadDataError, match="no folder or zip file") as told, open_pictures(path):
            pass
        assert len(str(told.value)) < 200
