"""Which tensors can be weights."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError

_USABLE = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.bool)
"""Kinds of numbers. Those of 8 bits and fewer belong to scales that each program keeps in its own way."""


def check_tensors(state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that no network can be built with.

    Args:
        state: tensors by key.
        path: the file that they were read from.

    Raises:
        BadCheckpointError: they are sparse, in numbers of 8 bits or fewer, larger than their file, or not finite.
    """
    name, most_bytes = path.name, path.stat().st_size
    for value in state.values():
        if value.dtype not in _USABLE or value.layout != torch.strided:
            kind = str(value.dtype if value.layout == torch.strided else value.layout).removeprefix("torch.")
            raise BadCheckpointError(
                f"{name} holds weights as {kind}, which ganedit cannot use; take the file with 16 or 32 bits."
            )
        if value.nbytes > most_bytes:  # one number in the file can be said to stand in a trillion places
            raise BadCheckpointError(f"{name} claims to hold more weights than it does and was refused.")
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise BadCheckpointError(f"{name} holds weights that are not finite numbers; fetch or export it again.")
