"""Distances between two sets of features, in blocks, so that ten thousand against ten thousand need little memory."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

_BLOCK_VALUES = 1 << 23  # 64 MB of float64 a block
_SAME = 1e-12


def distances(points: np.ndarray, others: np.ndarray) -> Iterator[tuple[slice, Tensor]]:
    """Give the Euclidean distances from ``points`` to all ``others``, some points at a time.

    They are computed in float64 and rounded to float32: one pair gives the same value in whatever block it comes, so
    that comparisons with a radius that is itself such a distance are exact.

    Args:
        points: (N, D) features.
        others: (M, D) features.

    Yields:
        Which points, and (B, M) float32 distances; what differs by less than a millionth of its length is 0 apart.
    """
    center = np.asarray(others, np.float64).mean(0)  # large common offsets would eat digits
    a, b = (torch.from_numpy(np.asarray(rows, np.float64) - center) for rows in (points, others))
    a_squares, b_squares = a.square().sum(1), b.square().sum(1)
    step = max(_BLOCK_VALUES // len(b), 1)
    for start in range(0, len(a), step):
        rows = slice(start, min(start + step, len(a)))
        lengths = a_squares[rows, None] + b_squares
        squares = torch.addmm(lengths, a[rows], b.T, alpha=-2)
        squares[squares < _SAME * lengths] = 0
        yield rows, squares.sqrt_().float()


def kth_distances(points: np.ndarray, k: int) -> np.ndarray:
    """The distance of each point to its ``k``-th nearest other point of the same set.

    Args:
        points: (N, D) features, N > k.
        k: 1 for the nearest.

    Returns:
        (N,) float32.
    """
    if not 0 < k < len(points):
        raise ValueError(f"{len(points)} points have no neighbor number {k}")
    # The nearest of all is the point itself, so the k-th neighbor is number k + 1.
    return np.concatenate([block.kthvalue(k + 1, dim=1).values.numpy() for _, block in distances(points, points)])


def nearest(points: np.ndarray, others: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Find the ``k`` nearest ``others`` of each point, nearest first.

    Returns:
        (N, k) float32 distances and (N, k) int64 indices into ``others``.
    """
    found = [block.topk(k, dim=1, largest=False) for _, block in distances(points, others)]
    return tuple(np.concatenate([getattr(each, part).numpy() for each in found]) for part in ("values", "indices"))  # type: ignore[return-value]


def count_balls(points: np.ndarray, centers: np.ndarray, radii: np.ndarray, *, closed: bool) -> np.ndarray:
    """Count the balls around ``centers`` that each point lies in.

    Args:
        points: (N, D) features.
        centers: (M, D) features.
        radii: (M,) float32 distances.
        closed: whether the surface belongs to the ball.

    Returns:
        (N,) int64.
    """
    limits = torch.from_numpy(radii)
    inside = torch.less_equal if closed else torch.less
    return np.concatenate([inside(block, limits).sum(1).numpy() for _, block in distances(points, centers)])
