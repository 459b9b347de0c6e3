"""Uploads on their way from gradio to the page's events."""

from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import FileData, ListFiles

from ganedit.engine import Engine
from ganedit.ui import UiSettings, build_ui


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build_ui(Engine(), UiSettings())


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in gradio's folder, which holds nothing else."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "name").mkdir()
    path = tmp_path / "name" / "a.png"
    path.write_bytes(b"picture")
    return path


@pytest.mark.parametrize("component", [gr.File, gr.UploadButton])
def test_an_event_that_is_told_of_files_leaves_none_behind(component: type, upload: Path, tmp_path: Path) -> None:
    before = {*tmp_path.rglob("*")}
    several = component(file_count="multiple", file_types=[".png"])
    taken = several.preprocess(ListFiles([FileData(path=str(upload))] * 20))
    assert (taken, taken[0].name) == ([str(upload)] * 20, str(upload))
    assert component(file_count="single").preprocess(FileData(path=str(upload))) == str(upload)
    assert component(type="binary").preprocess(FileData(path=str(upload))) == b"picture"
    assert {*tmp_path.rglob("*")} == before


def test_a_file_of_another_kind_is_told_so(upload: Path) -> None:
    with pytest.raises(gr.Error, match=r"none of \.zip; choose another one"):
        gr.File(file_types=[".zip"]).preprocess(FileData(path=str(upload)))
