"""Scores of a picture against the one picture that it should be."""

from collections.abc import Iterator

import cv2
import numpy as np

MAX_PSNR_DB = 100.0
_WINDOW, _SIGMA_PX = 11, 1.5
_BAND_PIXELS = 1 << 20
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio over all channels.

    Args:
        a: (H, W, 3) uint8.
        b: the same shape.

    Returns:
        Decibels, at most 100, which stands for equal pictures.
    """
    error = sum(float(np.square(x.astype(np.int32) - y).sum()) for x, y in _bands(a, b, 0)) / a.size
    return min(10 * np.log10(255**2 / error), MAX_PSNR_DB) if error else MAX_PSNR_DB


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity: Gaussian window of 11 px with sigma 1.5, the mean over places and channels.

    Args:
        a: (H, W, 3) uint8, sides of at least 11 px.
        b: the same shape.

    Returns:
        At most 1, for equal pictures.

    Source: Wang et al. 2004, IEEE Transactions on Image Processing 13(4), equation 13.
    """
    edge = _WINDOW // 2  # where the window would look over the border
    total = sum(float(_similarity(x, y)[edge:-edge, edge:-edge].sum()) for x, y in _bands(a, b, edge))
    return total / ((a.shape[0] - 2 * edge) * (a.shape[1] - 2 * edge) * a.shape[2])


def _similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give the structural similarity at each place, (H, W, 3) float64."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x, variance_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    covariance = _smooth(x * y) - mean_x * mean_y
    places = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    places /= (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    return places


def _bands(a: np.ndarray, b: np.ndarray, edge: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut two pictures into bands of about a megapixel, which see ``edge`` rows of their neighbors.

    Whole pictures of 80 megapixels would take 6 GB for one score and 20 GB for the other.
    """
    if a.shape[1] > a.shape[0]:  # the scores are the same for pictures that lie on their side
        a, b = a.transpose(1, 0, 2), b.transpose(1, 0, 2)
    last, rows = a.shape[0] - 2 * edge, max(1, _BAND_PIXELS // a.shape[1])
    for top in range(0, last, rows):
        band = slice(top, min(top + rows, last) + 2 * edge)
        yield a[band], b[band]


def feature_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One minus the cosine between the features of each pair.

    Args:
        a: (N, D) features.
        b: (N, D) features.

    Returns:
        (N,) float64 in [0, 2], 0 for equal features.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.clip(1 - (a * b).sum(1) / np.maximum(lengths, 1e-300), 0, 2)


def are_comparable(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two pictures have one size, large enough for the window."""
    return a.shape == b.shape and min(a.shape[:2]) >= _WINDOW


def _smooth(x: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(x, (_WINDOW, _WINDOW), _SIGMA_PX, borderType=cv2.BORDER_REFLECT)
