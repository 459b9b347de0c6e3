"""Folders of pictures: nothing is overwritten, one bad picture never ends the run, the network is read once."""

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from ganedit.cli_stylize import stylize
from ganedit.engine import Engine
from ganedit.errors import BadImageError, BadRequestError
from ganedit.folders import ResultNames, files_of
from ganedit.models.painters import StylePainter


def picture(file: Path, level: int, size: tuple[int, int] = (64, 48)) -> bytes:
    file.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, (level, 120, 60)).save(file)
    return file.read_bytes()


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_pictures_of_one_stem_all_come_out_under_names_of_their_own(tmp_path: Path) -> None:
    for level, name in enumerate(("trip.jpg", "trip.png", "TRIP.webp", "trip-png.bmp", "other.png")):
        picture(tmp_path / "in" / name, 50 * level)
    stylize(tmp_path / "in", tmp_path / "out", style="cartoon", embed_settings=False)
    results = names_in(tmp_path / "out")
    assert len(results) == 5 and "other.png" in results
    assert len({name.casefold() for name in results}) == 5, "a disk to which TRIP and trip are one name keeps them all"
    assert len({file.read_bytes() for file in (tmp_path / "out").iterdir()}) == 5


def test_a_folder_painted_into_itself_keeps_every_original(tmp_path: Path) -> None:
    names = ("a.png", "a.jpg", "b.jpg", "A-png.png")
    before = {name: picture(tmp_path / "in" / name, 50 * level) for level, name in enumerate(names)}
    stylize(tmp_path / "in", tmp_path / "in", style="cartoon")
    assert {name: (tmp_path / "in" / name).read_bytes() for name in names} == before
    assert len(names_in(tmp_path / "in")) == 8


def test_a_source_that_is_a_link_into_the_folder_of_results_keeps_its_picture(tmp_path: Path) -> None:
    before = picture(tmp_path / "out" / "a.png", 90)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").symlink_to(tmp_path / "out" / "a.png")
    stylize(tmp_path / "in", tmp_path / "out", style="cartoon")
    assert (tmp_path / "out" / "a.png").read_bytes() == before and len(names_in(tmp_path / "out")) == 2


def test_a_second_run_replaces_the_results_of_the_first(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.jpg", 90)
    for _ in range(2):
        stylize(tmp_path / "in", tmp_path / "out", style="cartoon")
    assert names_in(tmp_path / "out") == ["a.png"]


def test_names_that_differ_only_in_how_letters_are_composed_are_one_name(tmp_path: Path) -> None:
    names = ResultNames([], tmp_path)
    assert [names.next_for(Path(name)).name for name in ("\u00e9.jpg", "e\u0301.png")] == [
        "\u00e9.png",
        "e\u0301-png.png",
    ]


def test_one_bad_picture_is_named_and_the_others_are_painted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for level, name in enumerate(("a.png", "z.png")):
        picture(tmp_path / "in" / name, 50 * level)
    picture(tmp_path / "in" / "icon.png", 0, (16, 32))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    stylize(tmp_path / "in", tmp_path / "out", style="cartoon")
    told = capsys.readouterr().err
    assert names_in(tmp_path / "out") == ["a.png", "z.png"]
    assert "icon.png was left out: A picture of 16x32 pixels is too small" in told
    assert "notes.txt was left out: " in told and "2 of 4 files were painted." in told


def test_a_picture_that_breaks_the_engine_is_named_and_the_others_are_painted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for level, name in enumerate(("a.png", "b.png", "c.png")):
        picture(tmp_path / "in" / name, level)
    right = Engine.run

    def run(self: Engine, request, on_progress=None):
        if request.image.pixels[0, 0, 0] == 1:
            raise MemoryError("out of memory")
        return right(self, request, on_progress)

    monkeypatch.setattr(Engine, "run", run)
    with pytest.raises(typer.Exit) as end:
        stylize(tmp_path / "in", tmp_path / "out", style="cartoon")
    assert end.value.exit_code == 1 and names_in(tmp_path / "out") == ["a.png", "c.png"]
    assert "b.png was left out: ganedit made a mistake (MemoryError: out of memory)." in capsys.readouterr().err


def test_what_is_wrong_for_every_picture_is_told_once_before_any_work(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png", 90)
    with pytest.raises(BadRequestError, match="There is no style oil"):
        stylize(tmp_path / "in", tmp_path / "out", style="oil")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(BadImageError, match="None of the 1 files"):
        stylize(tmp_path, tmp_path / "out", style="cartoon")
    with pytest.raises(BadImageError, match="cannot be read"):
        files_of(tmp_path / "notes.txt")


def test_the_network_is_read_once_for_a_whole_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for level, name in enumerate(("a.png", "b.png", "c.png")):
        picture(tmp_path / "in" / name, level)
    reads, right = [], StylePainter.read
    monkeypatch.setattr(StylePainter, "read", lambda path: reads.append(path) or right(path))
    stylize(tmp_path / "in", tmp_path / "out", style="cartoon")
    assert len(reads) == 1 and np.all([Image.open(file).size == (64, 48) for file in (tmp_path / "out").iterdir()])
