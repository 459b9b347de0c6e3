"""Snapshots: one file that says what it is, whole or not at all, and harmless wherever it comes from."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.models.archs import GENERATORS
from ganedit.models.snapshots import read_facts, read_snapshot, write_snapshot


def written(path: Path) -> torch.nn.Module:
    generator = GENERATORS["mlp"](z_dim=4, width=8)
    write_snapshot(path, generator, "mlp", {"kimg": 12.5, "license": "CC0-1.0"})
    return generator


def test_a_snapshot_gives_back_the_same_generator_and_facts(tmp_path: Path) -> None:
    generator = written(tmp_path / "a.safetensors")
    snapshot = read_snapshot(tmp_path / "a.safetensors")
    z = torch.randn(3, 4)
    assert torch.equal(snapshot.generator(z), generator(z))
    assert (snapshot.arch, snapshot.facts["kimg"], snapshot.facts["license"]) == ("mlp", 12.5, "CC0-1.0")
    assert not any(parameter.requires_grad for parameter in snapshot.generator.parameters())
    assert read_facts(tmp_path / "a.safetensors")["config"]["width"] == 8
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]  # nothing half-written stays


def test_an_interrupted_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    written(path)
    before = path.read_bytes()

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(BadRequestError, match="No space left on device"):
        written(path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "about",
    [
        None,
        {"arch": "mlp", "config": {"z_dim": 5, "width": 8}, "facts": {}},
        {"arch": "os.system", "config": {}, "facts": {}},
        {"arch": "mlp", "config": {"command": "ls"}, "facts": {}},
        {"arch": "mlp"},
    ],
)
def test_a_file_that_is_not_what_it_says_is_one_sentence(tmp_path: Path, about: dict | None) -> None:
    generator = GENERATORS["mlp"](z_dim=4, width=8)
    metadata = {} if about is None else {"format": "ganedit-snapshot-1", "ganedit": json.dumps(about)}
    save_file(dict(generator.state_dict()), tmp_path / "odd.safetensors", metadata=metadata)
    with pytest.raises(BadCheckpointError, match=r"odd\.safetensors"):
        read_snapshot(tmp_path / "odd.safetensors")


def test_values_that_are_not_numbers_and_damaged_bytes_are_refused(tmp_path: Path) -> None:
    generator = GENERATORS["mlp"](z_dim=4, width=8)
    next(generator.parameters()).data.fill_(float("nan"))
    write_snapshot(tmp_path / "nan.safetensors", generator, "mlp", {})
    with pytest.raises(BadCheckpointError, match="finite"):
        read_snapshot(tmp_path / "nan.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "nan.safetensors").read_bytes()[:100])
    with pytest.raises(BadCheckpointError, match="no snapshot"):
        read_snapshot(tmp_path / "cut.safetensors")
