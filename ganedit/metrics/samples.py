"""Pictures of a snapshot, drawn to be measured."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from ganedit.errors import BadRequestError
from ganedit.metrics.pictures import Pictures, open_pictures
from ganedit.models.generators import PictureGenerator

SEED = 0


@contextmanager
def open_samples(snapshot: Path, count: int, on_progress: Callable[[int], None]) -> Iterator[tuple[Pictures, str]]:
    """Draw pictures by fixed seeds, its classes in turn; they are on disk until the block ends.

    Args:
        snapshot: the generator.
        count: how many.
        on_progress: told how many are drawn.

    Returns:
        The pictures, whose ``side_px`` is the generator's, and a sentence that says where they come from.

    Raises:
        BadCheckpointError: the snapshot is damaged.
        BadRequestError: its generator must be told a text or attributes.
    """
    generator = PictureGenerator.read(snapshot)
    if generator.condition not in ("none", "class"):
        raise BadRequestError(
            f"{snapshot.name} must be told {generator.condition}, which no data set gives; draw its pictures into a "
            "folder and measure that."
        )
    with tempfile.TemporaryDirectory(prefix="ganedit-samples-") as folder:
        done = 0
        for pictures in generator.sample(count, SEED):
            for pixels in pictures:
                Image.fromarray(pixels).save(Path(folder) / f"{done:05d}.png", compress_level=1)
                done += 1
            on_progress(done)
        classes = len(generator.class_names)
        share = f", its {classes} classes in equal share" if classes else ""
        side = generator.resolution
        note = (
            f"The fakes are {count} pictures drawn from {snapshot.name} with seeds from {SEED} on{share}; "
            f"the real ones are compared at their size, {side} px."
        )
        with open_pictures(Path(folder)) as drawn:
            yield replace(drawn, side_px=side), note
