"""Where the faces are in a picture, by a published cascade of three networks."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms, roi_align

from ganedit.errors import BadCheckpointError
from ganedit.models import sources
from ganedit.models.archs import mtcnn
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.feature_cards import MTCNN

_LOOK_PX = 720  # longer side of what is looked at
_SMALLEST_PX = 24  # of a face, there
_STEP = 0.709  # from one size to the next: half the area
_SURE = (0.6, 0.7, 0.9)  # least chance of a face, network by network
# Two squares that share more are one face: of those of one size, of all, and at the end.
_SIZE_OVERLAP, _OVERLAP, _LAST_OVERLAP = 0.5, 0.7, 0.3
_MOST = 500  # squares that the second network looks at


class FaceFinder:
    """Finds faces that look at the camera, more or less; safe to use from many threads.

    Source: Zhang et al. 2016, arXiv:1604.02878, section 2.1.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        """Take the three networks in their order."""
        self._propose, self._refine, self._output = networks

    @torch.inference_mode()
    def find(self, x: Tensor) -> list[tuple[float, float, float, float]]:
        """Find the faces of a picture.

        Args:
            x: (1, 3, H, W) float32 in [0, 1].

        Returns:
            Boxes (left, top, right, bottom) in px, the largest first; they may reach over the border.
        """
        shrunk = min(1.0, _LOOK_PX / max(x.shape[-2:]))
        size = [max(1, round(side * shrunk)) for side in x.shape[-2:]]
        seen = 2 * (F.interpolate(x, size=size, mode="area") if shrunk < 1 else x) - 1
        boxes = self._proposed(seen)
        boxes = self._closer(seen, boxes, self._refine, mtcnn.REFINE_PX, _SURE[1], _OVERLAP)
        boxes = self._closer(seen, boxes, self._output, mtcnn.OUTPUT_PX, _SURE[2], _LAST_OVERLAP)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        found = boxes[areas.argsort(descending=True)] / shrunk
        return [(left, top, right, bottom) for left, top, right, bottom in found.tolist()]

    def _proposed(self, x: Tensor) -> Tensor:
        """(N, 4) boxes where the first network sees a face at some size."""
        found, chances = [x.new_zeros(0, 4)], [x.new_zeros(0)]
        scale = mtcnn.PROPOSE_PX / _SMALLEST_PX
        while scale * min(x.shape[-2:]) >= mtcnn.PROPOSE_PX:
            size = [round(side * scale) for side in x.shape[-2:]]
            chance, moves = (each[0] for each in self._propose(F.interpolate(x, size=size, mode="area")))
            rows, columns = torch.where(chance >= _SURE[0])
            corner = torch.stack([columns, rows], dim=1) * mtcnn.PROPOSE_STRIDE_PX
            boxes = torch.cat([corner, corner + mtcnn.PROPOSE_PX], dim=1) / scale
            boxes, chance = _moved(boxes, moves[:, rows, columns].T), chance[rows, columns]
            kept = nms(boxes, chance, _SIZE_OVERLAP)
            found.append(boxes[kept])
            chances.append(chance[kept])
            scale *= _STEP
        boxes, chance = torch.cat(found), torch.cat(chances)
        return boxes[nms(boxes, chance, _OVERLAP)[:_MOST]]

    def _closer(
        self, x: Tensor, boxes: Tensor, network: nn.Module, side_px: int, sure: float, overlap: float
    ) -> Tensor:
        """Look at squares around boxes with the next network; gives those that it takes for faces."""
        if not len(boxes):
            return boxes
        squares = _square(boxes)
        chance, moves = network(roi_align(x, [squares], side_px, sampling_ratio=2, aligned=True))
        is_face = chance >= sure
        boxes, chance = _moved(squares[is_face], moves[is_face]), chance[is_face]
        return boxes[nms(boxes, chance, overlap)]


def load_face_finder(cache: Path | None = None) -> FaceFinder:
    """Build the finder with its published weights, fetched if they are not here.

    Args:
        cache: folder of fetched files; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.

    Raises:
        WeightsUnavailableError: the weights could be had from nowhere.
        BadCheckpointError: a file cannot be read.
    """
    folder = cache or sources.cache_dir()
    path, source = sources.fetch([MTCNN], folder)
    paths = [path, *(sources.verified(part, folder) for part in source.companions)]
    kinds = (mtcnn.ProposalNetwork, mtcnn.RefineNetwork, mtcnn.OutputNetwork)
    try:
        networks = [
            mtcnn.load(kind(), read_state_dict(each, source.format)) for kind, each in zip(kinds, paths, strict=True)
        ]
    except RuntimeError as error:
        raise BadCheckpointError(f"{path.name} finds no faces in a way that ganedit knows; fetch it again.") from error
    return FaceFinder(networks)


def _moved(boxes: Tensor, moves: Tensor) -> Tensor:
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + moves * sides


def _square(boxes: Tensor) -> Tensor:
    """Widen boxes to squares with the same middles."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True) / 2
    return torch.cat([middle - half, middle + half], dim=1)
