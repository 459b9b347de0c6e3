"""Paths that are typed and files that are uploaded become sets of pictures, or one sentence."""

from pathlib import Path

import pytest

from ganedit.errors import BadRequestError, UserError
from ganedit.ui.uploads import put_together, typed_path


def test_a_typed_path_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert typed_path("~/a") == str(tmp_path / "home" / "a") and typed_path("b/../c") == str(tmp_path / "c")


@pytest.mark.parametrize("text", ["a\0b", "~nobody-of-this-name/a", "a" * 200_000, "loop"])
def test_what_cannot_be_a_path_is_one_short_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="is no path of this machine") as told:
        typed_path(text)
    assert len(str(told.value)) < 500


def test_uploads_of_one_name_are_all_kept_however_long_it_is(tmp_path: Path) -> None:
    name, files = "a" * 251 + ".png", []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        files.append(tmp_path / str(number) / name)
        files[-1].write_text(str(number))
    folder = Path(put_together(files, tmp_path / "set"))
    assert sorted(file.read_text() for file in folder.iterdir()) == ["0", "1", "2"]
    assert sorted(file.suffix for file in folder.iterdir()) == [".png"] * 3


def test_a_zip_stays_where_it_is_or_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    assert put_together([tmp_path / "a.zip"], tmp_path / "set") == str(tmp_path / "a.zip")
    kept = Path(put_together([tmp_path / "a.zip"], tmp_path / "set", keep=True))
    assert kept == tmp_path / "set" / "a.zip" and kept.read_bytes() == b"PK"


def test_uploads_on_a_full_disk_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.png").touch()
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(BadRequestError, match="free some room"):
        put_together([tmp_path / "a.png"], tmp_path / "set")
