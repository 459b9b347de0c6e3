"""All scores of one pair of feature sets, each with its interval."""

import numpy as np

from ganedit.metrics.features import Backbone
from ganedit.metrics.intervals import Estimate, from_error, jackknife, of_mean, of_share
from ganedit.metrics.scores import (
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    vendi,
)
from ganedit.metrics.sheet import find_copies

MIN_SAMPLES = 10
"""Fewer pictures of either set have no neighborhoods worth the name."""

_SPLITS_FROM = 5000
"""From here on an Inception score is split in ten, as in the literature; fewer pictures are scored as one."""


def measure(real: np.ndarray, fake: np.ndarray, backbone: Backbone, *, intervals: bool = True) -> dict[str, Estimate]:
    """Compute every score that the backbone allows.

    Args:
        real: (N, D) features, N >= 10.
        fake: (N, D) features.
        backbone: where the features are from.
        intervals: False spares the time for the intervals.

    Returns:
        Estimates by key: frechet, kernel, precision, recall, density, coverage, vendi, copies, and inception_score if
        the backbone gives probabilities.
    """
    kernel = kernel_distance(real=real, fake=fake)
    support = precision_recall(real=real, fake=fake)
    cover = density_coverage(real=real, fake=fake)
    found = {
        "frechet": jackknife(_frechet, real, fake) if intervals else Estimate(_frechet(real, fake)),
        "kernel": from_error(kernel.value, kernel.standard_error),
        "precision": of_share(support.fakes_inside),
        "recall": of_share(support.reals_inside),
        "density": of_mean(cover.balls_of_fakes),
        "coverage": of_share(cover.reals_covered),
        "vendi": jackknife(vendi, fake) if intervals else Estimate(vendi(fake)),
        "copies": of_share(find_copies(real=real, fake=fake)),
    }
    if backbone.classify is not None:
        splits = 10 if len(fake) >= _SPLITS_FROM else 1
        probabilities = backbone.classify(fake)
        found["inception_score"] = jackknife(lambda rows: inception_score(rows, splits).value, probabilities)
    return found


def _frechet(real: np.ndarray, fake: np.ndarray) -> float:
    return frechet_distance(real=real, fake=fake)
