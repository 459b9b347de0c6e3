"""Adversarial training from a recipe and a folder of pictures to snapshots, watched, stoppable and resumable.

Time is counted in images seen. Maintenance (a line in the journal, samples, snapshot, state) comes before each step, so
that a run that is resumed does nothing twice.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganedit.errors import BadRecipeError
from ganedit.models.snapshots import write_snapshot
from ganedit.training.config import TrainConfig
from ganedit.training.data import Batches, Dataset, prepare
from ganedit.training.journal import Journal
from ganedit.training.processes import Processes
from ganedit.training.state import load_state, save_state
from ganedit.training.trainer import Trainer

STATE_FILE = "state.pt"
_SAMPLES = 36
_SAMPLE_SEED = 20

Stats = Mapping[str, Any]


def train(
    config: TrainConfig,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    on_tick: Callable[[Stats], None] | None = None,
    on_snapshot: Callable[[Path], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train a generator.

    Writes ``stats.jsonl`` (one object a tick), ``samples/*.png`` (always from the same z), ``snapshot-*.safetensors``
    and ``state.pt`` into ``out``.

    Args:
        config: the recipe.
        data: folder or zip of pictures.
        out: folder of the run.
        resume: go on from the state in ``out``; with the same recipe and data the result is bit for bit that of a run
            without a break.
        on_tick: told what was written into the journal.
        on_snapshot: told the path of each new snapshot.
        should_stop: asked before every step; once it says so, everything is saved and the run ends.

    Raises:
        BadRecipeError: the recipe does not fit, or is not the one of the run that is to go on.
        BadDataError: there are no usable pictures.
        BadCheckpointError: there is no state to go on from.
    """
    if config.generator.arch == "mlp":
        raise BadRecipeError("generator.arch = mlp makes points, not pictures; use r3gan, fastgan or dcgan.")
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    processes = Processes()
    dataset = _prepare(config, data, out, processes)
    trainer = Trainer(config, dataset, processes)
    nimg = _resume(trainer, out) if resume else 0
    run = _Run(trainer, out, nimg) if processes.is_main else None
    batch, total = config.schedule.batch, round(config.schedule.kimg * 1000)
    seen: list[dict[str, Tensor]] = []
    started = time.perf_counter()
    with Batches(dataset, nimg, batch, config.schedule.seed, processes.rank, processes.world) as batches:
        while True:
            last = nimg >= total or should_stop()
            if run and seen and (last or _crosses(nimg, batch, config.schedule.tick_kimg)):
                stats = run.tick(nimg, seen, time.perf_counter() - started)
                seen, started = [], time.perf_counter()
                if on_tick:
                    on_tick(stats)
            if run and (last or _crosses(nimg, batch, config.schedule.snapshot_kimg)) and nimg > run.saved_nimg:
                path = run.save(nimg)
                if on_snapshot:
                    on_snapshot(path)
            if last:
                break
            images, indices = next(batches)
            seen.append(trainer.step(images, indices, nimg))
            nimg += batch
    processes.wait()


class _Run:
    """What the main process writes."""

    def __init__(self, trainer: Trainer, out: Path, nimg: int) -> None:
        """Open the journal; on a fresh run, write the first samples."""
        self._trainer, self._out = trainer, out
        self.saved_nimg = nimg if self._snapshot_path(nimg).exists() else -1
        self._journal = Journal(out, nimg / 1000)
        generator = torch.Generator().manual_seed(_SAMPLE_SEED)
        config = trainer.config
        self._z = torch.randn(_SAMPLES, config.generator.z_dim, generator=generator).to(trainer.processes.device)
        self._condition = None
        if trainer.c_dim:
            classes = torch.arange(_SAMPLES) % trainer.c_dim
            self._condition = torch.nn.functional.one_hot(classes, trainer.c_dim).float().to(self._z.device)

    def tick(self, nimg: int, seen: list[dict[str, Tensor]], seconds: float) -> Stats:
        """Write a line about the steps since the last one."""
        trainer, schedule = self._trainer, self._trainer.config.schedule
        means = {key: float(torch.stack([step[key] for step in seen]).mean()) for key in seen[0]}
        images = len(seen) * schedule.batch
        rate = images / seconds
        stats = {
            "kimg": nimg / 1000,
            **{key: round(value, 6) for key, value in means.items()},
            "augment_p": round(trainer.strength.p, 4),
            "images_per_second": round(rate, 2),
            "seconds_left": round(max(0.0, schedule.kimg * 1000 - nimg) / rate),
        }
        self._journal.tick(stats)
        self._journal.samples(self.sample(), nimg / 1000)
        return stats

    @torch.no_grad()
    def sample(self) -> Tensor:
        """Pictures of the averaged generator from the fixed z."""
        return self._trainer.ema.module(self._z, self._condition)

    def save(self, nimg: int) -> Path:
        """Write a snapshot and the state."""
        trainer = self._trainer
        config, dataset = trainer.config, trainer.dataset
        facts = {
            "kimg": nimg / 1000,
            "recipe": config.to_dict(),
            "data": dataset.digest,
            "pictures": len(dataset),
            "class_names": list(dataset.class_names) if trainer.c_dim else [],
            "license": dataset.license,
        }
        state = {"nimg": nimg, "recipe": config.digest, "data": dataset.digest, "trainer": trainer.state_dict()}
        save_state(self._out / STATE_FILE, state)  # first: a run that is killed in between makes up for the snapshot
        path = self._snapshot_path(nimg)
        write_snapshot(path, trainer.ema.module, config.generator.arch, facts)
        self.saved_nimg = nimg
        return path

    def _snapshot_path(self, nimg: int) -> Path:
        return self._out / f"snapshot-{nimg:09d}.safetensors"


def _prepare(config: TrainConfig, data: Path, out: Path, processes: Processes) -> Dataset:
    """Decode the pictures once, by the main process, and open them in all."""

    def opened() -> Dataset:
        return prepare(data, out / "data", config.data.resolution, config.data.channels)

    dataset = opened() if processes.is_main else None
    processes.wait()
    dataset = dataset or opened()
    if config.data.condition == "class" and dataset.labels is None:
        raise BadRecipeError("data.condition = class needs pictures in two or more sub-folders, one a class.")
    if config.data.condition == "text":
        raise BadRecipeError("data.condition = text is not supported yet; use class or none.")
    return dataset


def _resume(trainer: Trainer, out: Path) -> int:
    state = load_state(out / STATE_FILE)
    if state["recipe"] != trainer.config.digest:
        raise BadRecipeError("This run was begun with another recipe; resume with the same one, or start a new run.")
    if state["data"] != trainer.dataset.digest:
        raise BadRecipeError("This run was begun with other pictures; resume with the same ones, or start a new run.")
    trainer.load_state_dict(state["trainer"])
    return int(state["nimg"])


def _crosses(nimg: int, batch: int, every_kimg: float) -> bool:
    """Whether the step that led to ``nimg`` passed a multiple of ``every_kimg``."""
    every = every_kimg * 1000
    return nimg > 0 and int(nimg / every) > int((nimg - batch) / every)
