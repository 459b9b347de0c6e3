"""Snapshots: a trained generator in one small file that says itself what it is.

A snapshot is a safetensors file whose metadata hold the architecture, its arguments and everything that a model card
needs. It is for use; what training needs to go on is kept elsewhere.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from ganedit.errors import BadCheckpointError
from ganedit.files import whole_file
from ganedit.models.archs import GENERATORS
from ganedit.models.tensors import check_tensors

_FORMAT = "ganedit-snapshot-1"


@dataclass(frozen=True)
class Snapshot:
    """A generator ready for use.

    Attributes:
        generator: in eval mode, float32, frozen.
        arch: its name in ``GENERATORS``.
        config: the arguments that built it, such as ``z_dim`` and ``resolution``.
        facts: everything else that was written, such as kimg, data, license.
    """

    generator: nn.Module
    arch: str
    config: Mapping[str, Any]
    facts: Mapping[str, Any]


def write_snapshot(path: Path, generator: nn.Module, arch: str, facts: Mapping[str, Any]) -> None:
    """Write a generator, whole or not at all.

    Args:
        path: the ``.safetensors`` file.
        generator: one of ``GENERATORS``, with its arguments in ``config``.
        arch: its name there.
        facts: JSON-able; ``Snapshot.facts`` gives them back.

    Raises:
        BadRequestError: it cannot be written there.
    """
    tensors = {key: value.detach().cpu().contiguous() for key, value in generator.state_dict().items()}
    about = {"arch": arch, "config": generator.config, "facts": dict(facts)}
    data = save(tensors, metadata={"format": _FORMAT, "ganedit": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as fresh:
        fresh.write_bytes(data)


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot from anywhere; nothing in it can run.

    Raises:
        BadCheckpointError: it is damaged, no snapshot, or its tensors do not fit its architecture.
    """
    about = read_facts(path)
    try:
        generator = GENERATORS[about["arch"]](**about["config"])
        with safe_open(path, "pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dictionary
        check_tensors(state, path)
        generator.load_state_dict(state)
    except BadCheckpointError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadCheckpointError(
            f"{path.name} does not hold the generator that it names; train or fetch it again."
        ) from error
    return Snapshot(generator.eval().requires_grad_(False), about["arch"], about["config"], about["facts"])


def is_snapshot(path: Path) -> bool:
    """Tell whether a file says of itself that it is a snapshot; damaged and foreign files are none."""
    if path.suffix.lower() != ".safetensors" or not os.path.isfile(path):  # a pipe would never end
        return False
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") == _FORMAT
    except (SafetensorError, OSError):
        return False


def read_facts(path: Path) -> dict[str, Any]:
    """Read what a snapshot says about itself: ``arch``, ``config`` and ``facts``; its tensors are not looked at.

    Raises:
        BadCheckpointError: it is no snapshot.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        about = json.loads(metadata["ganedit"])
        if metadata["format"] != _FORMAT or not {"arch", "config", "facts"} <= set(about):
            raise KeyError("format")
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadCheckpointError(f"{path.name} is no snapshot of ganedit; choose one that training wrote.") from error
    return about
