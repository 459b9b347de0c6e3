"""Worlds whose modes can be counted: points around a grid of Gaussians, learned by the same trainer as pictures.

Whether a game covers its data can be read off here in seconds, which no number on pictures can say for certain.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganedit.models.archs import DISCRIMINATORS, GENERATORS
from ganedit.training.config import TrainConfig
from ganedit.training.data import Batches, Dataset
from ganedit.training.doctor import measure_diversity
from ganedit.training.processes import Processes
from ganedit.training.trainer import Trainer

GRID = 5
SPACING = 2.0
SIGMA = 0.05
MODES = GRID * GRID

_SHOWN = 2500
_SEED = 20

POINTS = TrainConfig.from_dict(
    {
        "generator": {"arch": "mlp", "z_dim": 8, "width": 128},
        "discriminator": {"arch": "mlp", "width": 128},
        "loss": {"name": "relativistic", "gamma": 0.01},
        "optimizer": {"lr_g": 3e-3, "lr_d": 3e-3, "beta1": 0.0, "beta2": 0.99, "lr_end": 0.02},
        "schedule": {"kimg": 3000, "batch": 256, "tick_kimg": 100, "snapshot_kimg": 3000, "ema_kimg": 20},
        "compute": {"precision": "float32", "threads": 1},
        "doctor": {"samples": 512},
    }
)
"""The recipe that learns the grid."""


@dataclass(frozen=True)
class Count:
    """What was found of the modes.

    Attributes:
        modes: how many have at least one good sample.
        good: share of the samples within four sigma of the nearest mode.
        reverse_kl: KL(samples over modes || even), in nats; 0 is even, log of the number of modes is a single one.
    """

    modes: int
    good: float
    reverse_kl: float


def grid_points(count: int, seed: int) -> Tensor:
    """Draw (count, 2) float32 points around 5x5 centers from -4 to 4, with a standard deviation of 0.05.

    Source: Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 4.1.
    """
    chance = torch.Generator().manual_seed(seed)
    modes = torch.randint(MODES, (count,), generator=chance)
    return grid_centers()[modes] + SIGMA * torch.randn(count, 2, generator=chance)


def grid_centers() -> Tensor:
    """Give the (25, 2) centers."""
    along = (torch.arange(GRID) - (GRID - 1) / 2) * SPACING
    return torch.cartesian_prod(along, along)


def count_grid(samples: Tensor) -> Count:
    """Count the modes that (N, 2) samples reach."""
    distance, nearest = torch.cdist(samples.float(), grid_centers()).min(dim=1)
    good = distance <= 4 * SIGMA
    found = torch.bincount(nearest[good], minlength=MODES)
    return Count(int((found > 0).sum()), float(good.float().mean()), reverse_kl(found))


def reverse_kl(counts: Tensor) -> float:
    """Tell how unevenly samples spread over modes.

    Args:
        counts: (K,) samples in each mode.

    Returns:
        KL(counts / sum || even) in nats, 0 or more; infinite without any sample.
    """
    total = counts.sum()
    if not total:
        return float("inf")
    share = counts.double() / total
    return max(0.0, float(torch.special.xlogy(share, share * len(counts)).sum()))


def train_points(
    config: TrainConfig,
    points: Tensor,
    on_tick: Callable[[Mapping[str, Any], Tensor], None] = lambda stats, samples: None,
) -> nn.Module:
    """Train mlp networks on points, in memory.

    Args:
        config: the recipe; both networks must be mlp, and there is no augmentation.
        points: (N, D) float32.
        on_tick: told at every tick what a journal's line holds, so that `doctor.diagnose` can read it, and (2500, D)
            samples of the averaged generator from always the same z.

    Returns:
        The averaged generator, which makes points from (N, z_dim).
    """
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    trainer, schedule = _PointTrainer(config, points), config.schedule
    z = torch.randn(_SHOWN, config.generator.z_dim, generator=torch.Generator().manual_seed(_SEED))
    nimg, seen, started = 0, [], time.perf_counter()
    with Batches(trainer.dataset, 0, schedule.batch, schedule.seed) as batches:
        while nimg < schedule.kimg * 1000:
            seen.append(trainer.step(*next(batches), nimg))
            nimg += schedule.batch
            if nimg % (schedule.tick_kimg * 1000) < schedule.batch or nimg >= schedule.kimg * 1000:
                with torch.no_grad():
                    samples = trainer.ema.module(z)
                rate = len(seen) * schedule.batch / (time.perf_counter() - started)
                on_tick(_line(trainer, seen, samples, nimg) | {"images_per_second": rate}, samples)
                seen, started = [], time.perf_counter()
    return trainer.ema.module


class _PointTrainer(Trainer):
    """The trainer of pictures, but for what comes in and the networks' last and first layers."""

    def __init__(self, config: TrainConfig, points: Tensor) -> None:
        self._points = points.float().numpy()
        super().__init__(config, _dataset(self._points), Processes())

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        generator, discriminator, dim = self.config.generator, self.config.discriminator, self._points.shape[1]
        return (
            GENERATORS["mlp"](z_dim=generator.z_dim, width=generator.width, dim=dim),
            DISCRIMINATORS["mlp"](width=discriminator.width, dim=dim),
        )

    def _incoming(self, images: np.ndarray) -> Tensor:
        return torch.from_numpy(images).to(self.processes.device)

    def features(self, pictures: Tensor) -> Tensor:
        return pictures


def _dataset(points: np.ndarray) -> Dataset:
    """Points as if they were pictures without classes, captions or attributes."""
    return Dataset(
        images=points,
        names=tuple(map(str, range(len(points)))),
        class_names=(),
        labels=None,
        captions=None,
        attribute_values={},
        attributes=None,
        digest="",
        folder=Path(),
        license=None,
        skipped={},
        notes=(),
    )


def _line(trainer: Trainer, seen: list[dict[str, Tensor]], samples: Tensor, nimg: int) -> dict[str, Any]:
    """What a journal's line says of a tick."""
    means = {key: float(torch.stack([step[key] for step in seen]).mean()) for key in seen[0]}
    count = trainer.config.doctor.samples
    real = torch.from_numpy(trainer.dataset.images[:count])
    varied = measure_diversity(real=real, fake=samples[:count]) if count and samples.isfinite().all() else {}
    return {"kimg": nimg / 1000, **means, "augment_p": 0.0, "processes": 1, **varied}
