"""Adversarial training from a recipe and a folder of pictures to snapshots, watched, stoppable and resumable.

Time is counted in images seen. Maintenance (a line in the journal, samples, snapshot, state) comes before each step, so
that a run that is resumed does nothing twice.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError, BadRecipeError, TrainingFailedError
from ganedit.files import result_folder, shown
from ganedit.training.conditions import Conditions
from ganedit.training.config import TrainConfig
from ganedit.training.data import Batches, Dataset, prepare
from ganedit.training.packaged import locate
from ganedit.training.processes import Processes
from ganedit.training.record import Record
from ganedit.training.repainting import RepaintTrainer
from ganedit.training.restoring import RestoreTrainer
from ganedit.training.resuming import check_recipe, note_on
from ganedit.training.state import load_state, save_state
from ganedit.training.trainer import Trainer

STATE_FILE = "state.pt"
MAX_ROLLBACKS = 3

Stats = Mapping[str, Any]


def train(
    config: TrainConfig,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    on_data: Callable[[Dataset], None] = lambda dataset: None,
    on_tick: Callable[[Stats], None] = lambda stats: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train a generator.

    Writes ``data.json`` (what is learned from), ``stats.jsonl`` (one object a tick), ``samples/*.png`` (always from the
    same z), ``snapshot-*.safetensors`` and ``state.pt`` into ``out``. When the numbers stop being finite, the run goes
    back to the last state that was good, halves the learning rates and goes on.

    Args:
        config: the recipe.
        data: folder or zip of pictures, or ``shapes``, which are drawn on the spot.
        out: folder of the run.
        resume: go on from the state in ``out``; with the same recipe and data the result is bit for bit that of a run
            without a break. Of the recipe `ganedit.training.resuming` says what may change; where that changes the
            result, a line in the journal tells how.
        on_data: told the pictures before the first step, and why others were left out.
        on_tick: told what was written into the journal.
        should_stop: asked before every step; once it says so, everything is saved and the run ends.

    Raises:
        BadRecipeError: the recipe does not fit, or is not the one of the run that is to go on.
        BadDataError: there are no usable pictures.
        BadRequestError: ``out`` cannot be written to.
        BadCheckpointError: there is no state to go on from.
        TrainingFailedError: the numbers were not finite again after ``MAX_ROLLBACKS`` rollbacks.
    """
    if config.generator.arch == "mlp":
        raise BadRecipeError("generator.arch = mlp makes points, not pictures; use r3gan, fastgan or dcgan.")
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    state = load_state(out / STATE_FILE) if resume else None
    if state:
        check_recipe(state, config)  # before anything is touched
    processes = Processes()
    with result_folder(out):
        dataset = _prepare(config, data, out, processes, state["data"] if state else None)
        run = _Run(config, dataset, out, processes)
        run.begin(state, on_tick)
    if processes.is_main:
        on_data(dataset)
    while run.advance(on_tick, should_stop):
        run.roll_back(on_tick)
    processes.wait()


class _Run:
    """One process's part of a run: the trainer, how far it is, and, in the main process, what is written down."""

    def __init__(self, config: TrainConfig, dataset: Dataset, out: Path, processes: Processes) -> None:
        self._config, self._dataset, self._processes = config, dataset, processes
        kind = {"painter": RepaintTrainer, "span": RestoreTrainer}.get(config.generator.arch, Trainer)
        self._trainer = kind(config, dataset, processes)
        self._state_path = out / STATE_FILE
        self._out = out
        self._record: Record | None = None
        self._nimg = 0

    def begin(self, state: Mapping[str, Any] | None, on_tick: Callable[[Stats], None]) -> None:
        """Go on from a state, or write a first one so that there always is a state to go back to."""
        if state:
            self._take(state)
        elif self._state_path.exists():
            raise BadRecipeError(f"There is a run in {shown(self._out)} already; resume it, or name another folder.")
        self._processes.wait()  # all have looked before the first state is written
        if self._processes.is_main:
            self._record = Record(self._trainer, self._out, self._nimg)
            if not state:
                self._save_state()
            elif note := note_on(state, self._config, self._machine):
                on_tick(self._record.went_on(self._nimg, note))
        self._processes.wait()

    def advance(self, on_tick: Callable[[Stats], None], should_stop: Callable[[], bool]) -> bool:
        """Train to the end, or until the numbers are not finite any more, which is True."""
        config, schedule, processes = self._config, self._config.schedule, self._processes
        seen: list[dict[str, Tensor]] = []
        started, ill = _Clocks(), False
        with Batches(
            self._trainer.dataset, self._nimg, schedule.batch, schedule.seed, processes.rank, processes.world
        ) as batches:
            while True:
                last = self._nimg >= round(schedule.kimg * 1000) or processes.any(ill or should_stop())
                ticks = bool(seen) and (last or self._crosses(schedule.tick_kimg))
                saves = last or self._crosses(schedule.snapshot_kimg)
                if (ticks or saves) and self._is_lost(seen):
                    return True
                if ticks:
                    if self._record:
                        stats = self._record.tick(self._nimg, seen, *started.elapsed())
                        on_tick(stats)
                        ill = config.doctor.stop and self._record.stays_ill
                    seen, started = [], _Clocks()
                if saves and self._record and self._nimg > self._record.saved_nimg:
                    self._save_state()  # first: a run that is killed in between makes up for the snapshot
                    self._record.save(self._nimg)
                if last:
                    return False
                images, indices = next(batches)
                seen.append(self._trainer.step(images, indices, self._nimg))
                self._nimg += schedule.batch

    def _is_lost(self, seen: list[dict[str, Tensor]]) -> bool:
        """Whether most of the last updates came to nothing, or what is kept holds numbers that are not finite."""
        skipped = bool(seen) and float(torch.stack([step["skipped"] for step in seen]).mean()) >= 0.5
        return self._processes.any(skipped or not self._trainer.is_finite())

    def roll_back(self, on_tick: Callable[[Stats], None]) -> None:
        """Go back to the last state, with half the learning rates.

        Raises:
            TrainingFailedError: that has been done too often.
        """
        lost_at, rollbacks = self._nimg, self._trainer.rollbacks + 1
        chosen = self._config.optimizer
        if rollbacks > MAX_ROLLBACKS:
            raise TrainingFailedError(
                f"The numbers stopped being finite {rollbacks} times, at last at kimg {lost_at / 1000:g}; lower "
                f"optimizer.lr_g to {chosen.lr_g / 10:g} and optimizer.lr_d to {chosen.lr_d / 10:g}, or set "
                "compute.precision to float32."
            )
        self._take(load_state(self._state_path))
        self._trainer.rollbacks = rollbacks
        if self._record:
            self._save_state()
            on_tick(self._record.rolled_back(lost_at, self._nimg, rollbacks))
        self._processes.wait()

    def _take(self, state: Mapping[str, Any]) -> None:
        try:
            self._trainer.load_state_dict(state["trainer"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise BadCheckpointError(
                f"{self._state_path.name} does not hold the networks of its recipe; start without --resume."
            ) from error
        self._nimg = int(state["nimg"])

    def _save_state(self) -> None:
        about = {"nimg": self._nimg, "recipe": self._config.to_dict(), "data": self._dataset.digest}
        save_state(self._state_path, {**about, "machine": self._machine, "trainer": self._trainer.state_dict()})

    @property
    def _machine(self) -> str:
        """What decides how sums are rounded."""
        processes = self._processes
        return f"{processes.world} x {torch.get_num_threads()} threads ({processes.device.type})"

    def _crosses(self, every_kimg: float) -> bool:
        """Whether the last step passed a multiple of ``every_kimg``."""
        every = every_kimg * 1000
        return self._nimg > 0 and int(self._nimg / every) > int((self._nimg - self._config.schedule.batch) / every)


class _Clocks:
    """Seconds since now, on the wall and on all of this process's processor cores together."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def elapsed(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._processor


def _prepare(config: TrainConfig, data: Path, out: Path, processes: Processes, digest: str | None) -> Dataset:
    """Decode the pictures once, by the main process, and open them in all; others than of ``digest`` are not kept."""
    cache = out / "data"

    def opened() -> Dataset:
        kept = set(cache.glob("*"))
        dataset = prepare(locate(data), cache, config.data.resolution, config.data.channels)
        if digest not in (None, dataset.digest):
            if dataset.folder not in kept:
                shutil.rmtree(dataset.folder)
            raise BadRecipeError(
                "This run was begun with other pictures; resume with the same ones, or start a new run."
            )
        Conditions(config.data.condition, dataset)  # here, so that the main process alone encodes texts
        return dataset

    with result_folder(cache):
        dataset = opened() if processes.is_main else None
    processes.wait()
    return dataset or opened()
