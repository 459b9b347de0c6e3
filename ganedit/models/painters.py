"""Networks of ours that repaint photos in the styles that they have learned."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError, BadRequestError
from ganedit.models.archs.painter import REACH_PX, Painter
from ganedit.models.loaded import bfloat16_is_faster
from ganedit.models.snapshots import Snapshot, read_snapshot


class StylePainter:
    """Paints in any mixture of its styles; safe to use from many threads.

    Attributes:
        styles: their names; empty if it has but one.
        tiles: whether a picture can be painted in parts.
        reach_px: how far from a pixel it looks.
        bytes: size of its weights in memory.
    """

    tiles, reach_px = True, REACH_PX

    def __init__(self, snapshot: Snapshot) -> None:
        """Take a painter.

        Raises:
            BadCheckpointError: the snapshot holds another network, or does not name its styles.
        """
        network = snapshot.generator
        self.styles: Sequence[str] = snapshot.facts.get("class_names", [])
        if not isinstance(network, Painter) or len(self.styles) != snapshot.config["c_dim"]:
            raise BadCheckpointError("This snapshot repaints no photos; choose one of a painter.")
        self._network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network.to(self._device)
        self.bytes = sum(each.nbytes for each in network.state_dict().values())

    @classmethod
    def read(cls, path: Path) -> "StylePainter":
        """Read a snapshot.

        Raises:
            BadCheckpointError: it is damaged, or no painter.
        """
        return cls(read_snapshot(path))

    def condition(self, shares: Mapping[str, float]) -> Tensor | None:
        """Turn shares of styles into what the network is told; none means all of the first style.

        Returns:
            (1, styles) float32 whose sum is 1; None if it has but one style.

        Raises:
            BadRequestError: there is no such style, or a share is no positive number.
        """
        for name, share in shares.items():
            if name not in self.styles:
                told = f"choose among {', '.join(self.styles)}" if self.styles else "leave it out, there is only one"
                raise BadRequestError(f"There is no style {name[:60]}; {told}.")
            if not 0 < share < float("inf"):
                raise BadRequestError(f"The share of {name} must be above 0, not {share:g}.")
        if not self.styles:
            return None
        weights = torch.tensor([[shares.get(name, 0.0) for name in self.styles]])
        if not shares:
            weights[0, 0] = 1.0
        return weights / weights.sum()

    def begin(self, style: Tensor | None, whole: Tensor) -> Callable[[Tensor], Tensor]:
        """Give what paints the tiles of a picture.

        Args:
            style: what ``condition`` gave.
            whole: the picture, which need not be looked at: there are no norms.

        Returns:
            What turns a tile (1, 3, H, W) float32 in [0, 1] into a painted one; sides are multiples of 4.
        """
        told = None if style is None else style.to(self._device)
        return lambda tile: self._paint(tile, told)

    @torch.inference_mode()
    def _paint(self, x: Tensor, told: Tensor | None) -> Tensor:
        x = (2 * x - 1).to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device, torch.bfloat16, enabled=bfloat16_is_faster(self._device)):
            y = self._network(x, told)
        if not torch.isfinite(y.sum()):  # the numbers of bfloat16 were too coarse for this picture
            y = self._network(x, told).nan_to_num_(0.0)
        return ((y.cpu().contiguous() + 1) / 2).clamp_(0, 1)
