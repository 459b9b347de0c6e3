"""First codes of pictures for a generator's memory: pictures that look alike get codes that lie close together."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.training.data import Dataset, to_network

_AT_ONCE = 32
_COLORS_PX = 8
_COLORS_WEIGHT = 3.0


def visual_codes(dataset: Dataset, describe: Callable[[Tensor], Tensor], length: int, device: torch.device) -> Tensor:
    """Describe all pictures by the directions in which they differ most, by features and by coarse colors.

    Args:
        dataset: the pictures.
        describe: turns (N, C, R, R) in [-1, 1] into (N, F) features.
        length: of a code; what the pictures do not fill is zero.
        device: where features are computed.

    Returns:
        (pictures, length) float32 with a mean square of 1 over all.

    Source: codes that start as principal components, Bojanowski et al. 2018 (GLO), arXiv:1707.05776, section 3.
    """
    features, colors = [], []
    for some in np.array_split(np.arange(len(dataset)), -(-len(dataset) // _AT_ONCE)):
        pictures = to_network(np.asarray(dataset.images[some]), device)
        colors.append(F.adaptive_avg_pool2d(pictures, _COLORS_PX).flatten(1))
        features.append(describe(pictures).float())
    looks = torch.cat(features)
    looks = (looks - looks.mean(dim=0)) / looks.std().clamp_min(1e-6)
    tints = torch.cat(colors)
    seen = torch.cat([looks, _COLORS_WEIGHT * (tints - tints.mean(dim=0))], dim=1)
    left, sizes, _ = torch.linalg.svd(seen, full_matrices=False)
    codes = (left * sizes)[:, :length]
    codes = codes / codes.square().mean().sqrt().clamp_min(1e-6)
    return F.pad(codes, (0, length - codes.shape[1]))
