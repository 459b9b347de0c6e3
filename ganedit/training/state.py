"""The full training state on disk: everything needed to go on as if nothing had happened."""

import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganedit.errors import BadCheckpointError


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a training state, whole or not at all; the one before stays until the new one is complete.

    Args:
        path: the file.
        state: state dictionaries, numbers and texts; what ``torch.load(weights_only=True)`` reads.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())  # a machine that goes down now must find the old state or the new one
        os.replace(fresh, path)
    finally:
        Path(fresh).unlink(missing_ok=True)


def load_state(path: Path) -> dict[str, Any]:
    """Read a training state on the CPU; nothing in it can run.

    Raises:
        BadCheckpointError: it is missing, damaged or no training state.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadCheckpointError(
            f"There is no {path.name} in {path.parent} to go on from; start without --resume."
        ) from error
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise BadCheckpointError(f"{path.name} is damaged or no training state; start without --resume.") from error
    if not isinstance(state, dict) or "nimg" not in state:
        raise BadCheckpointError(f"{path.name} is no training state; start without --resume.")
    return state
