"""What each key of a recipe allows and the whole recipe does not."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganedit.training.config import TrainConfig

_PATCHES_FROM_PX, _STARTED_WIDTH = 256, 48
_FASTGAN_LEVELS = 6  # maps that the network has widths of its own for: up to 128 px


def misfits(config: "TrainConfig") -> Iterator[str]:
    """Say in a sentence each what does not go together."""
    loss, schedule = config.loss, config.schedule
    if loss.name == "wgan" and not (loss.gamma and (loss.r1 or loss.r2 or loss.gp)):
        yield "loss.name wgan runs away without a penalty, set loss.gp to true and loss.gamma above 0."
    if schedule.snapshot_kimg < schedule.tick_kimg:
        tick, snapshot = schedule.tick_kimg, schedule.snapshot_kimg
        yield f"schedule.snapshot_kimg must be at least schedule.tick_kimg, which is {tick:g}, not {snapshot:g}."
    yield from _misfits_of_pairs(config)
    yield from _misfits_of_networks(config)
    yield from _misfits_of_painters(config)
    yield from _misfits_of_upscalers(config)


def _misfits_of_pairs(config: "TrainConfig") -> Iterator[str]:
    loss, data = config.loss, config.data
    withheld = data.withhold or data.withhold_kimg
    if withheld and data.condition == "none":
        yield "data.withhold and data.withhold_kimg need a data.condition that can be withheld."
    upscales = config.generator.arch == "span"  # whose pictures need no condition: each is its own
    if loss.paired and not upscales and (data.condition == "none" or data.flip or withheld or loss.likeness):
        yield (
            "loss.pixels and loss.perceptual need a data.condition, and neither data.flip, data.withhold, "
            "data.withhold_kimg nor loss.likeness."
        )
    by_class = data.condition == "class" and config.discriminator.arch == "projected"
    if loss.recognition and (not by_class or withheld or loss.paired):
        yield (
            "loss.recognition needs data.condition class and discriminator.arch projected, and neither data.withhold, "
            "data.withhold_kimg, loss.pixels nor loss.perceptual."
        )
    if loss.perceptual and (config.discriminator.arch != "projected" or config.augment.policy):
        yield "loss.perceptual needs discriminator.arch projected and an empty augment.policy."


def _misfits_of_networks(config: "TrainConfig") -> Iterator[str]:
    generator, discriminator, resolution = config.generator, config.discriminator, config.data.resolution
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if network.arch == "r3gan" and network.width % 8:
            yield f"{name}.width must be a multiple of 8 for r3gan, not {network.width}."
    if (generator.arch == "mlp") != (discriminator.arch == "mlp"):
        yield "generator.arch and discriminator.arch must both be mlp or neither, since it knows no pictures."
    if discriminator.arch == "projected" and config.data.channels != 3:
        yield "data.channels must be 3 for the projected discriminator, which looks at colors."
    if generator.arch != "fastgan" and generator.widths:
        yield f"generator.widths is for fastgan alone, leave it out and set generator.width for {generator.arch}."
    if generator.arch != "fastgan" and generator.layout_from_z:
        yield f"generator.layout_from_z is for fastgan alone, leave it out for {generator.arch}."
    if generator.memory and (generator.arch != "fastgan" or config.data.condition != "text"):
        yield "generator.memory needs generator.arch fastgan and data.condition text."
    if generator.arch == "fastgan" and resolution < 16:
        yield f"data.resolution must be at least 16 for fastgan, not {resolution}."
    levels = resolution.bit_length() - 2
    needs_widths = generator.arch == "fastgan" and (generator.widths or levels > _FASTGAN_LEVELS)
    if needs_widths and len(generator.widths) != levels:
        yield f"generator.widths must have {levels} entries for {resolution} px, not {len(generator.widths)}."


def _misfits_of_painters(config: "TrainConfig") -> Iterator[str]:
    data, loss, paints = config.data, config.loss, config.generator.arch == "painter"
    if not paints and (loss.content or loss.light or loss.colors):
        yield "loss.content, light and colors are for generator.arch painter alone."
    if not paints and config.generator.arch != "span" and (loss.edges or loss.copy_kimg):
        yield "loss.edges and copy_kimg are for generator.arch painter and span alone."
    fits = config.discriminator.arch == "projected" and data.condition in ("none", "class")
    extras = data.withhold or data.withhold_kimg or loss.paired or loss.recognition or loss.likeness
    if paints and (not fits or extras or config.augment.policy):
        yield (
            "generator.arch painter needs discriminator.arch projected and data.condition class or none, and neither "
            "data.withhold, data.withhold_kimg, augment.policy, loss.pixels, loss.perceptual, loss.recognition nor "
            "loss.likeness."
        )


def _misfits_of_upscalers(config: "TrainConfig") -> Iterator[str]:
    data, loss, upscales = config.data, config.loss, config.generator.arch == "span"
    if not upscales and config.generator.start != "nothing":
        yield f"generator.start is for span alone, leave it out for {config.generator.arch}."
    fits = config.discriminator.arch == "projected" and data.condition == "none" and data.resolution >= _PATCHES_FROM_PX
    extras = loss.r1 or loss.r2 or loss.gp or loss.recognition or loss.likeness or config.doctor.samples
    if upscales and (not fits or extras or config.augment.policy):
        yield (
            "generator.arch span needs discriminator.arch projected, data.condition none, a data.resolution of at "
            "least 256 and doctor.samples 0, and neither loss.r1, r2, gp, recognition, likeness nor augment.policy."
        )
    if config.generator.start != "nothing" and config.generator.width < _STARTED_WIDTH:
        yield f"generator.width must be at least {_STARTED_WIDTH} to start from the weights of another network."
