"""What the main process writes down: the ticks with the doctor's verdict, the sample grids, the snapshots."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit.models.snapshots import write_snapshot
from ganedit.training.data import to_network
from ganedit.training.doctor import Verdict, diagnose, measure_diversity
from ganedit.training.journal import Journal, read_stats
from ganedit.training.trainer import Trainer

_SHOWN = 36
_SEED = 20
_AT_ONCE = 32
_ENOUGH = 8  # pictures below which their variety says nothing
_ILL_TICKS = 5


class Record:
    """The files of one run.

    Attributes:
        saved_nimg: images seen at the last snapshot, -1 without any.
    """

    def __init__(self, trainer: Trainer, out: Path, nimg: int) -> None:
        """Open the journal; on a fresh run, write the first samples.

        Args:
            trainer: what the record is about.
            out: folder of the run.
            nimg: images seen so far; what was written later, by a run that was cut off, is dropped.
        """
        self._trainer, self._out = trainer, out
        self.saved_nimg = nimg if self._snapshot_path(nimg).exists() else -1
        self._journal = Journal(out, nimg / 1000)
        self._journal.data(trainer.dataset.about)
        self._history = read_stats(out)
        watched = self._watched()
        self._inputs = trainer.inputs(max(_SHOWN, len(watched)))
        shown, words = trainer.conditions.samples(_SHOWN)
        self._shown_condition = None if shown is None else torch.from_numpy(shown).to(self._inputs.device)
        self._watched_condition = trainer.condition(watched) if len(watched) else None
        self._real = self._describe_real(watched)
        if not nimg:
            self._journal.conditions(words)
            self._journal.samples(self._sample(_SHOWN, self._shown_condition), 0.0)

    @property
    def stays_ill(self) -> bool:
        """Whether the doctor has called the run ill for some time."""
        last = [tick.get("health") for tick in self._history[-_ILL_TICKS:]]
        return len(last) == _ILL_TICKS and set(last) == {"ill"}

    def tick(
        self, nimg: int, seen: list[dict[str, Tensor]], seconds: float, processor_seconds: float
    ) -> dict[str, Any]:
        """Write a line about the steps since the last one, and a grid of samples.

        Args:
            nimg: images seen.
            seen: what each step said.
            seconds: that the steps took.
            processor_seconds: the same, summed over the cores, so that a busy machine does not count.

        Returns:
            The line; numbers that are not finite are None in it.
        """
        trainer, schedule = self._trainer, self._trainer.config.schedule
        means = {key: float(torch.stack([step[key] for step in seen]).mean()) for key in seen[0]}
        rate = len(seen) * schedule.batch / seconds
        stats = {
            "kimg": nimg / 1000,
            **{key: _number(value) for key, value in means.items()},
            "augment_p": round(trainer.strength.p, 4),
            "images_per_second": round(rate, 2),
            "processor_seconds": round(processor_seconds, 2),
            "processes": trainer.processes.world,
            "seconds_left": round(max(0.0, schedule.kimg * 1000 - nimg) / rate),
            **{key: _number(value) for key, value in self._diversity().items()},
        }
        self._journal.samples(self._sample(_SHOWN, self._shown_condition), nimg / 1000)
        return self._write(stats, diagnose([*self._history, stats], trainer.config))

    def rolled_back(self, lost_nimg: int, nimg: int, rollbacks: int) -> dict[str, Any]:
        """Write a line that says that the run went back; gives it."""
        rate = 0.5**rollbacks
        sentence = (
            f"The numbers stopped being finite before kimg {lost_nimg / 1000:g}, so the run went back to kimg "
            f"{nimg / 1000:g} and goes on with {rate:g} times the learning rates."
        )
        return self._write({"kimg": nimg / 1000, "rollbacks": rollbacks}, Verdict("ill", sentence))

    def went_on(self, nimg: int, note: str) -> dict[str, Any]:
        """Write a line that says in what the run is another one from here on; gives it."""
        return self._write({"kimg": nimg / 1000}, Verdict("ok", note))

    def save(self, nimg: int) -> None:
        """Write a snapshot of the averaged generator."""
        trainer, dataset = self._trainer, self._trainer.dataset
        facts = {
            "kimg": nimg / 1000,
            "recipe": trainer.config.to_dict(),
            "precision": "bfloat16" if trainer.half else "float32",
            "data": dataset.digest,
            "pictures": len(dataset),
            **trainer.conditions.facts,
            "license": dataset.license,
        }
        write_snapshot(self._snapshot_path(nimg), trainer.ema.module, trainer.config.generator.arch, facts)
        self.saved_nimg = nimg

    def _write(self, stats: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
        line = {**stats, "health": verdict.health, "verdict": verdict.sentence}
        self._journal.tick(line)
        self._history.append(line)
        return line

    def _watched(self) -> np.ndarray:
        """Which pictures of the data stand for all of them; as many samples are compared with them."""
        count = min(self._trainer.config.doctor.samples, len(self._trainer.dataset))
        chosen = np.random.default_rng(_SEED).permutation(len(self._trainer.dataset))[:count]
        return chosen if count >= _ENOUGH else chosen[:0]

    def _describe_real(self, watched: np.ndarray) -> Tensor | None:
        if not len(watched):
            return None
        images = np.asarray(self._trainer.dataset.images[watched])
        real = to_network(images, self._trainer.processes.device)
        return torch.cat([self._trainer.features(part) for part in real.split(_AT_ONCE)])

    def _diversity(self) -> dict[str, float]:
        if self._real is None:
            return {}
        fake = self._sample(len(self._real), self._watched_condition)
        features = torch.cat([self._trainer.features(part) for part in fake.split(_AT_ONCE)])
        if not features.isfinite().all():
            return {}
        return measure_diversity(real=self._real, fake=features)

    @torch.no_grad()
    def _sample(self, count: int, condition: Tensor | None) -> Tensor:
        """Pictures of the averaged generator from the first of what samples start from."""
        conditions = [None] * count if condition is None else condition.split(_AT_ONCE)
        parts = zip(self._inputs[:count].split(_AT_ONCE), conditions, strict=False)
        with self._trainer.precision():
            return torch.cat([self._trainer.sample(start, each) for start, each in parts])

    def _snapshot_path(self, nimg: int) -> Path:
        return self._out / f"snapshot-{nimg:09d}.safetensors"


def _number(value: float) -> float | None:
    """Round for the journal; JSON has no NaN."""
    return round(value, 6) if math.isfinite(value) else None
