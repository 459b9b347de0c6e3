"""Training speed: our step against a plain loop and lightweight-gan's own trainer, and what a run adds to it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Self
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.lightweight import Peer, count_trained
from benchmarks.timing import ratio, table, take_turns
from ganedit.models.archs.convolution import TwiceConv2d
from ganedit.training.config import TrainConfig, load_recipe
from ganedit.training.data import Batches, Dataset, prepare, to_network
from ganedit.training.ema import Ema
from ganedit.training.loop import train
from ganedit.training.packaged import SHAPES, locate
from ganedit.training.penalties import r1_penalty, r2_penalty
from ganedit.training.processes import Processes
from ganedit.training.record import Record
from ganedit.training.trainer import Trainer

OUT = Path(__file__).parent / "out" / "training"
RECIPES = Path(__file__).parents[1] / "recipes"

_NAMES = ("dcgan-minimax", "quickstart", "ganedit-landscape")
_WITHOUT_CLASSES = ["data.condition=none", "loss.likeness=0", "loss.recognition=0"]  # which the peers know nothing of
_ROUNDS = 5
_TURN_SECONDS = 4.0
_TICKS = 3
_PEER_PX, _PEER_BATCH = 64, 8
_PEER_FMAP_MAX = 72  # which gives it as many trained parameters as our generator and heads have


def tables() -> Iterator[str]:
    """All tables of this benchmark, each as soon as it is measured."""
    yield against_plain_loop()
    yield against_lightweight_gan()
    yield beside_the_step()


class _Ours:
    """Our trainer behind our loader, as a run has them."""

    def __init__(self, config: TrainConfig, dataset: Dataset) -> None:
        self._trainer, self._nimg = Trainer(config, dataset, Processes()), 0
        self._batch = config.schedule.batch
        self._batches = Batches(dataset, 0, self._batch, config.schedule.seed)

    @property
    def parameters(self) -> int:
        return count_trained(self._trainer.generator, self._trainer.discriminator)

    def step(self) -> None:
        self._trainer.step(*next(self._batches), self._nimg)
        self._nimg += self._batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._batches.close()


def _pictures(config: TrainConfig) -> Dataset:
    return prepare(locate(Path(SHAPES)), OUT / "data", config.data.resolution, config.data.channels)


def _seconds_a_step(candidates: Mapping[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Let the candidates take turns of about as long each; gives the seconds of a step in each turn."""
    turns, steps = {}, {}
    for name, step in candidates.items():
        step()  # the first one lays out memory
        started = time.perf_counter()
        step()
        steps[name] = max(1, round(_TURN_SECONDS / (time.perf_counter() - started)))
        turns[name] = partial(_repeat, step, steps[name])
    return {name: [each / steps[name] for each in seconds] for name, seconds in take_turns(turns, _ROUNDS).items()}


def _repeat(step: Callable[[], None], times: int) -> None:
    for _ in range(times):
        step()


# ----------------------------------------------------------------- the plain loop


def against_plain_loop() -> str:
    """Some shipped recipes, without classes: the same networks, losses and pictures in both loops."""
    rows = []
    for name in _NAMES:
        config = load_recipe(RECIPES / f"{name}.toml", _WITHOUT_CLASSES)
        dataset = _pictures(config)
        with _Ours(config, dataset) as ours:
            seconds = _seconds_a_step({"ganedit": ours.step, "plain": PlainLoop(config, dataset).step})
        speeds = [f"{config.schedule.batch / median(each):.1f}" for each in seconds.values()]
        rows.append([name, str(config.data.resolution), *speeds, f"{ratio(seconds, 'plain', 'ganedit'):.2f}"])
    title = "## A step against the same networks and losses in a plain float32 loop\n\n"
    return title + table(["recipe", "px", "ganedit, images/s", "plain, images/s", "times as fast"], rows)


class PlainLoop:
    """The loop of PyTorch's DCGAN example, with a recipe's networks, losses, penalties and augmentation.

    Float32, the default memory layout, one batch of z for both networks, losses read after every step. Its pictures are
    in memory as tensors already, which the example's are not.

    Source: https://github.com/pytorch/examples/blob/main/dcgan/main.py, Apache-2.0 examples of PyTorch.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset) -> None:
        """Build the networks as our trainer does, and take them out of it."""
        twin = Trainer(config, dataset, Processes())
        self._config, self._loss = config, twin.loss
        self._networks = [_plain(network) for network in (twin.generator, twin.discriminator)]
        self._optimizers = [_plain_optimizer(optimizer) for optimizer in twin.optimizers]
        self._augment, self._strength = twin.augment, twin.strength.p
        pictures = to_network(np.array(dataset.images)).contiguous()
        self._loader = DataLoader(TensorDataset(pictures), config.schedule.batch, shuffle=True, drop_last=True)
        self._batches: Iterator[list[Tensor]] = iter(self._loader)
        self.losses: list[tuple[float, float]] = []

    def step(self) -> None:
        """Train D, then G, on the next batch."""
        weights, (generator, discriminator) = self._config.loss, self._networks
        optimizer_g, optimizer_d = self._optimizers
        real = self._next().requires_grad_(weights.r1)
        optimizer_d.zero_grad()
        fake = generator(torch.randn(len(real), self._config.generator.z_dim))
        apart = fake.detach().requires_grad_(weights.r2)
        real_logits, fake_logits = self._judge(discriminator, real), self._judge(discriminator, apart)
        loss_d = self._loss.discriminator(real_logits, fake_logits).mean()
        if weights.r1:
            loss_d = loss_d + weights.gamma / 2 * r1_penalty(real_logits, real).mean()
        if weights.r2:
            loss_d = loss_d + weights.gamma / 2 * r2_penalty(fake_logits, apart).mean()
        loss_d.backward()
        optimizer_d.step()

        optimizer_g.zero_grad()
        with torch.no_grad():
            real_logits = self._judge(discriminator, real) if self._loss.pairs else real_logits
        loss_g = self._loss.generator(self._judge(discriminator, fake), real_logits).mean()
        loss_g.backward()
        optimizer_g.step()
        self.losses.append((loss_d.item(), loss_g.item()))

    def _judge(self, discriminator: nn.Module, pictures: Tensor) -> Tensor:
        return discriminator(self._augment(pictures, self._strength), None)

    def _next(self) -> Tensor:
        try:
            return next(self._batches)[0]
        except StopIteration:
            self._batches = iter(self._loader)
            return next(self._batches)[0]


def _plain(network: nn.Module) -> nn.Module:
    """Take the layers and the layout that PyTorch gives who asks for nothing else; the weights stay the same."""
    for layer in network.modules():
        if isinstance(layer, TwiceConv2d):
            layer.__class__ = nn.Conv2d  # pyright: ignore[reportAttributeAccessIssue] - it adds nothing but forward
    return network.to(memory_format=torch.contiguous_format)  # type: ignore[no-any-return,call-overload]


def _plain_optimizer(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    kind: Any = type(optimizer)
    return kind([group | {"fused": None} for group in optimizer.param_groups])


# ---------------------------------------------------------------- lightweight-gan


def against_lightweight_gan() -> str:
    """At 64 px, with as many trained parameters and the same batch; each program does all that its own step does.

    Its attention is shown as its command line sets it and as its class does. Its penalty comes at every fourth step,
    which the median leaves out.
    """
    settings = [*_WITHOUT_CLASSES, f"data.resolution={_PEER_PX}", f"schedule.batch={_PEER_BATCH}"]
    config = load_recipe(RECIPES / "ganedit-landscape.toml", settings)
    with TemporaryDirectory() as folder, _Ours(config, _pictures(config)) as ours:
        pictures, network = locate(Path(SHAPES)), (_PEER_PX, _PEER_BATCH, _PEER_FMAP_MAX)
        programs: dict[str, Any] = {
            "ganedit, FastGAN's generator, projected": ours,
            "lightweight-gan, its command line": Peer(pictures, Path(folder), *network, attention_px=[32]),
            "lightweight-gan, its class": Peer(pictures, Path(folder), *network, attention_px=[]),
        }
        seconds = _seconds_a_step({name: program.step for name, program in programs.items()})
    first, rows = next(iter(programs)), []
    for name, program in programs.items():
        speed, times = _PEER_BATCH / median(seconds[name]), ratio(seconds, name, first)
        rows.append([name, f"{program.parameters / 1e6:.1f} M", f"{speed:.2f}", f"{times:.1f}"])
    title = f"## Against lightweight-gan's own trainer, {_PEER_PX} px, batch {_PEER_BATCH}\n\n"
    return title + table(["program", "trained parameters", "images/s", "time / ganedit's"], rows)


# ------------------------------------------------------------ what a run adds


def beside_the_step() -> str:
    """Share of a real run's time that goes into reading pictures, averaging, and writing things down."""
    rows = []
    for name in _NAMES:
        recipe = load_recipe(RECIPES / f"{name}.toml")
        kimg = _TICKS * recipe.schedule.tick_kimg
        config = load_recipe(RECIPES / f"{name}.toml", [f"schedule.kimg={kimg}", "schedule.snapshot_kimg=1000"])
        shares = shares_of_a_run(config)
        parts = ("loader", "average", "ticks")
        total = sum(shares[part] for part in parts)
        rows.append([name, *[f"{shares[part]:.2%}" for part in parts], f"{total:.2%}", f"{shares['loader_room']:.0f}"])
    title = "## Beside the step, in a whole run\n\n"
    header = ["recipe", "waiting for pictures", "EMA", "samples, doctor, journal", "together", "loader / step speed"]
    return title + table(header, rows)


def shares_of_a_run(config: TrainConfig) -> Mapping[str, float]:
    """Train, and tell what share of the time the parts beside the step took.

    Returns:
        ``loader``, ``average`` and ``ticks`` as shares of the whole; ``loader_room``, how many times as fast as the
        step the loader alone reads.
    """
    parts = {"loader": (Batches, "__next__"), "average": (Ema, "update"), "ticks": (Record, "tick")}
    dataset = _pictures(config)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        clocks = {name: stack.enter_context(_clock(*part)) for name, part in parts.items()}
        step = stack.enter_context(_clock(Trainer, "step"))
        train(config, locate(Path(SHAPES)), Path(folder))
    whole = step[0] + clocks["loader"][0] + clocks["ticks"][0]  # the average is inside the step
    steps = round(config.schedule.kimg * 1000 / config.schedule.batch)
    room = step[0] / steps / _seconds_to_read(config, dataset)
    return {name: clock[0] / whole for name, clock in clocks.items()} | {"loader_room": room}


def _seconds_to_read(config: TrainConfig, dataset: Dataset, batches: int = 200) -> float:
    """Seconds that one batch costs the loader when nothing else is done."""
    schedule = config.schedule
    with Batches(dataset, 0, schedule.batch, schedule.seed) as source:
        started = time.perf_counter()
        for _ in range(batches):
            next(source)
        return (time.perf_counter() - started) / batches


@contextmanager
def _clock(owner: type, method: str) -> Iterator[list[float]]:
    """Add up the seconds that all calls of a method take."""
    spent, original = [0.0], getattr(owner, method)

    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            spent[0] += time.perf_counter() - started

    with patch.object(owner, method, timed):
        yield spent
