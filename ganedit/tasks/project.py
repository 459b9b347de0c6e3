"""From a photo to a latent: the style with which a generator draws a given picture as closely as it can.

The search begins where the generator's own pictures look most like the photo, and from a linear encoder fitted to them
on the spot; both see through the frozen network that measures likeness too.

Source: optimization in the space of styles, Abdal et al. 2019, "Image2StyleGAN", arXiv:1904.03189; an encoder for the
start, Zhu et al. 2016, arXiv:1609.03552, section 3.2.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import BadRequestError
from ganedit.image import Picture, fill_transparent, from_tensor, to_tensor
from ganedit.models.archs.efficientnet_lite import EfficientNetLite0
from ganedit.models.features import load_efficientnet_lite0
from ganedit.models.generators import PictureGenerator
from ganedit.requests import Progress, ProjectRequest
from ganedit.tasks.fidelity import invented_heat
from ganedit.tasks.telling import examples_condition
from ganedit.tasks.tiling import reduce_to

REACH = 0.6
"""Above this share of the distance between unrelated pictures, a photo is outside of what the generator can draw.

Measured with `ganedit-avatar`: 0.01 for its own pictures, 0.03 to 0.11 for avatars that it never saw, 1.6 to 2.1 for
photos of a person, a cat and a cup.
"""

_SAMPLES = 256
_AT_ONCE = 32
_SEED = 20
_BLOCKS = (2, 4, 10)
_SEEN_PX = 128
_PIXELS = 1.0  # weight of the pixels beside the features
_RATE = 0.05
_RIDGE = 1.0
_KEEP = 0.02  # weight of staying where usual styles are: far from there a generator draws anything, even the photo
_MAX_STEPS = 1000


@dataclass(frozen=True)
class Projection:
    """What was found.

    Attributes:
        style: (levels, S) float32.
        picture: what the generator draws from it.
        error: the same size, the photo in gray and over it, from black to red to yellow, where it differs.
        reach: distance to the photo over the mean distance between two unrelated pictures of the generator; 0 is equal.
    """

    style: np.ndarray
    picture: Picture
    error: Picture
    reach: float


def project(request: ProjectRequest, generator: PictureGenerator) -> Generator[Progress, None, Projection]:
    """Search for the style of a photo's middle square.

    Raises:
        BadRequestError: the number of steps is out of range.
        ValueError: the generator has no styles.
        WeightsUnavailableError: the frozen network could be had from nowhere.
    """
    if not 1 <= request.steps <= _MAX_STEPS:
        raise BadRequestError(f"From 1 to {_MAX_STEPS} steps can be made, not {request.steps}.")
    target = _square(request.image, generator.resolution)
    eye = _Eye(load_efficientnet_lite0(), target)
    yield Progress(0, request.steps, None, "generate")
    samples = _Samples(generator, eye)
    style = samples.nearest(target)
    yield from _search(style, samples, eye, generator, request.steps)
    with torch.inference_mode():
        drawn = generator.steps.synthesize(style)
        reach = float(eye.distance(drawn)) / samples.usual
    picture = Picture(generator.paint(style)[0])
    error = invented_heat((drawn.expand(-1, 3, -1, -1) + 1) / 2, target)
    return Projection(style[0].numpy(), picture, from_tensor(error, picture), reach)


def _search(
    style: Tensor, samples: "_Samples", eye: "_Eye", generator: PictureGenerator, steps: int
) -> Generator[Progress, None, None]:
    """Improve a style (1, levels, S) in place."""
    started = time.perf_counter()
    optimizer = torch.optim.Adam([style.requires_grad_(True)], lr=_RATE)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - step / steps)
        with torch.enable_grad():
            apart = eye.distance(generator.steps.synthesize(style)).mean()
            odd = ((style - samples.center) / samples.spread).square().mean()
            optimizer.zero_grad()
            (apart + _KEEP * odd).backward()
        optimizer.step()
        each_seconds = (time.perf_counter() - started) / (step + 1)
        yield Progress(step + 1, steps, each_seconds * (steps - step - 1), "generate")
    style.requires_grad_(False)


class _Samples:
    """Pictures of the generator, and where they lie.

    Attributes:
        center, spread: (S,) mean and deviation of their styles.
        usual: mean distance of two unrelated ones.
    """

    def __init__(self, generator: PictureGenerator, eye: "_Eye") -> None:
        self._generator, self._eye = generator, eye
        styles, seen, maps = [], [], []
        for start in range(0, _SAMPLES, _AT_ONCE):
            seeds = range(_SEED + start, _SEED + start + _AT_ONCE)
            told = [examples_condition(generator, seed) for seed in seeds]
            condition = None if told[0] is None else np.concatenate([each for each in told if each is not None])
            style = generator.style(generator.latents(_AT_ONCE, seeds[0]), condition)
            with torch.inference_mode():
                maps = eye.maps(generator.steps.synthesize(style))
            styles.append(style[:, 0])
            seen.append(_means(maps))
        self._styles, self._seen = torch.cat(styles), torch.cat(seen)
        self.center, self.spread = self._styles.mean(dim=0), self._styles.std(dim=0).clamp_min(1e-3)
        self.usual = float(eye.between(maps, [each.flip(0) for each in maps]).mean())

    def nearest(self, target: Tensor) -> Tensor:
        """Give (1, levels, S) to begin with: the best sample's, or the one that the linear encoder says."""
        wanted = _means(self._eye.maps(target * 2 - 1))
        best = self._styles[(self._seen - wanted).square().sum(dim=1).argmin()]
        candidates = torch.stack([best, self._encode(wanted)[0]])[:, None].repeat(1, self._generator.styles, 1)
        with torch.inference_mode():
            apart = self._eye.distance(self._generator.steps.synthesize(candidates))
        return candidates[int(apart.argmin())][None].clone()

    def _encode(self, wanted: Tensor) -> Tensor:
        """Predict styles from what is seen, by ridge regression on the samples."""
        middle = self._seen.mean(dim=0)
        x, y = (self._seen - middle).double(), (self._styles - self.center).double()
        weights = torch.linalg.solve(x.T @ x + _RIDGE * x.var() * len(x) * torch.eye(x.shape[1]), x.T @ y)
        return ((wanted - middle).double() @ weights).float() + self.center


def _means(maps: list[Tensor]) -> Tensor:
    return torch.cat([each.mean(dim=(2, 3)) for each in maps], dim=1)


def _square(image: Picture, resolution: int) -> Tensor:
    """Give the middle square of a photo as (1, 3, R, R) float32 in [0, 1]."""
    x = to_tensor(fill_transparent(image.in_srgb()))
    side = min(x.shape[-2:])
    top, left = (x.shape[-2] - side) // 2, (x.shape[-1] - side) // 2
    square = x[:, :, top : top + side, left : left + side]
    if side < resolution:
        return F.interpolate(square, size=(resolution, resolution), mode="bicubic").clamp(0, 1)
    return reduce_to(square, resolution, resolution)


class _Eye:
    """Compares pictures with one picture, by what the frozen network sees and by their pixels."""

    def __init__(self, network: EfficientNetLite0, target: Tensor) -> None:
        self._network, self._target = network, target
        self._wanted = self.maps(target * 2 - 1)

    def distance(self, drawn: Tensor) -> Tensor:
        """Turn (N, 3, R, R) in [-1, 1] into (N,) distances to the one picture."""
        pixels = ((drawn + 1) / 2 - self._target).abs().mean(dim=(1, 2, 3))
        return self.between(self.maps(drawn), self._wanted) + _PIXELS * pixels

    def maps(self, drawn: Tensor) -> list[Tensor]:
        """Turn (N, 3, R, R) in [-1, 1] into maps of the network, of length one in each cell."""
        x = (drawn.expand(-1, 3, -1, -1) + 1) / 2
        if x.shape[-1] < _SEEN_PX:
            x = F.interpolate(x, size=(_SEEN_PX, _SEEN_PX), mode="bilinear")
        return [F.normalize(each.float(), dim=1) for each in self._network.features(x, _BLOCKS)]

    @staticmethod
    def between(a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Give (N,) mean square differences of maps, averaged over the levels."""
        return torch.stack([(x - y).square().sum(dim=1).mean(dim=(1, 2)) for x, y in zip(a, b, strict=True)]).mean(
            dim=0
        )
