"""A trained generator in use, wherever it comes from: from a seed and a condition to pixels."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError
from ganedit.models.archs.styled import StyledGenerator
from ganedit.models.card import Format, task_of
from ganedit.models.checkpoint import read_state_dict
from ganedit.models.conditions import chosen_of, one_hot
from ganedit.models.public_generators import build_public
from ganedit.models.snapshots import Snapshot, is_snapshot, read_snapshot

_AT_ONCE = 64
_HALF_WHITE = 127.5


class PictureGenerator:
    """Draws pictures; each has a seed, which gives the same one whatever is drawn with it.

    Attributes:
        z_dim: length of a latent vector.
        resolution: side of the pictures in pixels.
        condition: what it must be told: ``none``, ``class``, ``text`` or ``attributes``.
        class_names: the classes, in the order of the entries of a condition; empty if it is told none.
        attributes: the values of each attribute, in that order; empty if it is told none.
        examples: attributes of some of its training pictures, which show what goes together.
        captions: some of the words that it was trained with.
        truncates: whether ``draw`` can be told to stay near the average picture.
        remembers: it learned one picture for each name, so that seeds hardly differ.
        styles: levels, each of which can be given a style of its own; 0 if it does not draw in two steps.
        starts_from_pictures: it starts from z alone.
        bytes: size of its weights.
    """

    starts_from_pictures = False

    def __init__(self, snapshot: Snapshot) -> None:
        """Take a generator that makes pictures out of one latent vector each.

        Raises:
            BadCheckpointError: it starts from a picture.
        """
        if "z_dim" not in snapshot.config:
            tab = task_of(snapshot.arch).capitalize()
            raise BadCheckpointError(f"This snapshot changes photos and draws no new ones; use it in {tab}.")
        self._network = snapshot.generator
        self.z_dim = int(snapshot.config["z_dim"])
        self.resolution = int(snapshot.config["resolution"])
        self.remembers = bool(snapshot.config.get("memory"))
        tensors = snapshot.generator.state_dict().values()
        self.bytes = sum(tensor.nbytes for tensor in tensors) or int(getattr(snapshot.generator, "file_bytes", 0))
        self.truncates: bool = getattr(snapshot.generator, "truncates", False)
        self._styled = snapshot.generator if isinstance(snapshot.generator, StyledGenerator) else None
        self.styles = self._styled.styles if self._styled else 0
        self.condition: str = snapshot.facts.get("condition", "none")
        self.class_names: Sequence[str] = snapshot.facts.get("class_names", [])
        self.attributes: Mapping[str, Sequence[str]] = snapshot.facts.get("attributes", {})
        shown = snapshot.facts.get("examples", [])
        self.captions: Sequence[str] = shown if self.condition == "text" else []
        rows = shown if self.condition == "attributes" else []
        self.examples: Sequence[Mapping[str, Sequence[str]]] = [chosen_of(self.attributes, row) for row in rows]

    @classmethod
    def read(cls, path: Path, file_format: Format = "safetensors") -> "PictureGenerator":
        """Read a generator from a file of any kind: a snapshot, unless another format is given.

        Raises:
            BadCheckpointError: it is damaged, hostile, or holds no generator.
            WeightsUnavailableError: it needs a package that is not installed.
        """
        return cls(read_generator(path, file_format))

    def latents(self, count: int, seed: int) -> Tensor:
        """Draw (count, z_dim) float32 from a standard normal distribution, each row by a seed of its own, one up."""
        chance = torch.Generator()
        return torch.stack([torch.randn(self.z_dim, generator=chance.manual_seed(seed + i)) for i in range(count)])

    @torch.inference_mode()
    def draw(self, z: Tensor, condition: np.ndarray | None = None, truncation: float = 1.0) -> np.ndarray:
        """Turn latent vectors into pictures.

        Args:
            z: (N, z_dim) float32.
            condition: (N, entries) float32 as `ganedit.models.conditions` makes it; None if it is told nothing.
            truncation: above 0 up to 1, which changes nothing; less only if it ``truncates``.

        Returns:
            (N, resolution, resolution, 3) uint8, RGB, also of a generator that makes gray.
        """
        told = None if condition is None else torch.from_numpy(condition)
        return _pixels(self._network(z, told, truncation) if self.truncates else self._network(z, told))

    @torch.inference_mode()
    def style(self, z: Tensor, condition: np.ndarray | None = None, truncation: float = 1.0) -> Tensor:
        """Turn latent vectors into (N, styles, S) float32, the same for all levels; arguments as in ``draw``.

        Raises:
            ValueError: it does not draw in two steps.
        """
        told = None if condition is None else torch.from_numpy(condition)
        return self.steps.map(z, told, truncation)[:, None].repeat(1, self.styles, 1)

    @torch.inference_mode()
    def paint(self, style: Tensor) -> np.ndarray:
        """Turn (N, styles, S) styles into pictures as ``draw`` gives them.

        Raises:
            ValueError: it does not draw in two steps.
        """
        return _pixels(self.steps.synthesize(style))

    @property
    def steps(self) -> StyledGenerator:
        """The network, for those who look into its two steps.

        Raises:
            ValueError: it does not draw in two steps.
        """
        if self._styled is None:
            raise ValueError("This generator has no styles.")
        return self._styled

    def sample(self, count: int, seed: int = 0) -> Iterator[np.ndarray]:
        """Draw pictures of all there is to draw, with seeds from ``seed`` on: if it is told classes, each has its turn.

        Returns:
            (N, resolution, resolution, 3) uint8, RGB, N at most 64, until there are ``count``.

        Raises:
            ValueError: it must be told a text or attributes, and nobody says which.
        """
        if self.condition not in ("none", "class"):
            raise ValueError(f"It must be told {self.condition}.")
        z = self.latents(count, seed)
        classes = len(self.class_names)
        told = one_hot(np.arange(count) % classes, classes) if self.condition == "class" else None
        for start in range(0, count, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            yield self.draw(z[part], None if told is None else told[part])


def _pixels(drawn: Tensor) -> np.ndarray:
    """Turn (N, C, R, R) in about [-1, 1] into (N, R, R, 3) uint8."""
    pixels = (drawn.float().clamp(-1, 1) + 1) * _HALF_WHITE
    return pixels.round().byte().expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()


def read_generator(path: Path, file_format: Format) -> Snapshot:
    """Read a snapshot, a published checkpoint, or a file of another framework.

    Raises:
        BadCheckpointError: it is damaged, hostile, or holds no generator.
        WeightsUnavailableError: it needs a package that is not installed.
    """
    if file_format == "onnx":
        from ganedit.models.onnx_generators import read_onnx

        return read_onnx(path)
    if file_format == "keras":
        from ganedit.models.keras_generators import read_keras

        return read_keras(path)
    if is_snapshot(path):
        return read_snapshot(path)
    snapshot = build_public(read_state_dict(path, file_format), path.name)
    if snapshot is None:
        raise BadCheckpointError(f"{path.name} holds no generator that ganedit knows; train or fetch one.")
    return snapshot
