"""Training of a network that repaints: it starts from photos instead of z, and D holds pictures of the styles for real.

No photo has a painted twin: what the styles look like comes from D, and what is in the picture must stay, which the
distances here measure. They are for G alone, unreduced and unweighted.

Source: Chen et al. 2018 (CartoonGAN), CVPR, section 3.2, with D and the features of Projected GANs, arXiv:2111.01007.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import BadRecipeError
from ganedit.models.archs.painter import Painter
from ganedit.models.features import load_efficientnet_lite0
from ganedit.training.config import TrainConfig
from ganedit.training.data import Dataset, to_network
from ganedit.training.discriminators import ProjectedDiscriminator
from ganedit.training.processes import Processes
from ganedit.training.reconstruction import pixel_distance
from ganedit.training.trainer import Trainer

PHOTOS = "photos"
_DRAWING = (1, 2)  # levels of the projected discriminator's network: finer ones see brushwork, the coarsest only things
_LIGHT_CELL_PX, _COLOR_CELL_PX = 8, 16
_EVEN_PX, _EVEN, _EVEN_COUNTS = 15, 0.03, 9.0  # how far around a pixel, which mean slope is even, and how much more
_LUMINANCE = (0.299, 0.587, 0.114)


def content_distance(fake: Sequence[Tensor], photo: Sequence[Tensor]) -> Tensor:
    """Measure how differently a frozen network sees what stands where in two pictures.

    Args:
        fake: the maps of all levels, the finest first, each (N, C, H, W).
        photo: the same of the photos.

    Returns:
        (N,) one minus the cosine of the features at a place, averaged over places and levels; 0 to 2.
    """
    apart = [1 - F.cosine_similarity(fake[i].float(), photo[i].float(), dim=1).flatten(1).mean(dim=1) for i in _DRAWING]
    return torch.stack(apart).mean(dim=0)


def light_distance(fake: Tensor, photo: Tensor) -> Tensor:
    """Measure (N,) how far light and shade of (N, 3, H, W) in [-1, 1] are apart, in cells of 8 px: 0 to 2."""
    light, other = (F.avg_pool2d(_luminance(each), _LIGHT_CELL_PX) for each in (fake, photo))
    return (light - other).abs().flatten(1).mean(dim=1)


def color_distance(fake: Tensor, photo: Tensor) -> Tensor:
    """Measure (N,) how far the colors of (N, 3, H, W) in [-1, 1] are apart, squared, in cells of 16 px: 0 to 4.

    So a style's palette may tint all of a picture, but hardly turn a shadow violet or a white sky yellow.
    """
    colors, other = (F.avg_pool2d(each.float(), _COLOR_CELL_PX) for each in (fake, photo))
    return (colors - other).square().flatten(1).mean(dim=1)


def edge_distance(fake: Tensor, photo: Tensor) -> Tensor:
    """Measure (N,) how far the slopes of luminance of (N, 3, H, W) in [-1, 1] are apart, from pixel to pixel.

    Where the photo is even they count up to ten times: nothing hides a pattern in a sky. Coarser slopes would let
    pass one of dots, to which a network that halves its maps at once leads.
    """
    slopes, wanted = _slopes(fake), _slopes(photo)
    busy = F.avg_pool2d(wanted.abs().mean(dim=1, keepdim=True), _EVEN_PX, 1, _EVEN_PX // 2, count_include_pad=False)
    weight = 1 + _EVEN_COUNTS * torch.exp(-busy / _EVEN)
    return (weight * (slopes - wanted).abs()).flatten(1).mean(dim=1)


def _luminance(x: Tensor) -> Tensor:
    return (x.float() * x.new_tensor(_LUMINANCE, dtype=torch.float32)[:, None, None]).sum(dim=1, keepdim=True)


def _slopes(x: Tensor) -> Tensor:
    """(N, 2, H - 1, W - 1) of (N, 3, H, W): rightwards and downwards."""
    light = _luminance(x)
    return torch.cat([light.diff(dim=-1)[..., :-1, :], light.diff(dim=-2)[..., :-1]], dim=1)


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Part a data set into the pictures of the styles and those of its sub-folder ``photos``.

    Raises:
        BadRecipeError: there is no such sub-folder, or none beside it.
    """
    if PHOTOS not in dataset.class_names or dataset.labels is None:
        raise BadRecipeError(f"A painter needs a sub-folder {PHOTOS} and others beside it, one a style.")
    number = dataset.class_names.index(PHOTOS)
    is_photo = dataset.labels == number
    styles = tuple(name for name in dataset.class_names if name != PHOTOS)
    labels = dataset.labels - (dataset.labels > number)
    return _part(dataset, ~is_photo, styles, labels), _part(dataset, is_photo, (PHOTOS,), np.zeros_like(labels))


def _part(dataset: Dataset, chosen: np.ndarray, class_names: tuple[str, ...], labels: np.ndarray) -> Dataset:
    names = tuple(name for name, is_chosen in zip(dataset.names, chosen, strict=True) if is_chosen)
    return replace(dataset, images=dataset.images[chosen], names=names, class_names=class_names, labels=labels[chosen])


class RepaintTrainer(Trainer):
    """Trains a painter; a batch is one of the styles' pictures, and G gets as many photos."""

    def __init__(self, config: TrainConfig, dataset: Dataset, processes: Processes) -> None:
        """Part the data and build everything; arguments and errors as for `Trainer`, and those of `split`."""
        styles, self._photos = split(dataset)
        self._copies = False
        super().__init__(config, styles, processes)

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        config = self.config
        judge = ProjectedDiscriminator(
            load_efficientnet_lite0(), config.data.resolution, self.c_dim, config.schedule.seed
        )
        return Painter(self.c_dim, config.generator.width), judge

    def step(self, images: Any, indices: Any, nimg: int) -> dict[str, Tensor]:
        """Train D, then G; at first G only learns to copy its photos."""
        self._copies = nimg < self.config.loss.copy_kimg * 1000
        return super().step(images, indices, nimg)

    def _latents(self, count: int) -> Tensor:
        """(count, n, 3, R, R) photos for this process."""
        batch = self.config.schedule.batch
        chosen = torch.randint(len(self._photos), (count, batch))[:, self.processes.share(batch)]
        photos = self._flipped(self._open(chosen.flatten().numpy()))
        return photos.unflatten(0, chosen.shape)

    def inputs(self, count: int) -> Tensor:
        """Give (count, 3, R, R) photos spread over all; each appears once a style."""
        styles = max(1, self.c_dim)
        shown = -(-count // styles)
        spread = np.linspace(0, len(self._photos) - 1, shown).round().astype(np.int64)
        return self._open(spread.repeat(styles)[:count])

    def _open(self, indices: np.ndarray) -> Tensor:
        return to_network(np.asarray(self._photos.images[indices]), self.processes.device)

    def _judge_against(
        self, fake: Tensor, start: Tensor, real: Tensor, condition: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        weights, judge = self.config.loss, self.discriminator
        assert isinstance(judge, ProjectedDiscriminator)
        if self._copies:
            with torch.no_grad():
                logits = judge(fake, condition).float()
            return logits, pixel_distance(fake, start)
        seen = judge.see(fake)
        with torch.no_grad():
            wanted = judge.see(start)
        apart = weights.content * content_distance(seen, wanted)
        apart = apart + weights.light * light_distance(fake, start) + weights.edges * edge_distance(fake, start)
        apart = apart + weights.colors * color_distance(fake, start)
        return judge.judge(seen, condition).float(), apart
