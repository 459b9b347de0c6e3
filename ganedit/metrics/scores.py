"""Features in, numbers out: the scores that generators are compared by, in float64.

Every score that compares two sets takes ``real=`` and ``fake=`` by name, because half of them change their meaning when
the two are exchanged.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganedit.metrics.neighbors import count_balls, kth_distances, nearest

_BLOCK_ROWS = 1024


class KernelDistance(NamedTuple):
    """A kernel distance and its standard error."""

    value: float
    standard_error: float


class InceptionScore(NamedTuple):
    """The mean over the splits and their standard deviation, which is what papers print behind the plus-minus."""

    value: float
    deviation: float


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Which pictures lie within the other set's support.

    Attributes:
        fakes_inside: (N,) bool, fakes that are like some real picture.
        reals_inside: (M,) bool, real pictures that are like some fake.
    """

    fakes_inside: np.ndarray
    reals_inside: np.ndarray

    @property
    def precision(self) -> float:
        """Share of fakes that look real, in [0, 1]."""
        return float(self.fakes_inside.mean())

    @property
    def recall(self) -> float:
        """Share of real pictures that the generator could have made, in [0, 1]."""
        return float(self.reals_inside.mean())


@dataclass(frozen=True, eq=False)
class DensityCoverage:
    """How many real neighborhoods each fake lies in, and which of them hold a fake.

    Attributes:
        balls_of_fakes: (N,) float64, neighborhoods that hold the fake, divided by k.
        reals_covered: (M,) bool, real pictures whose neighborhood holds a fake.
    """

    balls_of_fakes: np.ndarray
    reals_covered: np.ndarray

    @property
    def density(self) -> float:
        """Mean of ``balls_of_fakes``: around 1 for real pictures; more where fakes crowd into dense regions."""
        return float(self.balls_of_fakes.mean())

    @property
    def coverage(self) -> float:
        """Share of real pictures with a fake nearby, in [0, 1]."""
        return float(self.reals_covered.mean())


def frechet_distance(*, real: np.ndarray, fake: np.ndarray) -> float:
    """Distance between two Gaussians with the means and covariances (n - 1) of the two sets.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``. With ``C = F^T F`` the last trace is the sum of the singular values
    of ``F1 F2^T``: no root of a product that is not symmetric, and no noise from a covariance with fewer samples than
    dimensions.

    Args:
        real: (N, D) features, N >= 2.
        fake: (M, D) features, M >= 2.

    Returns:
        0 for equal sets; grows without bound. Biased upwards at small sample counts.

    Source: Heusel et al. 2017, arXiv:1706.08500, equation 6.
    """
    a, b = _pair(real, fake, at_least=2)
    gap = (a.mean(0) - b.mean(0)).square().sum()
    a, b = _covariance_factor(a), _covariance_factor(b)
    overlap = torch.linalg.svdvals(a @ b.T).sum()
    return max(float(gap + a.square().sum() + b.square().sum() - 2 * overlap), 0.0)


def kernel_distance(
    *, real: np.ndarray, fake: np.ndarray, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> KernelDistance:
    """Squared maximum mean discrepancy with the kernel ``(x.y / D + 1)^3``: unbiased at every sample count.

    The value is the mean over random subsets; sets that are no larger than a subset are taken whole. For the same seed
    the subsets are those of torch-fidelity. The error comes from leaving out each picture in turn.

    Args:
        real: (N, D) features, N >= 3.
        fake: (M, D) features, M >= 3.
        subsets: how many to average over.
        subset_size: pictures of either set in each; no more are taken than there are.
        seed: decides the subsets.

    Returns:
        Around 0 for sets from one distribution, where it may be negative.

    Source: Binkowski et al. 2018, arXiv:1801.01401, section 4.
    """
    a, b = _pair(real, fake, at_least=3)
    error = _leave_one_out_error(a, b)
    size = min(subset_size, len(a), len(b))
    if size == len(a) == len(b):
        return KernelDistance(float(_discrepancy(a, b)), error)
    random = np.random.RandomState(seed)  # torch-fidelity's generator, which draws the generated pictures first
    values = []
    for _ in range(subsets):
        fakes = random.choice(len(b), size, replace=False)
        reals = random.choice(len(a), size, replace=False)
        values.append(float(_discrepancy(a[reals], b[fakes])))
    return KernelDistance(float(np.mean(values)), error)


def inception_score(probabilities: np.ndarray, splits: int = 10, seed: int = 2020) -> InceptionScore:
    """Exponential of the mean divergence between each picture's classes and the classes of all pictures.

    Args:
        probabilities: (N, C), rows that sum to 1.
        splits: parts that are scored on their own.
        seed: shuffles the rows first, as torch-fidelity does.

    Returns:
        From 1 (all pictures alike or all undecided) to C.

    Source: Salimans et al. 2016, arXiv:1606.03498, section 4.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or not 0 < splits <= len(rows):
        raise ValueError(f"probabilities of shape {rows.shape} cannot be split into {splits} parts")
    rows = rows[np.random.RandomState(seed).permutation(len(rows))]
    bounds = [part * len(rows) // splits for part in range(splits + 1)]
    values = []
    for start, end in pairwise(bounds):
        part = torch.from_numpy(rows[start:end])
        divergence = torch.special.xlogy(part, part) - torch.special.xlogy(part, part.mean(0))
        values.append(float(divergence.sum(1).mean().exp()))
    return InceptionScore(float(np.mean(values)), float(np.std(values)))


def precision_recall(*, real: np.ndarray, fake: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Tell which fakes lie in a ball around a real picture, and which real pictures in one around a fake.

    A ball reaches to the ``k``-th nearest neighbor in its own set; its surface belongs to it.

    Args:
        real: (N, D) features, N > k.
        fake: (M, D) features, M > k.
        k: larger values are more generous.

    Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, equations 1 and 2.
    """
    _pair(real, fake, at_least=k + 1)
    return PrecisionRecall(
        count_balls(fake, real, kth_distances(real, k), closed=True) > 0,
        count_balls(real, fake, kth_distances(fake, k), closed=True) > 0,
    )


def density_coverage(*, real: np.ndarray, fake: np.ndarray, k: int = 5) -> DensityCoverage:
    """Count real neighborhoods around fakes; unlike precision and recall, an outlier among the fakes covers nothing.

    A neighborhood reaches to the ``k``-th nearest real picture, without its surface, as in the authors' code.

    Args:
        real: (N, D) features, N > k.
        fake: (M, D) features.
        k: larger values are more generous.

    Source: Naeem et al. 2020, arXiv:2002.09797, equations 2 and 3.
    """
    _pair(real, fake, at_least=1)
    radii = kth_distances(real, k)
    return DensityCoverage(
        count_balls(fake, real, radii, closed=False) / k,
        nearest(real, fake)[0][:, 0] < radii,
    )


def vendi(features: np.ndarray) -> float:
    """The effective number of different pictures: exponential of the entropy of the similarity matrix's eigenvalues.

    Args:
        features: (N, D); their similarity is the cosine.

    Returns:
        From 1 (all alike) to N (no two alike); at most D.

    Source: Friedman and Dieng 2023, arXiv:2210.02410, definition 3.1.
    """
    x = torch.from_numpy(np.asarray(features, np.float64))
    x = x / x.norm(dim=1, keepdim=True).clamp_min(1e-300) / len(x) ** 0.5
    similarity = x @ x.T if len(x) <= x.shape[1] else x.T @ x  # the same eigenvalues but for zeros
    eigenvalues = torch.linalg.eigvalsh(similarity).clamp_min(0)
    return float((-torch.special.xlogy(eigenvalues, eigenvalues).sum()).exp())


def _pair(real: np.ndarray, fake: np.ndarray, *, at_least: int) -> tuple[Tensor, Tensor]:
    """Both sets in float64; refuses what cannot be compared."""
    a, b = (torch.from_numpy(np.asarray(rows, np.float64)) for rows in (real, fake))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < at_least:
        raise ValueError(f"features of shapes {tuple(a.shape)} and {tuple(b.shape)}, need {at_least} rows of one width")
    return a, b


def _covariance_factor(x: Tensor) -> Tensor:
    """Give F, (min(N, D), D), with ``F^T F`` the covariance of (N, D) features."""
    centered = (x - x.mean(0)) / (len(x) - 1) ** 0.5
    return centered if len(x) <= x.shape[1] else torch.linalg.qr(centered, mode="r").R


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _row_sums(a: Tensor, b: Tensor) -> Tensor:
    """Sum the kernel of each row of ``a`` with all rows of ``b``, in blocks."""
    return torch.cat([_kernel(part, b).sum(1) for part in a.split(_BLOCK_ROWS)])


def _others_sums(a: Tensor) -> Tensor:
    """Sum the kernel of each row with all other rows."""
    return _row_sums(a, a) - (a.square().sum(1) / a.shape[1] + 1) ** 3


def _discrepancy(a: Tensor, b: Tensor) -> Tensor:
    """The unbiased estimate: no row is compared with itself."""
    m, n = len(a), len(b)
    within = _others_sums(a).sum() / (m * (m - 1)) + _others_sums(b).sum() / (n * (n - 1))
    return within - 2 * _row_sums(a, b).sum() / (m * n)


def _leave_one_out_error(a: Tensor, b: Tensor) -> float:
    """Standard error of `_discrepancy` by the jackknife, from sums that are computed once."""
    variance = 0.0
    for x, y in ((a, b), (b, a)):
        count = len(x)
        within, across = _others_sums(x), _row_sums(x, y)
        without = (within.sum() - 2 * within) / ((count - 1) * (count - 2))
        without -= 2 * (across.sum() - across) / ((count - 1) * len(y))
        variance += float((count - 1) * without.var(correction=0))
    return variance**0.5
