"""The full training state on disk: everything needed to go on as if nothing had happened."""

import io
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganedit.errors import BadCheckpointError
from ganedit.files import shown, whole_file


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a training state, whole or not at all; the one before stays until the new one is complete.

    Args:
        path: the file.
        state: state dictionaries, numbers and texts; what ``torch.load(weights_only=True)`` reads.

    Raises:
        BadRequestError: it cannot be written there.
    """
    packed = io.BytesIO()  # first: torch hides the error of a full disk behind one of its own
    torch.save(dict(state), packed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as fresh, fresh.open("wb") as file:
        file.write(packed.getbuffer())
        file.flush()
        os.fsync(file.fileno())  # a machine that goes down now must find the old state or the new one


def load_state(path: Path) -> dict[str, Any]:
    """Read a training state on the CPU; nothing in it can run.

    Raises:
        BadCheckpointError: it is missing, damaged or no training state.
    """
    if not os.path.isfile(path):  # a pipe would never end
        raise BadCheckpointError(
            f"There is no {path.name} in {shown(path.parent)} to go on from; start without --resume."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise BadCheckpointError(f"{path.name} is damaged or no training state; start without --resume.") from error
    if not isinstance(state, dict) or not state.keys() >= {"nimg", "recipe", "data", "trainer"}:
        raise BadCheckpointError(f"{path.name} is no training state; start without --resume.")
    return state
