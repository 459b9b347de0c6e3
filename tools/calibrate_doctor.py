"""Check the doctor on runs whose modes can be counted: ``python -m tools.calibrate_doctor [--seeds N]``.

Half of the runs learn a grid of 25 Gaussians as recommended; half have the non-saturating loss without any penalty and
a G that learns 25 times as fast as D, which puts everything on one mode after another. A hit is a collapse that the
doctor called by its name at any tick; a false alarm is any tick of a healthy run that it called ill. What a run really
did is counted, not assumed: a run that kept over 20 modes did not collapse, and one that lost more than two was not
healthy; such runs are shown and count for neither.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ganedit.training.config import LossConfig, OptimizerConfig, TrainConfig
from ganedit.training.doctor import Verdict, diagnose
from ganedit.training.toys import MODES, POINTS, Count, count_grid, grid_points, train_points

KIMG, TICK_KIMG = 750.0, 25.0
HEALTHY_MODES, COLLAPSED_MODES = MODES - 2, MODES - 5
_POINTS = 20_000


@dataclass
class Outcome:
    """One run: what it did, and what the doctor said while it lasted."""

    found: list[Count] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def collapse_called_at(self) -> int | None:
        """The first tick at which the doctor said that modes collapse."""
        said = (i for i, verdict in enumerate(self.verdicts) if "collapsing" in verdict.sentence)
        return next(said, None)

    @property
    def called_ill(self) -> bool:
        """Whether the doctor called the run ill at any tick."""
        return any(verdict.health == "ill" for verdict in self.verdicts)


def healthy(seed: int) -> TrainConfig:
    """Give the recipe that learns the grid."""
    schedule = replace(POINTS.schedule, kimg=KIMG, tick_kimg=TICK_KIMG, snapshot_kimg=KIMG, seed=seed)
    return replace(POINTS, schedule=schedule)


def collapsing(seed: int) -> TrainConfig:
    """Give a recipe that loses modes."""
    loss = LossConfig(name="non_saturating", r1=False, r2=False, gamma=0.0)
    return replace(healthy(seed), loss=loss, optimizer=OptimizerConfig(lr_g=5e-3, lr_d=2e-4, beta1=0.5))


def observe(config: TrainConfig) -> Outcome:
    """Train once and let the doctor look at every tick."""
    outcome, history = Outcome(), []

    def look(stats: Mapping[str, Any], samples: Tensor) -> None:
        history.append(stats)
        outcome.found.append(count_grid(samples))
        outcome.verdicts.append(diagnose(history, config))

    train_points(config, grid_points(_POINTS, seed=config.schedule.seed), look)
    return outcome


def main() -> None:
    """Run both kinds for every seed, print each run and the totals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    arguments = parser.parse_args()
    kept = hits = sound = alarms = 0
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        good, bad = observe(healthy(seed)), observe(collapsing(seed))
        sound += good.found[-1].modes >= HEALTHY_MODES
        alarms += good.found[-1].modes >= HEALTHY_MODES and good.called_ill
        kept += bad.found[-1].modes <= COLLAPSED_MODES
        hits += bad.found[-1].modes <= COLLAPSED_MODES and bad.collapse_called_at is not None
        print(f"seed {seed}: healthy kept {good.found[-1].modes} modes, {good.verdicts[-1].sentence}")
        print(f"         collapsing kept {bad.found[-1].modes} modes, {bad.verdicts[-1].sentence}", flush=True)
    print(f"hits {hits} of {kept} collapses, false alarms {alarms} of {sound} healthy runs")


if __name__ == "__main__":
    main()
