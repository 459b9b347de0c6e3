"""Weight files: official formats are read, hostile and damaged ones are refused and run nothing."""

import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from spandrel.architectures.Compact import Compact

from ganedit.errors import BadCheckpointError
from ganedit.models.checkpoint import build_network, mix, read_state_dict


def tiny_state():
    return Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2).state_dict()


def test_official_wrappers_and_prefixes_are_taken_off(tmp_path):
    plain = tiny_state()
    for wrapped in (plain, {"params": plain}, {"params_ema": plain}, {f"module.{k}": v for k, v in plain.items()}):
        path = tmp_path / "model.pth"
        torch.save(wrapped, path)
        state = read_state_dict(path, "pth")
        assert state.keys() == plain.keys()
        assert build_network(state, "model").scale == 2


def test_the_old_serialization_is_read_too(tmp_path):
    path = tmp_path / "old.pth"
    torch.save(tiny_state(), path, _use_new_zipfile_serialization=False)
    assert read_state_dict(path, "pth").keys() == tiny_state().keys()


def test_safetensors_are_read(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({key: value.contiguous() for key, value in tiny_state().items()}, path)
    assert build_network(read_state_dict(path, "safetensors"), "model").architecture.id == "Compact"


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return (open, (self.target, "w"))


@pytest.mark.parametrize("new_format", [True, False])
def test_a_hostile_pickle_is_refused_and_nothing_in_it_runs(tmp_path, new_format):
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    torch.save(tiny_state() | {"extra": Hostile(trace)}, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(BadCheckpointError, match="can run code"):
        read_state_dict(path, "pth")
    assert not trace.exists()


def test_a_bare_hostile_pickle_is_refused_and_nothing_in_it_runs(tmp_path):
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Hostile(trace)))
    with pytest.raises(BadCheckpointError):
        read_state_dict(path, "pth")
    assert not trace.exists()


def test_an_archive_that_unpacks_to_more_than_its_size_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(30_000_000))
    with pytest.raises(BadCheckpointError, match="more than its own size"):
        read_state_dict(path, "pth")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"hello", b"\x80\x02}q\x00.", b"\xff" * 4096])
@pytest.mark.parametrize("file_format", ["pth", "safetensors"])
def test_damaged_files_are_one_sentence(tmp_path, content, file_format):
    path = tmp_path / f"broken.{file_format}"
    path.write_bytes(content)
    with pytest.raises(BadCheckpointError) as error:
        read_state_dict(path, file_format)
    assert "broken" in str(error.value) and "\n" not in str(error.value)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    state = tiny_state()
    next(iter(state.values()))[0] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(BadCheckpointError, match="not finite"):
        read_state_dict(tmp_path / "nan.pth", "pth")


def test_an_unknown_network_is_told():
    with pytest.raises(BadCheckpointError, match="no network that ganedit can recognize"):
        build_network({"a.weight": torch.zeros(3)}, "mine")


def test_tensors_that_do_not_fit_their_network_are_told():
    state = tiny_state()
    state["body.2.weight"] = torch.zeros(8, 8, 1, 1)
    with pytest.raises(BadCheckpointError, match=r"do not fit|can recognize"):
        build_network(state, "mine")


def test_mixing_interpolates_between_twins_and_refuses_strangers():
    first, second = {"w": torch.tensor([1.0])}, {"w": torch.tensor([0.0])}
    assert mix(first, second, 1.0)["w"] == 1
    assert mix(first, second, 0.0)["w"] == 0
    assert mix(first, second, 0.25)["w"] == 0.25
    with pytest.raises(BadCheckpointError, match="not twins"):
        mix(first, {"w": torch.zeros(2)}, 0.5)
