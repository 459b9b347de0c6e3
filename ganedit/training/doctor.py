"""The doctor: reads what a run has written down so far, and says in words how it is and what would help.

Nothing is remembered between two visits: the journal is the whole memory, so a resumed run is judged like a straight
one. The thresholds were set by ``tools/calibrate_doctor.py`` on runs whose modes can be counted.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import median
from typing import Any, Literal

import torch
from torch import Tensor

from ganedit.training.config import TrainConfig

Health = Literal["ok", "watch", "ill"]
History = Sequence[Mapping[str, Any]]

JUDGED_FROM_STEPS = 300
"""A generator that has just begun draws much the same for every z; that is no collapse yet."""

IN_A_ROW = 3
"""Ticks that must agree before a sickness is named: one alone may be chance."""

COLLAPSED_VENDI, POOR_VENDI = 0.45, 0.65
"""Effective number of different samples over that of the data, below which modes are lost, or might be."""

COLLAPSED_DIVERSITY = 0.5
"""Mean distance between samples over that between real pictures, below which modes are lost."""

_POOR_COVERAGE = 0.35
_SURE = 0.95  # mean sign of D's logits, real or fake
_FADED, _EXPLODED = 0.02, 50.0  # of the usual gradient norm
_RUNAWAY_LOSS = 1000.0
_NEIGHBOR = 5
_HEALTH_ORDER = ("ill", "watch", "ok")


@dataclass(frozen=True)
class Verdict:
    """How a run is.

    Attributes:
        health: ``ill`` if it will not recover by itself, ``watch`` if it might not.
        sentence: what is seen, since when, and what to change.
    """

    health: Health
    sentence: str


@torch.no_grad()
def measure_diversity(*, real: Tensor, fake: Tensor) -> dict[str, float]:
    """Tell how much of the variety of real samples generated ones have.

    Args:
        real: (N, D) features of real samples, N > 5.
        fake: (N, D) features of as many generated ones.

    Returns:
        ``diversity``, the mean distance between two fakes over that between two real ones; ``vendi``, the effective
        number of different fakes over that of the real ones, with a Gaussian similarity whose width is the distance
        at which real samples have their fifth neighbor; ``coverage``, the share of real samples with a fake within
        their own such distance. The first two are about 1, the last is near 1, for samples as diverse as the data.

    Source: Friedman and Dieng 2023, arXiv:2210.02410, definition 3.1; Naeem et al. 2020, arXiv:2002.09797, equation 3.
    """
    real, fake = real.double(), fake.double()
    among_real, among_fake = torch.cdist(real, real), torch.cdist(fake, fake)
    reach = among_real.kthvalue(_NEIGHBOR + 1, dim=1).values  # the nearest is the sample itself
    width = reach.median().clamp_min(1e-12)
    covered = torch.cdist(real, fake).min(dim=1).values <= reach
    return {
        "diversity": float(among_fake.mean() / among_real.mean().clamp_min(1e-12)),
        "vendi": _effective_number(among_fake / width) / _effective_number(among_real / width),
        "coverage": float(covered.double().mean()),
    }


def _effective_number(distances: Tensor) -> float:
    similarity = torch.exp(-0.5 * distances.square()) / len(distances)
    eigenvalues = torch.linalg.eigvalsh(similarity).clamp_min(0)
    return math.exp(-float(torch.special.xlogy(eigenvalues, eigenvalues).sum()))


def diagnose(history: History, config: TrainConfig) -> Verdict:
    """Judge a run by its journal.

    Args:
        history: the ticks so far, oldest first; keys that are missing or null are passed over.
        config: the recipe, which decides when judging begins and what can still be changed.
    """
    if not history:
        return Verdict("ok", "Nothing has been measured yet.")
    from_kimg = JUDGED_FROM_STEPS * config.schedule.batch / 1000
    judged = [tick for tick in history if tick["kimg"] >= from_kimg]
    found = sorted(_findings(history, judged, config), key=lambda verdict: _HEALTH_ORDER.index(verdict.health))
    if found:
        return found[0]
    if len(judged) < IN_A_ROW:
        return Verdict("ok", f"Too early to tell: judging begins at kimg {from_kimg:g}.")
    vendi = judged[-1].get("vendi")
    shown = f" The samples are {min(vendi, 1):.0%} as diverse as the data." if vendi is not None else ""
    return Verdict("ok", f"Healthy.{shown}")


def _findings(history: History, judged: History, config: TrainConfig) -> Iterator[Verdict]:
    """Everything that is wrong, in the order in which it should be told."""
    for finding in (_broken_numbers(history, config), _runaway(history, config), _gradients(judged, config)):
        if finding:
            yield finding
    for finding in (_collapse(judged, config), _sure_discriminator(judged, config), _poor_coverage(judged)):
        if finding:
            yield finding


def _broken_numbers(history: History, config: TrainConfig) -> Verdict | None:
    share = history[-1].get("skipped") or 0.0
    if not share:
        return None
    precision = "" if config.compute.precision == "float32" else " or set compute.precision to float32"
    health = "ill" if share >= 0.5 else "watch"
    return Verdict(health, f"{share:.0%} of the last steps gave no finite numbers; {_slower(config)}{precision}.")


def _runaway(history: History, config: TrainConfig) -> Verdict | None:
    since = _since(history, lambda tick: max(abs(_get(tick, "loss_d")), abs(_get(tick, "loss_g"))) > _RUNAWAY_LOSS)
    if since is None:
        return None
    return Verdict("ill", f"The losses have run away since kimg {since:g}; {_firmer(config)} and {_slower(config)}.")


def _gradients(judged: History, config: TrainConfig) -> Verdict | None:
    """Compare the last gradients with those of the first half of the run."""
    if len(judged) < 2 * IN_A_ROW:
        return None
    for who, key in (("G", "grad_norm_g"), ("D", "grad_norm_d")):
        usual = median([_get(tick, key) for tick in judged[: len(judged) // 2]])
        since = _since(judged, lambda tick, key=key, usual=usual: _get(tick, key) > _EXPLODED * usual)
        if usual > 0 and since is not None:
            cure = f"{_firmer(config)} or {_slower(config)}"
            return Verdict("ill", f"{who}'s gradients have exploded since kimg {since:g}; {cure}.")
    usual = median([_get(tick, "grad_norm_g") for tick in judged[: len(judged) // 2]])
    since = _since(judged, lambda tick: _get(tick, "grad_norm_g") < _FADED * usual)
    if since is None:
        return None
    better = "use loss.name = relativistic" if config.loss.name == "minimax" else _firmer(config)
    return Verdict("ill", f"G has learned nothing since kimg {since:g}: its gradients have faded; {better}.")


def _collapse(judged: History, config: TrainConfig) -> Verdict | None:
    def lost(tick: Mapping[str, Any]) -> bool:
        return _get(tick, "vendi", 1.0) < COLLAPSED_VENDI or _get(tick, "diversity", 1.0) < COLLAPSED_DIVERSITY

    since = _since(judged, lost)
    if since is not None:
        left = min(_get(judged[-1], "vendi", 1.0), _get(judged[-1], "diversity", 1.0))
        seen = f"Modes are collapsing since kimg {since:g}: the samples are {left:.0%} as diverse as the data"
        return Verdict("ill", f"{seen}; {_firmer(config)}{_augmented(config)}.")
    since = _since(judged, lambda tick: _get(tick, "vendi", 1.0) < POOR_VENDI)
    if since is None:
        return None
    left = _get(judged[-1], "vendi", 1.0)
    seen = f"The samples have been less diverse than the data since kimg {since:g}, now {left:.0%}"
    return Verdict("watch", f"{seen}; if it does not rise, {_firmer(config)}{_augmented(config)}.")


def _sure_discriminator(judged: History, config: TrainConfig) -> Verdict | None:
    def sure(tick: Mapping[str, Any]) -> bool:
        return _get(tick, "real_sign") > _SURE and _get(tick, "fake_sign") < -_SURE

    since = _since(judged, sure)
    if since is None:
        return None
    cure = _augmented(config).removeprefix(" and ") or _firmer(config)
    return Verdict("watch", f"D has known nearly every picture since kimg {since:g}, it may be memorizing; {cure}.")


def _poor_coverage(judged: History) -> Verdict | None:
    since = _since(judged, lambda tick: _get(tick, "coverage", 1.0) < _POOR_COVERAGE)
    if since is None:
        return None
    covered = _get(judged[-1], "coverage", 1.0)
    return Verdict(
        "watch", f"Only {covered:.0%} of the data have a sample near them; train longer, or a wider network."
    )


def _since(ticks: History, sick: Callable[[Mapping[str, Any]], bool]) -> float | None:
    """When the unbroken run of sick ticks up to now began, in kimg; None if it is too short to count."""
    run = list(takewhile(sick, reversed(ticks)))
    return run[-1]["kimg"] if len(run) >= IN_A_ROW else None


def _get(tick: Mapping[str, Any], key: str, missing: float = 0.0) -> float:
    value = tick.get(key)
    return missing if value is None else value


# ------------------------------------------------------------------------- cures


def _firmer(config: TrainConfig) -> str:
    """What holds D back."""
    loss = config.loss
    if loss.name == "minimax":
        return "set loss.name to relativistic with loss.r1 and loss.r2"
    if config.discriminator.arch == "projected":
        return f"lower optimizer.lr_d to {config.optimizer.lr_d / 2:g}"
    if not (loss.r1 or loss.r2 or loss.gp):
        return "set loss.r1 and loss.r2 to true with a loss.gamma of 1"
    return f"raise loss.gamma to {2 * loss.gamma or 1:g}"


def _augmented(config: TrainConfig) -> str:
    """What shows D more different pictures; nothing where that is done already."""
    augment = config.augment
    if not augment.policy:
        return " and turn augmentation on (augment.policy = color, translation)"
    return "" if augment.p == "adaptive" or augment.p >= 0.5 else f" and raise augment.p to {2 * augment.p or 0.5:g}"


def _slower(config: TrainConfig) -> str:
    chosen = config.optimizer
    return f"lower optimizer.lr_g to {chosen.lr_g / 2:g} and optimizer.lr_d to {chosen.lr_d / 2:g}"
