"""How far a number may be off: 95 % confidence intervals that need no luck and no seed from the caller.

Only what a new draw of the same number of pictures would change is covered. The bias of a score at small sample counts
is not: that is what the floor, real pictures against real pictures, is for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

GROUPS = 10
_T_QUANTILE = 2.262  # 97.5 % of Student's t with GROUPS - 1 degrees of freedom
_NORMAL_QUANTILE = 1.960


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % confidence interval, None where none was asked for."""

    value: float
    low: float | None = None
    high: float | None = None


def jackknife(score: Callable[..., float], *samples: np.ndarray, seed: int = 0) -> Estimate:
    """Score the samples, and again without each tenth of them, to see how much the number hangs on the draw.

    The bootstrap would be wrong here: it draws pictures twice, and distances between sets see copies.

    Args:
        score: takes as many arrays as there are ``samples``.
        samples: arrays of (N, ...) features, with at least 20 rows each; independent of each other.
        seed: decides which rows make up a tenth.

    Returns:
        The score of all rows, with an interval from the spread of the ten partial scores.

    Source: delete-a-group jackknife, Kott 2001, Journal of Official Statistics 17(4).
    """
    value = score(*samples)
    if min(len(rows) for rows in samples) < 2 * GROUPS:
        return Estimate(value)
    random = np.random.default_rng(seed)
    groups = [random.permutation(len(rows)) % GROUPS for rows in samples]
    partial = np.array(
        [score(*(rows[of != out] for rows, of in zip(samples, groups, strict=True))) for out in range(GROUPS)]
    )
    error = np.sqrt((GROUPS - 1) / GROUPS * np.square(partial - partial.mean()).sum())
    return _around(value, _T_QUANTILE * error)


def from_error(value: float, standard_error: float) -> Estimate:
    """The normal interval of a number whose standard error is known."""
    return _around(value, _NORMAL_QUANTILE * standard_error)


def of_mean(values: np.ndarray) -> Estimate:
    """The mean of (N,) values and its normal interval; no interval for a single value."""
    mean = float(values.mean())
    return Estimate(mean) if len(values) < 2 else from_error(mean, float(values.std(ddof=1)) / len(values) ** 0.5)


def of_share(hits: np.ndarray) -> Estimate:
    """The share of True among (N,) bools; unlike the normal interval, this one stays honest at 0 and 1.

    Source: Wilson 1927, score interval.
    """
    count, share, z = len(hits), float(hits.mean()), _NORMAL_QUANTILE
    center = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return Estimate(share, min(max(center - half, 0.0), share), max(min(center + half, 1.0), share))


def _around(value: float, half: float) -> Estimate:
    return Estimate(value, float(value - half), float(value + half))
