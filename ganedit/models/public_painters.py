"""Published networks that repaint photos in one style, recognized by the keys of their checkpoints."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.models.archs import animegan, cyclegan
from ganedit.models.archs.kept_norms import keeping, measuring
from ganedit.models.card import Format
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.onnx_sessions import open_session

_ONNX_MULTIPLE_OF = 8
_LAYOUTS: Mapping[str, tuple[str, int, Callable[[Mapping[str, Tensor]], nn.Module]]] = {
    "AnimeGANv2": (animegan.FIRST_KEY, animegan.REACH_PX, animegan.from_state),
    "CycleGAN": (cyclegan.FIRST_KEY, cyclegan.REACH_PX, cyclegan.from_state),
}


class PublicPainter:
    """Paints in one style; safe to use from many threads.

    Attributes:
        arch: name of its family.
        tiles: whether a picture can be painted in parts.
        reach_px: how far from a pixel it looks.
        bytes: size of its weights in memory.
    """

    tiles = True

    def __init__(self, network: nn.Module, arch: str, reach_px: int) -> None:
        """Take a network whose norms can keep their statistics."""
        self._network = network.eval().requires_grad_(False)
        self.arch, self.reach_px = arch, reach_px
        self.bytes = sum(each.nbytes for each in network.state_dict().values())

    @classmethod
    def read(cls, path: Path, file_format: Format) -> "PublicPainter":
        """Read a checkpoint.

        Raises:
            BadCheckpointError: it is damaged, hostile, or holds no such network.
        """
        painter = build_painter(read_state_dict(path, file_format), path.name)
        if painter is None:
            raise BadCheckpointError(f"{path.name} repaints no photos in a way that ganedit knows; fetch it again.")
        return painter

    def condition(self, shares: Mapping[str, float]) -> None:
        """Refuse what names a style; errors as of `refuse_names`."""
        refuse_names(shares)

    @torch.inference_mode()
    def begin(self, style: None, whole: Tensor) -> Callable[[Tensor], Tensor]:
        """Look at a picture, or a small copy of it, and give what paints its tiles.

        Args:
            style: nothing; there is only one.
            whole: (1, 3, H, W) float32 in [0, 1].

        Returns:
            What turns a tile (1, 3, H, W) in [0, 1] into a painted one; sides are multiples of 4.
        """
        with measuring() as statistics:
            self._network(2 * whole - 1)

        @torch.inference_mode()
        def paint(tile: Tensor) -> Tensor:
            with keeping(statistics):
                return (self._network(2 * tile - 1) + 1) / 2

        return paint


class OnnxPainter:
    """Paints whole pictures in one style with onnxruntime; what a file's norms measure cannot be kept for tiles.

    Attributes:
        tiles, reach_px, bytes: as of `PublicPainter`.
    """

    tiles, reach_px = False, 0

    def __init__(self, path: Path) -> None:
        """Read a file whose one input and output are pictures (1, H, W, 3) in [-1, 1], sides multiples of 8.

        Raises:
            BadCheckpointError: it is damaged or no such network.
        """
        self._session = open_session(path)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shapes = [each.shape for each in (*inputs, *outputs)]
        if len(shapes) != 2 or any(len(shape) != 4 or shape[3] != 3 for shape in shapes):
            raise BadCheckpointError(f"{path.name} turns no picture into a picture; fetch or export it again.")
        self._input = inputs[0].name
        self.bytes = path.stat().st_size

    def condition(self, shares: Mapping[str, float]) -> None:
        """Refuse what names a style; errors as of `refuse_names`."""
        refuse_names(shares)

    def begin(self, style: None, whole: Tensor) -> Callable[[Tensor], Tensor]:
        """Give what paints a whole picture, (1, 3, H, W) in [0, 1]; ``whole`` need not be looked at."""

        def paint(x: Tensor) -> Tensor:
            below, right = (-side % _ONNX_MULTIPLE_OF for side in x.shape[-2:])
            given = F.pad(2 * x - 1, (0, right, 0, below), mode="replicate").permute(0, 2, 3, 1).contiguous().numpy()
            painted = torch.from_numpy(self._session.run(None, {self._input: given})[0]).permute(0, 3, 1, 2)
            return ((painted[..., : x.shape[-2], : x.shape[-1]] + 1) / 2).nan_to_num(0.0).clamp(0, 1)

        return paint


def refuse_names(shares: Mapping[str, float]) -> None:
    """Refuse what names the style of a model that has but one.

    Raises:
        BadRequestError: there is a name.
    """
    if shares:
        raise BadRequestError("This model has a single style; leave the name of the style out.")


def build_painter(state: Mapping[str, Tensor], name: str) -> PublicPainter | None:
    """Build the published painter that a state dict holds; None if it holds none.

    Raises:
        BadCheckpointError: it has the keys of one, but not its tensors.
    """
    for arch, (first_key, reach_px, build) in _LAYOUTS.items():
        if first_key in state:
            try:
                return PublicPainter(build(state), arch, reach_px)
            except (KeyError, RuntimeError, ValueError, IndexError, TypeError) as error:
                raise BadCheckpointError(
                    f"{name} looks like {arch}, but its tensors do not fit it; fetch or export it again."
                ) from error
    return None
