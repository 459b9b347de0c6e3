"""Differentiable augmentation: D sees real and fake pictures changed by the same chances, so few pictures last longer.

Each change is drawn for each picture on its own, and gradients pass through all of them, twice where a penalty asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor

from ganedit.training.config import AugmentName

POLICIES: tuple[str, ...] = get_args(AugmentName)

_BRIGHTNESS = 0.5  # at most so much is added or taken away
_SATURATION = (0.0, 2.0)
_CONTRAST = (0.5, 1.5)
_SHIFT = 1 / 8  # of the side, at most
_CUTOUT = 1 / 2  # of the side
_INTERVAL = 4  # batches between two changes of the strength, as in ADA


@dataclass(frozen=True)
class Draw:
    """What happens to each picture of one batch; a part that no policy asks for is None.

    Attributes:
        color: (3, N, 1, 1, 1) float32: what is added, saturation, contrast; 0, 1, 1 leave a picture as it is.
        source: (N, H * W) int64: the place, row after row, that each pixel comes from.
        keep: (N, 1, H, W) float32: 1 where a pixel stays, 0 where it turns to the middle gray 0.
    """

    color: Tensor | None
    source: Tensor | None
    keep: Tensor | None


class Augment:
    """Changes pictures at random before D sees them.

    Source: DiffAugment, Zhao et al. 2020, arXiv:2006.10738, for color, translation and cutout; a chance p for each
    change, Karras et al. 2020, arXiv:2006.06676, section 2.2.
    """

    def __init__(self, policy: Sequence[str]) -> None:
        """Choose what may happen.

        Args:
            policy: some of ``POLICIES``.

        Raises:
            ValueError: an unknown name.
        """
        if unknown := set(policy) - set(POLICIES):
            raise ValueError(f"There is no augmentation {sorted(unknown)}, take some of {POLICIES}.")
        self.policy = tuple(policy)

    def __call__(self, x: Tensor, p: float, rng: torch.Generator | None = None) -> Tensor:
        """Change each picture in its own way.

        Args:
            x: (N, C, H, W) in [-1, 1], float32 or bfloat16.
            p: chance of each change for each picture; at 0 ``x`` itself comes back.
            rng: where chance comes from; None for the global generator of the device of ``x``.

        Returns:
            The same shape, type and layout; brightness and contrast may leave [-1, 1].
        """
        return self.apply(x, self.draw(x, p, rng)) if self.policy and p > 0 else x

    def draw(self, x: Tensor, p: float, rng: torch.Generator | None = None) -> Draw:
        """Draw changes for pictures like ``x`` without making them, to `apply` the same to other pictures too.

        The arguments are those of calling.
        """
        dice = _Dice(len(x), p, rng, x.device)
        height, width = x.shape[2:]
        color = dice.color() if "color" in self.policy else None
        source = keep = None
        if "translation" in self.policy or "flip" in self.policy:
            columns, rows = torch.arange(width, device=x.device), torch.arange(height, device=x.device)
            columns, rows = columns.expand(len(x), -1), rows.expand(len(x), -1)
            if "flip" in self.policy:
                columns = torch.where(dice.happens(0.5), width - 1 - columns, columns)
            if "translation" in self.policy:
                columns, known_columns = _shifted(columns, dice.shift(width))
                rows, known_rows = _shifted(rows, dice.shift(height))
                keep = known_rows[:, :, None] & known_columns[:, None, :]
            source = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
        if "cutout" in self.policy:
            outside = dice.cutout(height, width)
            keep = outside if keep is None else keep & outside
        return Draw(color, source, None if keep is None else keep[:, None].float())

    def apply(self, x: Tensor, draw: Draw) -> Tensor:
        """Make the changes that `draw` drew; x is (N, C, H, W) in [-1, 1] of the size they were drawn for."""
        if draw.color is not None:
            x = _recolor(x, draw.color.to(x.dtype))
        if draw.source is not None:
            channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
            places = draw.source[:, None].expand(-1, x.shape[1], -1)
            x = x.flatten(2).gather(2, places).unflatten(2, x.shape[2:])
            x = x.contiguous(memory_format=torch.channels_last) if channels_last else x
        return x if draw.keep is None else x * draw.keep.to(x.dtype)


def _recolor(x: Tensor, color: Tensor) -> Tensor:
    """Apply brightness, then saturation, then contrast: in one formula, which is exact where nothing is to happen."""
    brightness, saturation, contrast = color
    gray = x.mean(dim=1, keepdim=True)
    mean = gray.mean(dim=(2, 3), keepdim=True)
    return x * (contrast * saturation) + (contrast * (1 - saturation) * gray + (1 - contrast) * mean + brightness)


def _shifted(places: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Move (N, L) places by (N, 1) pixels; also tell which come from inside the picture."""
    length = places.shape[1]
    wanted = torch.arange(length, device=places.device) - shift
    return places.gather(1, wanted.clamp(0, length - 1)), (wanted >= 0) & (wanted < length)


class _Dice:
    """All chance of one draw; a change happens to a picture with chance ``p``."""

    def __init__(self, count: int, p: float, rng: torch.Generator | None, device: torch.device) -> None:
        self._count, self._p, self._rng, self._device = count, p, rng, device

    def _uniform(self) -> Tensor:
        """(N, 1) float32 in [0, 1)."""
        where = self._rng.device if self._rng is not None else self._device
        return torch.rand(self._count, 1, generator=self._rng, device=where).to(self._device)

    def happens(self, share: float = 1.0) -> Tensor:
        return self._uniform() < self._p * share

    def _between(self, low: float, high: float, neutral: float) -> Tensor:
        value = low + (high - low) * self._uniform()
        return torch.where(self.happens(), value, neutral)

    def color(self) -> Tensor:
        ranges = ((-_BRIGHTNESS, _BRIGHTNESS, 0.0), (*_SATURATION, 1.0), (*_CONTRAST, 1.0))
        return torch.stack([self._between(*each) for each in ranges])[..., None, None]

    def _whole(self, below: int) -> Tensor:
        return (self._uniform() * below).long()

    def shift(self, length: int) -> Tensor:
        most = int(length * _SHIFT + 0.5)
        return torch.where(self.happens(), self._whole(2 * most + 1) - most, 0)

    def cutout(self, height: int, width: int) -> Tensor:
        """(N, H, W) bool, False in a box whose center is anywhere, so that a part of the box may be outside."""
        inside = self.happens()[:, :, None]
        for axis, length in ((1, height), (2, width)):
            side = int(length * _CUTOUT + 0.5)
            first = self._whole(length + 1 - side % 2) - side // 2
            place = torch.arange(length, device=self._device)
            inside = inside & ((place >= first) & (place < first + side)).unsqueeze(3 - axis)
        return ~inside


class AdaptiveStrength:
    """Raises the chance of augmentation while D is too sure of the real pictures, and lowers it otherwise.

    Attributes:
        p: chance of each change, 0 to 1.
        sureness: r_t, the mean sign of D's logits for real pictures, as of the last adjustment; -1 to 1, 0 at first.

    Source: ADA, Karras et al. 2020, arXiv:2006.06676, section 3.
    """

    def __init__(self, target: float = 0.6, speed_kimg: float = 500.0, p: float = 0.0) -> None:
        """Choose how it reacts.

        Args:
            target: the sureness that is wanted.
            speed_kimg: thousands of images in which ``p`` goes from 0 to 1 at the fastest.
            p: where to start.
        """
        self.target, self.speed_kimg = target, speed_kimg
        self.p, self.sureness = p, 0.0
        self._signs, self._nimg, self._batches = 0.0, 0, 0

    @torch.no_grad()
    def observe(self, real_logits: Tensor) -> None:
        """Count one batch; every fourth one moves ``p``.

        Args:
            real_logits: (N,) or (N, K), of all processes together; for a loss under which only differences of logits
                mean something, minus the middle between real and fake.
        """
        heads = real_logits.numel() // len(real_logits)
        self._signs += real_logits.sign().sum().item() / heads
        self._nimg += len(real_logits)
        self._batches += 1
        if self._batches == _INTERVAL:
            self._adjust()

    def _adjust(self) -> None:
        self.sureness = self._signs / self._nimg
        step = self._nimg / (self.speed_kimg * 1000)
        direction = (self.sureness > self.target) - (self.sureness < self.target)
        self.p = min(max(self.p + direction * step, 0.0), 1.0)
        self._signs, self._nimg, self._batches = 0.0, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on exactly, between two adjustments too."""
        return {
            "p": self.p,
            "sureness": self.sureness,
            "signs": self._signs,
            "nimg": self._nimg,
            "batches": self._batches,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; target and speed stay as this object was built with."""
        self.p, self.sureness = float(state["p"]), float(state["sureness"])
        self._signs, self._nimg, self._batches = float(state["signs"]), int(state["nimg"]), int(state["batches"])
