"""The weights folder as people leave it: what cannot be used is named with the true reason, everything else works."""

import os
import pickle
import pty
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from spandrel.architectures.Compact import Compact

from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.models import user_models
from ganedit.models.registry import Registry


def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network = Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
    return {key: value.clone() for key, value in network.state_dict().items()}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder with one good model in it, beside the shipped ones."""
    (tmp_path / "weights").mkdir()
    torch.save(state(), tmp_path / "weights" / "good.pth")
    return tmp_path / "weights"


def registry_of(weights: Path, cache: Path | None = None) -> Registry:
    return Registry(weights=weights, cache=cache or weights.parent / "cache")


def problem(weights: Path, name: str) -> str:
    """Why a file cannot be used; the good model must be there all the same."""
    registry = registry_of(weights)
    assert "good" in {card.id for card in registry.cards("enhance")}
    assert list(registry.problems) == [name]
    assert registry.load("good").image(torch.rand(1, 3, 8, 8))[0].shape == (1, 3, 16, 16)
    return registry.problems[name]


# ------------------------------------------------------------------------------------------------- things, no files


def leave_pipe(path: Path) -> None:
    os.mkfifo(path)


def leave_socket(path: Path) -> None:
    os.symlink("s", path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path.with_name("s")))


def leave_device(path: Path) -> None:
    path.symlink_to(os.ttyname(pty.openpty()[1]))


@pytest.mark.parametrize(
    ("leave", "told"),
    [
        (lambda path: path.symlink_to("/nowhere/4x.pth"), "a link that leads nowhere"),
        (lambda path: path.symlink_to(path.name), "cannot be read (Too many levels of symbolic links)"),
        (Path.mkdir, "is a folder"),
        (leave_pipe, "is a pipe"),
        (leave_socket, "is a socket"),
        (leave_device, "is a device"),
    ],
    ids=["dangling", "circle", "folder", "pipe", "socket", "device"],
)
@pytest.mark.parametrize("ending", [".pth", ".safetensors", ".onnx", ".keras"])
def test_what_is_no_file_is_named_and_never_opened(
    weights: Path, leave: Callable[[Path], None], told: str, ending: str
) -> None:
    leave(weights / f"odd{ending}")
    assert told in problem(weights, f"odd{ending}")


def test_a_file_without_rights_is_told_so_and_taken_when_it_has_them(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(state(), weights / "mine.pth")
    opened = Path.open

    def refused(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == "mine.pth":
            raise PermissionError(13, "Permission denied")  # root may read any
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refused)
    assert "cannot be read (Permission denied)" in problem(weights, "mine.pth")
    monkeypatch.undo()
    assert not registry_of(weights).problems


def test_a_folder_that_cannot_be_read_leaves_the_known_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for weights, told in ((tmp_path / "file", "Not a directory"), (tmp_path / ("a" * 300), "too long")):
        registry = registry_of(weights, tmp_path / "cache")
        assert registry.is_installed("realesr-animevideov3")
        assert list(registry.problems) == [""] and told in registry.problems[""]
    assert registry_of(tmp_path / "none").problems == {}


# ---------------------------------------------------------------------------------------------- files, no networks


class Hostile:
    def __reduce__(self) -> tuple:
        return (open, ("/dev/null",))


def torch_zip(path: Path, *members: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, bytes(1000))


def with_claim(path: Path) -> None:
    torch.save({"a.weight": torch.zeros(1).expand(1 << 40)}, path)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("\ufeff\n <!DOCTYPE html><html>404</html>"), "is a web page"),
        (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS"),
        (lambda path: path.write_bytes(b"PK\3\4" + bytes(600)), "damaged or no PyTorch checkpoint"),
        (lambda path: path.write_bytes(b"GGUF" * 200), "damaged or no PyTorch checkpoint"),
        (lambda path: path.write_bytes(pickle.dumps([1, 2])), "a pickle of another program"),
        (lambda path: torch.save([*state().values()], path), "no plain table of weights"),
        (lambda path: torch.save(torch.zeros(3), path), "no plain table of weights"),
        (lambda path: torch.save({0: torch.zeros(3)}, path), "no plain table of weights"),
        (lambda path: torch.save({"params": [torch.zeros(3)]}, path), "no plain table of weights"),
        (lambda path: torch.save({"params": {0: torch.zeros(3)}}, path), "no plain table of weights"),
        (lambda path: torch.save({"a": Hostile()}, path), "can run code"),
        (lambda path: torch_zip(path, "x/data.pkl", "x/constants.pkl"), "TorchScript program"),
        (lambda path: torch_zip(path, "mine.pth"), "zip archive and no PyTorch checkpoint"),
        (lambda path: torch_zip(path, "x/data.pkl"), "unpacks to far more"),
        (with_claim, "claims to hold more weights than it does"),
        (lambda path: torch.save({"a": torch.eye(3).to_sparse()}, path), "sparse"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 41), "larger than 2 GB"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_file_that_is_no_checkpoint_is_told_what_it_is(
    weights: Path, write: Callable[[Path], object], told: str
) -> None:
    write(weights / "odd.pth")
    said = problem(weights, "odd.pth")
    assert told in said and said.startswith("odd.pth ") and said.count(".") <= 3 and "\n" not in said


@pytest.mark.parametrize("ending", [".safetensors", ".onnx", ".keras"])
@pytest.mark.parametrize(("data", "told"), [(b"", "is empty"), (b"<html>", "web page"), (b"\xff" * 64, "damaged")])
def test_other_kinds_of_files_are_told_what_they_are_too(weights: Path, ending: str, data: bytes, told: str) -> None:
    (weights / f"odd{ending}").write_bytes(data)
    assert told in problem(weights, f"odd{ending}")


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2", "int8", "uint8"])
def test_weights_of_eight_bits_are_told_by_their_kind(weights: Path, kind: str) -> None:
    values = {key: value.to(getattr(torch, kind)) for key, value in state().items()}
    save_file(values, weights / "small.safetensors")
    assert f"holds weights as {kind}, which" in problem(weights, "small.safetensors")
    os.remove(weights / "small.safetensors")
    torch.save(values, weights / "small.pth")
    assert f"holds weights as {kind}, which" in problem(weights, "small.pth")


def test_whatever_a_reader_raises_costs_that_file_only(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry_of(weights).cards()  # the good one is known from now on
    (weights / "odd.onnx").write_bytes(b"x" * 100)
    monkeypatch.setattr("ganedit.models.generators.read_generator", lambda *_: {}["no such key"])
    assert "cannot be understood (KeyError)" in problem(weights, "odd.onnx")


# ----------------------------------------------------------------------------------------------------------- names


def test_of_two_files_of_one_name_the_first_has_it_and_the_other_is_named(weights: Path) -> None:
    save_file(state(), weights / "good.safetensors")
    assert "has the name of good.pth but for its ending" in problem(weights, "good.safetensors")
    (weights / "bad.pth").write_bytes(b"junk")
    save_file(state(), weights / "bad.safetensors")
    cards = [card.id for card in registry_of(weights).cards("enhance")]
    assert cards.count("good") == cards.count("bad") == 1


@pytest.mark.parametrize("model_id", ["realesrgan-x4plus", "ganedit-painter", "none", "same"])
def test_a_file_with_the_name_of_something_known_is_named_and_hides_nothing(weights: Path, model_id: str) -> None:
    before = {card.id: card for card in registry_of(weights).cards()}.get(model_id)
    torch.save(state(), weights / f"{model_id}.pth")
    assert "has the name of a known model; rename it" in problem(weights, f"{model_id}.pth")
    cards = [card for card in registry_of(weights).cards() if card.id == model_id]
    assert cards == ([before] if before else [])


def test_a_name_that_cannot_be_shown_is_told(weights: Path) -> None:
    for name in (b"caf\xe9.pth", b"a\nb.pth"):
        path = os.path.join(os.fsencode(weights), name)
        shutil.copyfile(weights / "good.pth", path)
        shown = os.fsdecode(name).replace("\udce9", "?").replace("\n", "?")
        assert "cannot be shown" in problem(weights, shown)
        os.remove(path)


def test_a_second_file_of_a_name_is_not_added(weights: Path) -> None:
    save_file(state(), weights.parent / "good.safetensors")
    with pytest.raises(BadRequestError, match=r"called good\.pth already"):
        registry_of(weights).add(weights.parent / "good.safetensors")
    assert os.listdir(weights) == ["good.pth"]


# --------------------------------------------------------------------------------------- folders in use by others


def test_files_that_go_while_they_are_looked_at_are_passed_over(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [*listed(folder), "gone.pth"])
    assert [card.id for card in registry_of(weights).cards("enhance") if card.license.startswith("unknown")] == ["good"]
    torch.save(state(), weights / "going.pth")
    inspect = user_models._inspect

    def gone(path: Path) -> dict:
        path.unlink()
        return inspect(path)

    monkeypatch.setattr(user_models, "_inspect", gone)
    assert registry_of(weights).problems == {}


def test_a_file_that_grows_while_it_is_read_is_told_so_and_read_again(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (weights / "good.pth").read_bytes()
    (weights / "late.pth").write_bytes(whole[:500])
    inspect = user_models._inspect

    def growing(path: Path) -> dict:
        found = inspect(path)
        if path.name == "late.pth":
            path.write_bytes(whole)
        return found

    monkeypatch.setattr(user_models, "_inspect", growing)
    registry = registry_of(weights)
    assert "is just being written" in registry.problems["late.pth"]
    monkeypatch.undo()
    assert registry.problems == {} and registry.is_installed("late")


def test_removing_a_link_leaves_what_it_leads_to(weights: Path, tmp_path: Path) -> None:
    (weights / "linked.pth").symlink_to(shutil.copy(weights / "good.pth", tmp_path / "original.pth"))
    registry = registry_of(weights)
    assert registry.is_installed("linked")
    registry.remove("linked")
    assert (tmp_path / "original.pth").exists() and os.listdir(weights) == ["good.pth"]


def test_a_folder_that_cannot_be_written_to_takes_no_model(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = shutil.copy(weights / "good.pth", weights.parent / "new.pth")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(BadRequestError, match="No space left on device"):
        registry_of(weights).add(Path(path))
    monkeypatch.undo()
    (weights.parent / "page.pth").write_text("<html>")
    with pytest.raises(BadCheckpointError, match="web page"):
        registry_of(weights).add(weights.parent / "page.pth")
    assert os.listdir(weights) == ["good.pth"]


def test_an_index_that_is_no_file_or_of_an_older_version_is_made_anew(weights: Path) -> None:
    cache = weights.parent / "cache"
    cache.mkdir()
    os.mkfifo(cache / "user-models.json")
    assert registry_of(weights).is_installed("good")
    os.remove(cache / "user-models.json")
    (cache / "user-models.json").write_text('{"good.pth": {"stamp": [1, 1], "problem": "an old word"}}')
    assert registry_of(weights).problems == {}
