"""What an evaluation says: every number with what one must know to believe it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image

from ganedit.metrics.intervals import Estimate

FID_MIN_SAMPLES = 2048
"""Below this, bias rules a Frechet distance in Inception's 2048 dimensions; the kernel distance has none."""

Tier = Literal["quick", "standard", "paper"]
Direction = Literal["lower", "higher", "near 1"]

_INCEPTION_NAMES = {"frechet": "fid", "kernel": "kid", "inception_score": "is"}
_DIRECTIONS: dict[str, Direction] = {"frechet": "lower", "kernel": "lower", "copies": "lower", "density": "near 1"}
_SHORT_NAMES = {"frechet": "fd", "kernel": "kd"}


@dataclass(frozen=True)
class Number:
    """One score.

    Attributes:
        name: what was measured, by which backbone, on how many samples: ``fid10k``, ``fd_effnet1k``, ``psnr273``.
        value: the score.
        n: fakes, and as many real pictures, or pairs.
        low: lower end of the 95 % confidence interval; None if there are too few samples for one.
        high: upper end.
        floor: the same score with real pictures in place of the fakes; None if there are too few or it has no meaning.
        floor_n: sample count of ``floor``: ``n``, or less if there are not twice as many real pictures.
        backbone: digest of the backbone; empty for scores that compare pixels.
        better: which direction is.
        grayed: the number should not be relied on; ``note`` says why.
        note: one sentence, or empty.
    """

    name: str
    value: float
    n: int
    low: float | None
    high: float | None
    floor: float | None
    floor_n: int | None
    backbone: str
    better: Direction
    grayed: bool = False
    note: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """The result of `ganedit.metrics.evaluate.evaluate`.

    Attributes:
        numbers: all scores.
        tier: how many samples were asked for.
        backbone: name of the network.
        backbone_digest: SHA-256 of its weights and of the way pictures are prepared for it.
        real_files: pictures found; ``split`` says how many were taken.
        fake_files: pictures found.
        seed: what the samples were drawn by.
        split: which pictures were compared with which, in one sentence.
        refused: why files were left out: by ``real`` or ``fake``, then by path.
        notes: sentences the reader should see.
        sheet: fakes beside their nearest real pictures; not part of the JSON.
    """

    numbers: tuple[Number, ...]
    tier: Tier
    backbone: str
    backbone_digest: str
    real_files: int
    fake_files: int
    seed: int
    split: str
    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sheet: Image.Image | None = None

    def __getitem__(self, name: str) -> Number:
        """The number of that name."""
        return next(number for number in self.numbers if number.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the sheet as values that JSON knows."""
        fields = {name: value for name, value in vars(self).items() if name not in ("sheet", "numbers", "notes")}
        return {**fields, "notes": list(self.notes), "numbers": [dict(vars(number)) for number in self.numbers]}


def number_name(key: str, backbone: str, n: int) -> str:
    """Name a score: only features of the Inception-2015 network make a Frechet distance an FID."""
    if backbone == "inception" and key in _INCEPTION_NAMES:
        return _INCEPTION_NAMES[key] + short_count(n)
    return f"{_SHORT_NAMES.get(key, key)}_{backbone}{short_count(n)}"


def short_count(n: int) -> str:
    """Write whole thousands with a k: ``10k``, but ``2048``."""
    return f"{n // 1000}k" if n and n % 1000 == 0 else str(n)


def make_number(
    key: str, estimate: Estimate, n: int, *, backbone: tuple[str, str], floor: tuple[float, int] | None
) -> Number:
    """Put a score of features together with what must be known about it.

    Args:
        key: what was measured, in the words of `ganedit.metrics.measures`.
        estimate: value and interval.
        n: fakes.
        backbone: its name and digest.
        floor: the same score of real pictures, and their count.
    """
    better = _DIRECTIONS.get(key, "higher")
    grayed = key == "frechet" and n < FID_MIN_SAMPLES
    note = ""
    if grayed:
        note = f"Below {FID_MIN_SAMPLES:,} samples this distance is mostly bias: go by the kernel distance instead."
    elif key == "copies":
        note = "New real pictures would score about 0.01; only the real pictures that were sampled are searched."
    value, count = floor or (None, None)
    name, digest = backbone
    return Number(
        number_name(key, name, n),
        estimate.value,
        n,
        estimate.low,
        estimate.high,
        value,
        count,
        digest,
        better,
        grayed,
        note,
    )
