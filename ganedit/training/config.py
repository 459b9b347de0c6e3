"""Recipes of training: every choice of a run as nested frozen values, read from TOML and checked key by key.

Torch is not imported here, so that a mistake in a recipe is told at once.
"""

import dataclasses
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_type_hints

from ganedit.errors import BadRecipeError
from ganedit.training.fields import Range, checked, shown
from ganedit.training.misfits import misfits

Resolution = Literal[8, 16, 32, 64, 128, 256, 512, 1024]
GeneratorName = Literal["r3gan", "fastgan", "dcgan", "mlp", "painter", "span"]
DiscriminatorName = Literal["r3gan", "projected", "dcgan", "mlp"]
LossName = Literal["minimax", "non_saturating", "hinge", "wgan", "least_squares", "relativistic"]
AugmentName = Literal["color", "translation", "cutout", "flip"]


Share = Annotated[float, Range(0, 1)]
Kimg = Annotated[float, Range(0.001, 1_000_000)]
LearningRate = Annotated[float, Range(1e-8, 1)]
Beta = Annotated[float, Range(0, 0.9999)]
Width = Annotated[int, Range(4, 1024)]


@dataclass(frozen=True)
class _Section:
    """One table of a recipe. Every value is checked whichever way it came, and the types become the declared ones."""

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():
            object.__setattr__(self, name, checked(f"{_title(type(self))}.{name}", getattr(self, name), hint))


@dataclass(frozen=True)
class DataConfig(_Section):
    """What the networks see.

    Attributes:
        resolution: side of the pictures in pixels.
        channels: 3 for RGB, 1 for gray.
        flip: mirror every second picture, for data where left and right mean nothing.
        condition: what G and D are told: the class from sub-folders, the caption, the attributes, or nothing.
        withhold: share of the pictures about which neither is told anything; 0 tells of all.
        withhold_kimg: the share falls from 1 at the start to ``withhold`` here; 0 begins with ``withhold``.
    """

    resolution: Resolution = 64
    channels: Literal[1, 3] = 3
    flip: bool = False
    condition: Literal["none", "class", "text", "attributes"] = "none"
    withhold: Share = 0.0
    withhold_kimg: Annotated[float, Range(0, 1_000_000)] = 0.0


@dataclass(frozen=True)
class GeneratorConfig(_Section):
    """The network that makes pictures.

    Attributes:
        arch: its kind; mlp makes points in a plane, painter repaints the pictures of the sub-folder
            ``photos`` in the styles of the others, span enlarges damaged pictures four times.
        z_dim: length of z.
        width: channels of the finest map (r3gan, dcgan, painter), of all maps (span) or of a hidden layer (mlp).
        widths: fastgan's channels at 4, 8, ... px; empty for its own.
        blocks: residual blocks a level, for r3gan.
        layout_from_z: fastgan's coarsest map hears of z alone, so that a condition decides no layout.
        memory: length of the code that fastgan learns for each training picture and that its captions call up; 0
            embeds captions instead.
        start: weights that span starts from: those that were published; a wider one is grown from them.
    """

    arch: GeneratorName = "r3gan"
    z_dim: Annotated[int, Range(1, 1024)] = 64
    width: Width = 64
    widths: tuple[Width, ...] = ()
    blocks: Annotated[int, Range(1, 8)] = 1
    layout_from_z: bool = False
    memory: Annotated[int, Range(0, 1024)] = 0
    start: Literal["nothing", "span"] = "nothing"


@dataclass(frozen=True)
class DiscriminatorConfig(_Section):
    """The network that judges pictures.

    Attributes:
        arch: its kind; projected judges what a frozen network sees and takes neither width nor blocks.
        width: as in the generator.
        blocks: as in the generator.
    """

    arch: DiscriminatorName = "r3gan"
    width: Width = 64
    blocks: Annotated[int, Range(1, 8)] = 1


@dataclass(frozen=True)
class LossConfig(_Section):
    """What both networks minimize.

    Attributes:
        name: the adversarial loss.
        gamma: weight of every penalty; it is multiplied by gamma / 2.
        r1: penalize D's slope at real pictures.
        r2: penalize D's slope at generated ones.
        gp: penalize D's slope between them where it is not 1; the paper's weight of 10 is a gamma of 20.
        likeness: weight of the penalty on pictures of one condition that are more alike than real ones.
        recognition: weight, for G, of how little a fixed classifier sees the asked class in a picture; with it, D is
            not told the class.
        adversarial: weight of the adversarial loss for G; D has no other.
        pixels: weight of G's distance from the very picture that the condition belongs to, by pixels.
        perceptual: weight of the same by what the projected discriminator's network sees.
        content: weight of a painter's distance from its photo by what that network sees at each place.
        light: weight of the same by light and shade, coarsely.
        colors: weight of the same by colors, more coarsely; without it a style may choose any.
        edges: weight of the same by the slopes of luminance.
        copy_kimg: so long a painter only learns to copy its photos, and span hears nothing of D.
    """

    name: LossName = "relativistic"
    gamma: Annotated[float, Range(0, 10_000)] = 1.0
    r1: bool = True
    r2: bool = True
    gp: bool = False
    likeness: Annotated[float, Range(0, 1000)] = 0.0
    recognition: Annotated[float, Range(0, 1000)] = 0.0
    adversarial: Annotated[float, Range(0, 1000)] = 1.0
    pixels: Annotated[float, Range(0, 1000)] = 0.0
    perceptual: Annotated[float, Range(0, 1000)] = 0.0
    content: Annotated[float, Range(0, 1000)] = 0.0
    light: Annotated[float, Range(0, 1000)] = 0.0
    colors: Annotated[float, Range(0, 1000)] = 0.0
    edges: Annotated[float, Range(0, 1000)] = 0.0
    copy_kimg: Annotated[float, Range(0, 1_000_000)] = 0.0

    @property
    def paired(self) -> bool:
        """Whether G is shown the picture that it should have made."""
        return bool(self.pixels or self.perceptual)


@dataclass(frozen=True)
class OptimizerConfig(_Section):
    """How both networks learn.

    Attributes:
        name: adamw keeps weight decay apart from the gradient.
        lr_g: learning rate of G at the start.
        lr_d: learning rate of D at the start.
        beta1: memory of the gradient.
        beta2: memory of the squared gradient.
        weight_decay: pull of the weights towards 0.
        lr_end: share of the learning rates that is left at the end of a cosine over all kimg; 1 keeps them.
        clip: longest gradient, in multiples of what is usual for the network so far; 0 for no limit.
    """

    name: Literal["adam", "adamw"] = "adam"
    lr_g: LearningRate = 2e-4
    lr_d: LearningRate = 2e-4
    beta1: Beta = 0.0
    beta2: Beta = 0.99
    weight_decay: Share = 0.0
    lr_end: Share = 1.0
    clip: Annotated[float, Range(0, 10_000)] = 10.0


@dataclass(frozen=True)
class ScheduleConfig(_Section):
    """How long, in thousands of real pictures that D has seen.

    Attributes:
        kimg: length of the training.
        batch: pictures in a step, of all processes together.
        tick_kimg: how often statistics and samples are written.
        snapshot_kimg: how often a snapshot and the training state are written.
        ema_kimg: half-life of the averaged weights; 0 for no averaging.
        seed: decides all chance.
    """

    kimg: Kimg = 1000.0
    batch: Annotated[int, Range(2, 4096)] = 32
    tick_kimg: Kimg = 4.0
    snapshot_kimg: Kimg = 20.0
    ema_kimg: Annotated[float, Range(0, 10_000)] = 10.0
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0


@dataclass(frozen=True)
class AugmentConfig(_Section):
    """How pictures are changed before D sees them.

    Attributes:
        policy: the kinds of change; empty for none.
        p: chance of each change, or "adaptive" to follow how sure D is.
        target: mean sign of D's logits for real pictures that adaptive aims at.
        speed_kimg: in how many thousand pictures adaptive goes from 0 to 1 at the fastest.
    """

    policy: tuple[AugmentName, ...] = ()
    p: Share | Literal["adaptive"] = "adaptive"
    target: Share = 0.6
    speed_kimg: Kimg = 500.0


@dataclass(frozen=True)
class ComputeConfig(_Section):
    """What it runs on.

    Attributes:
        precision: auto takes bfloat16 where the processor has it.
        threads: of the processor, for each process; 0 for all.
    """

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Annotated[int, Range(0, 1024)] = 0


@dataclass(frozen=True)
class DoctorConfig(_Section):
    """How a run is watched.

    Attributes:
        samples: pictures of either kind that diversity is measured on at every tick; 0 measures none.
        stop: end a run, saved, that stays ill.
    """

    samples: Literal[0, 32, 64, 128, 256, 512] = 128
    stop: bool = False


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run but the data themselves."""

    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    compute: ComputeConfig = field(default_factory=ComputeConfig)
    doctor: DoctorConfig = field(default_factory=DoctorConfig)

    def __post_init__(self) -> None:
        """Check what concerns two keys at once."""
        for problem in misfits(self):
            raise BadRecipeError(problem)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Give a JSON-able copy that `from_dict` reads."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> Self:
        """Check and take values by section and key; what is missing has its default.

        Raises:
            BadRecipeError: an unknown section or key, a wrong type, or a value out of range.
        """
        values = {}
        for name, table in tables.items():
            section = _section_of(name)
            if not isinstance(table, Mapping):
                raise BadRecipeError(f"{name} must be a section with keys of its own, not {shown(table)}.")
            for key in table:
                _require_key(name, key)
            values[name] = section(**table)
        return cls(**values)

    @property
    def digest(self) -> str:
        """SHA-256 of all values: equal for two recipes that say the same, however they are written."""
        values = self.to_dict()
        if self.generator.start == GeneratorConfig.start:
            del values["generator"]["start"]  # digests of older runs know none
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a recipe and change some of it.

    Args:
        path: a TOML file.
        overrides: ``section.key=value``, later ones win. The value is TOML; quotes and brackets may be left out.

    Raises:
        BadRecipeError: no such file, no TOML, or what `TrainConfig.from_dict` refuses.
    """
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BadRecipeError(f"The recipe {path} cannot be read, check the path.") from error
    except (ValueError, RecursionError) as error:
        raise BadRecipeError(f"The recipe {path.name} is not valid TOML ({error}), mend that line.") from error
    for override in overrides:
        _put(override, tables)
    return TrainConfig.from_dict(tables)


def _put(override: str, tables: dict[str, Any]) -> None:
    name, equals, text = override.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot):
        raise BadRecipeError(f"{shown(override)} must have the form section.key=value, as in schedule.kimg=10.")
    _require_key(section, key)
    table = tables.setdefault(section, {})
    if isinstance(table, dict):  # if not, from_dict says so
        table[key] = _value_of(text.strip())


def _value_of(text: str) -> Any:
    """Read a value as TOML; what is none is a list if it has commas, and a word otherwise."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return [_value_of(part.strip()) for part in text.split(",")] if "," in text else text
    return table["value"] if len(table) == 1 else text


@cache
def _hints(section: type) -> dict[str, Any]:
    return get_type_hints(section, include_extras=True)


def _title(section: type) -> str:
    return section.__name__.removesuffix("Config").lower()


def _section_of(name: str) -> type[_Section]:
    sections = _hints(TrainConfig)
    if name in sections:
        return sections[name]
    raise BadRecipeError(f"There is no section {shown(name)} in a recipe{_meant(name, sections)}")


def _require_key(section: str, key: str) -> None:
    keys = _hints(_section_of(section))
    if key in keys:
        return
    elsewhere = [f"{name}.{key}" for name, hint in _hints(TrainConfig).items() if key in _hints(hint)]
    meant = f", did you mean {elsewhere[0]}?" if elsewhere else _meant(key, keys)
    raise BadRecipeError(f"There is no key {shown(f'{section}.{key}')} in a recipe{meant}")


def _meant(wanted: str, known: Mapping[str, Any]) -> str:
    """End a sentence about an unknown name with the one that was probably meant."""
    close = difflib.get_close_matches(wanted, known, 1)
    return f", did you mean {close[0]}?" if close else f", there are {', '.join(known)}."
