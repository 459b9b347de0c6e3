"""Compare generated pictures with real ones: two folders or zips in, or a snapshot and its data, a report out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from ganedit.budget import PIXELS
from ganedit.errors import BadRequestError
from ganedit.metrics.extract import FeatureSet, extract
from ganedit.metrics.features import Backbone, BackboneChoice, load_backbone
from ganedit.metrics.intervals import of_mean
from ganedit.metrics.measures import MIN_SAMPLES, measure
from ganedit.metrics.pairs import are_comparable, feature_distances, psnr, ssim
from ganedit.metrics.pictures import Pictures, open_pictures
from ganedit.metrics.report import Direction, Number, Report, Tier, make_number, short_count
from ganedit.metrics.samples import open_samples
from ganedit.metrics.sheet import as_tile, draw_sheet, most_suspicious
from ganedit.models import sources
from ganedit.models.snapshots import is_snapshot

SAMPLES: dict[Tier, int] = {"quick": 1000, "standard": 10_000, "paper": 50_000}
"""Pictures of either set that are compared at most."""

Stage = Literal["samples", "real", "fake", "scores", "pairs"]

SEED = 0
_SHEET_ROWS, _SHEET_COLUMNS = 10, 5


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is.

    Attributes:
        stage: what is being done: samples of a snapshot, features of the real or fake pictures, scores, comparison of
            pairs.
        done: pictures, or steps, that are done.
        total: of so many.
    """

    stage: Stage
    done: int
    total: int


def evaluate(
    real: Path,
    fake: Path,
    *,
    tier: Tier = "standard",
    backbone: BackboneChoice | Backbone = "auto",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cache: Path | None = None,
) -> Report:
    """Compute all scores of generated pictures against real ones.

    Equal numbers of both are compared, drawn by a fixed seed. If both sets have the same file names, the pictures of
    each name are compared with each other too.

    Args:
        real: a folder with sub-folders, or a zip.
        fake: the same, or a snapshot, of which as many pictures are drawn as are compared; the real ones are then
            compared at its size.
        tier: at most 1,000, 10,000 or 50,000 pictures of either set.
        backbone: a loaded network, or its name; ``auto`` takes Inception if it can be had, else EfficientNet-Lite0.
        on_progress: told how far the work is; what it raises ends it.
        cache: folder of fetched weights and computed features; ``weights/cache`` or ``GANEDIT_WEIGHTS`` if None.

    Raises:
        BadDataError: a source is no folder or zip, or holds no pictures.
        BadCheckpointError: the snapshot is damaged.
        BadRequestError: unknown tier or backbone, fewer than 10 usable pictures, or a snapshot that must be told more
            than a class.
        WeightsUnavailableError: the backbone's weights could be had from nowhere.
    """
    _check(tier, backbone)
    folder = cache or sources.cache_dir()
    with open_pictures(real) as reals:
        most = min(SAMPLES[tier], len(reals.files))
        with _open_fakes(fake, most, _teller("samples", most, on_progress)) as (fakes, notes):
            network = backbone if isinstance(backbone, Backbone) else load_backbone(backbone, folder)
            reals = replace(reals, side_px=fakes.side_px)
            report = _compare(reals, fakes, network, tier, folder / "features", on_progress)
    if backbone == "auto" and network.name != "inception":
        notes = (
            f"The Inception-2015 network could not be had, so this is {network.name}: compare it with no FID.",
            *notes,
        )
    return replace(report, notes=(*notes, *report.notes))


@contextmanager
def _open_fakes(fake: Path, count: int, on_drawn: Callable[[int], None]) -> Iterator[tuple[Pictures, tuple[str, ...]]]:
    """Open pictures, or draw some, with what is to be said about them."""
    if is_snapshot(fake):
        with open_samples(fake, count, on_drawn) as (fakes, note):
            yield fakes, (note,)
    else:
        with open_pictures(fake) as fakes:
            yield fakes, ()


def _compare(
    reals: Pictures,
    fakes: Pictures,
    network: Backbone,
    tier: Tier,
    kept: Path,
    on_progress: Callable[[Progress], None],
) -> Report:
    _require_enough(len(reals.files), len(fakes.files))
    n = min(SAMPLES[tier], len(reals.files), len(fakes.files))
    # Twice as many real ones where there are: the second half is what real pictures score against the first.
    sampled, made = _draw(reals, 2 * n), _draw(fakes, n)
    real_set = extract(reals, sampled, network, kept, _teller("real", len(sampled), on_progress))
    fake_set = extract(fakes, made, network, kept, _teller("fake", len(made), on_progress))
    return _Comparison(reals, fakes, real_set, fake_set, network).report(tier, on_progress)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Two open sets and their features."""

    reals: Pictures
    fakes: Pictures
    real: FeatureSet
    fake: FeatureSet
    backbone: Backbone

    @property
    def n(self) -> int:
        """Pictures of either set that are compared."""
        return min(len(self.real.names), len(self.fake.names))

    def report(self, tier: Tier, on_progress: Callable[[Progress], None]) -> Report:
        _require_enough(len(self.real.names), len(self.fake.names))
        numbers = (*self._scores(on_progress), *self._pair_scores(on_progress))
        return Report(
            numbers,
            tier,
            self.backbone.name,
            self.backbone.digest,
            len(self.reals.files),
            len(self.fakes.files),
            SEED,
            self._split(),
            {
                "real": {**self.reals.refused, **self.real.refused},
                "fake": {**self.fakes.refused, **self.fake.refused},
            },
            sheet=self._sheet(),
        )

    @property
    def _floor_n(self) -> int:
        return min(self.n, len(self.real.names) // 2)

    def _split(self) -> str:
        return (
            f"{self.n} of {len(self.reals.files)} real against {self.n} of {len(self.fakes.files)} fake pictures, "
            f"drawn by seed {SEED}; the floor is {self._floor_n} real against {self._floor_n} other real pictures."
        )

    def _scores(self, on_progress: Callable[[Progress], None]) -> list[Number]:
        real, fake, m = self.real.features, self.fake.features, self._floor_n
        on_progress(Progress("scores", 0, 2))
        estimates = measure(real[: self.n], fake[: self.n], self.backbone)
        on_progress(Progress("scores", 1, 2))
        floors = measure(real[:m], real[-m:], self.backbone, intervals=False) if m >= MIN_SAMPLES else {}
        on_progress(Progress("scores", 2, 2))
        network = (self.backbone.name, self.backbone.digest)
        return [
            make_number(
                key, estimate, self.n, backbone=network, floor=(floors[key].value, m) if key in floors else None
            )
            for key, estimate in estimates.items()
        ]

    def _pair_scores(self, on_progress: Callable[[Progress], None]) -> list[Number]:
        """Compare pictures of one name; none if the names differ, or no two have the same size."""
        if self.reals.files.keys() != self.fakes.files.keys():
            return []
        rows = {name: row for row, name in enumerate(self.real.names)}
        real_rows, fake_rows, values = [], [], []
        for row, name in enumerate(self.fake.names):
            if name in rows:
                with PIXELS.task():
                    compared = _pair_values(self.reals.pixels(name), self.fakes.pixels(name))
                if compared:
                    real_rows.append(rows[name])
                    fake_rows.append(row)
                    values.append(compared)
            on_progress(Progress("pairs", row + 1, len(self.fake.names)))
        if not values:
            return []
        apart = feature_distances(self.real.features[real_rows], self.fake.features[fake_rows])
        return _pair_numbers(np.array(values), apart, self.backbone)

    def _sheet(self) -> Image.Image:
        rows, neighbors = most_suspicious(
            real=self.real.features, fake=self.fake.features, rows=_SHEET_ROWS, columns=_SHEET_COLUMNS
        )
        return draw_sheet(
            [as_tile(self.fakes.pixels(self.fake.names[row])) for row in rows],
            [[as_tile(self.reals.pixels(self.real.names[column])) for column in row] for row in neighbors],
        )


def _pair_values(a: np.ndarray, b: np.ndarray) -> tuple[float, float] | None:
    """Give PSNR and SSIM of two (H, W, 3) uint8 pictures; None if they cannot be compared."""
    return (psnr(a, b), ssim(a, b)) if are_comparable(a, b) else None


def _pair_numbers(pixels: np.ndarray, apart: np.ndarray, backbone: Backbone) -> list[Number]:
    n = short_count(len(apart))
    note = "Compares the pictures that have the same file name."

    def number(name: str, values: np.ndarray, digest: str, better: Direction) -> Number:
        mean = of_mean(values)
        return Number(name, mean.value, len(values), mean.low, mean.high, None, None, digest, better, note=note)

    return [
        number(f"psnr{n}", pixels[:, 0], "", "higher"),
        number(f"ssim{n}", pixels[:, 1], "", "higher"),
        number(f"feature_distance_{backbone.name}{n}", apart, backbone.digest, "lower"),
    ]


def _check(tier: str, backbone: object) -> None:
    if tier not in SAMPLES:
        raise BadRequestError(f"There is no tier {tier!r}, take {', '.join(SAMPLES)}.")
    if not isinstance(backbone, Backbone) and backbone not in get_args(BackboneChoice):
        raise BadRequestError(f"There is no backbone {backbone!r}, take {', '.join(get_args(BackboneChoice))}.")


def _require_enough(real: int, fake: int) -> None:
    if min(real, fake) < MIN_SAMPLES:
        raise BadRequestError(f"There are {real} real and {fake} fake pictures, take at least {MIN_SAMPLES} of each.")


def _draw(pictures: Pictures, count: int) -> list[str]:
    """Draw names by the fixed seed; sets with the same names give the same ones."""
    names = list(pictures.files)
    return [names[index] for index in np.random.default_rng(SEED).permutation(len(names))[:count]]


def _teller(stage: Stage, total: int, on_progress: Callable[[Progress], None]) -> Callable[[int], None]:
    return lambda done: on_progress(Progress(stage, done, total))
