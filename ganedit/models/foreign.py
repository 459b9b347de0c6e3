"""Generators of other frameworks behind the call of ours: z in, pictures in [-1, 1] out."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ganedit.errors import BadCheckpointError
from ganedit.models.snapshots import Snapshot

_PROBES = 2
_LARGEST_PX = 2048
_REACH = 1.01
"""Activations may overshoot their range by rounding."""


class _Foreign(nn.Module):
    """A generator that may put its channels last and its pictures into [0, 1].

    Attributes:
        file_bytes: size of its file; its weights are out of torch's sight.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], file_bytes: int, channels_last: bool, signed: bool) -> None:
        super().__init__()
        self.run = run
        self.file_bytes = file_bytes
        self.channels_last = channels_last
        self.signed = signed

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Turn (N, z_dim) into (N, C, R, R) float32 in [-1, 1]; there is no condition."""
        x = self.run(z).float()
        x = x.permute(0, 3, 1, 2) if self.channels_last else x
        return x if self.signed else 2 * x - 1


@torch.no_grad()
def adopt(run: Callable[[Tensor], Tensor], z_dim: int, arch: str, path: Path) -> Snapshot:
    """Find out how a generator lays out its pictures by drawing some, always the same ones.

    Args:
        run: turns (N, z_dim) float32 into (N, H, W, C) or (N, C, H, W).
        z_dim: length of z.
        arch: what kind of file it came from.
        path: the file, for its name and size.

    Returns:
        The generator as one of ours.

    Raises:
        BadCheckpointError: it makes no square pictures of one or three channels, or leaves both [-1, 1] and [0, 1];
            or it fails.
    """
    z = torch.randn(_PROBES, z_dim, generator=torch.Generator().manual_seed(0))
    try:
        drawn = run(z)
    except Exception as error:  # each framework raises classes of its own
        raise BadCheckpointError(
            f"{path.name} could not be run on vectors of {z_dim} numbers; export the generator again, or a smaller one."
        ) from error
    shape = tuple(drawn.shape)
    square_first = len(shape) == 4 and shape[1] in (1, 3) and shape[2] == shape[3]
    square_last = len(shape) == 4 and shape[3] in (1, 3) and shape[1] == shape[2]
    if shape[0] != _PROBES or not (square_first or square_last) or not shape[2] <= _LARGEST_PX:
        raise BadCheckpointError(
            f"{path.name} gives arrays of shape {list(shape[1:])} and not square pictures of one or three channels; "
            "export the generator alone."
        )
    low, high = float(drawn.min()), float(drawn.max())
    if not max(-low, high) <= _REACH:  # values that are not numbers are refused too
        raise BadCheckpointError(
            f"{path.name} makes pictures from {low:.2g} to {high:.2g}; end it with tanh or sigmoid, for [-1, 1] or "
            "[0, 1]."
        )
    network = _Foreign(run, path.stat().st_size, channels_last=not square_first, signed=low < 0)
    return Snapshot(network, arch, {"z_dim": z_dim, "resolution": shape[2]}, {})
